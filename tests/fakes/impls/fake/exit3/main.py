import sys

from speaker import Honest


class Exit3(Honest):
    def half_way(self) -> None:
        sys.exit(3)


Exit3().run()
