from speaker import Honest, Refused


class Unsupported(Honest):
    def prepare(self) -> None:
        raise Refused("unsupported", "no vector unit on this machine")


Unsupported().run()
