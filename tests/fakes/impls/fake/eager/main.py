from speaker import Honest


class Eager(Honest):
    def turn(self) -> None:
        """Waits for nobody."""


Eager().run()
