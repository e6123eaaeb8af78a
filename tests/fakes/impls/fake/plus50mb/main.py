from speaker import Honest


class Plus50MB(Honest):
    def prepare(self) -> None:
        self.held = bytearray(b"\1") * 50_000_000


Plus50MB().run()
