import os

from speaker import Keeper


class Half(Keeper):
    def half_written(self) -> None:
        os._exit(3)


Half().run()
