from pathlib import Path

from speaker import Keeper


class Link(Keeper):
    def published(self, outputs: Path) -> None:
        (outputs / "kept.csv").unlink()
        (outputs / "kept.csv").symlink_to(self.ask["inputs"]["table"])


Link().run()
