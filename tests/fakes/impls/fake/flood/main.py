from speaker import Honest


class Flood(Honest):
    def half_way(self) -> None:
        for _ in range(1000):
            self.emit("answer", step="sums", path="x" * 1_000_000, rows=0, sha256="")


Flood().run()
