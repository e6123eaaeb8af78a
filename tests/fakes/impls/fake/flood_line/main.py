from speaker import Honest


class FloodLine(Honest):
    def half_way(self) -> None:
        for _ in range(1000):
            self.write(b"x" * 1_000_000)


FloodLine().run()
