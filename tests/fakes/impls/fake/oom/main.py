from speaker import Honest


class OutOfMemory(Honest):
    def half_way(self) -> None:
        self.held = [bytearray(b"\1") * (4 << 20) for _ in range(512)]


OutOfMemory().run()
