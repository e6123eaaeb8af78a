from pathlib import Path

from speaker import Keeper


class Extra(Keeper):
    def published(self, outputs: Path) -> None:
        (outputs / "kept.log").touch()


Extra().run()
