import sys

from speaker import Honest


class FloodErr(Honest):
    def half_way(self) -> None:
        if self.ask["answers"]:
            for _ in range(250):
                sys.stderr.write("x" * 999_999 + "\n")
            sys.stderr.write("the last line")


FloodErr().run()
