from speaker import Honest


class Busy(Honest):
    def half_way(self) -> None:
        while True:
            pass


Busy().run()
