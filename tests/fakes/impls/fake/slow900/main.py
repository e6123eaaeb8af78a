from speaker import Honest


class Slow900(Honest):
    def loops(self) -> int:
        return super().loops() * 10


Slow900().run()
