from speaker import Honest


class Slow100(Honest):
    def loops(self) -> int:
        return super().loops() * 2


Slow100().run()
