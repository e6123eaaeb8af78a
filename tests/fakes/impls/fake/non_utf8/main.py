from speaker import Honest


class NonUtf8(Honest):
    def half_way(self) -> None:
        self.write('{"event": "error", "kind": "input", "message": "größer"}\n'.encode("latin-1"))


NonUtf8().run()
