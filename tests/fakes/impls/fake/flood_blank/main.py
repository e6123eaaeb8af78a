from speaker import Honest


class FloodBlank(Honest):
    def write(self, data: bytes) -> None:
        super().write(b" " * 8_000_000 * bool(self.ask) + data)


FloodBlank().run()
