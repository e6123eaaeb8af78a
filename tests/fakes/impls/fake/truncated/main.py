import sys

from speaker import Honest


class Truncated(Honest):
    def half_way(self) -> None:
        self.write(b'{"event": "sample", "index": 3, "st')
        sys.exit(0)


Truncated().run()
