from speaker import Honest


class Slow5(Honest):
    def loops(self) -> int:
        return super().loops() * 105 // 100


Slow5().run()
