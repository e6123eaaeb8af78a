"""The files that a step writes: a pass works in `<outputs>/.part`, and only what a whole pass left there moves up into `<outputs>`.

So a step writes plainly and cares for nothing else, and whoever reads `<outputs>` never sees half a file or an earlier pass's.
All of this happens outside the clock.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench_protocol.failure import Failure

WORKING = ".part"


class Outputs:
    """The request's `outputs`; one that is null writes nothing and keeps nothing."""

    def __init__(self, folder: Path | None) -> None:
        if folder is not None and not folder.is_dir():
            raise Failure("input", f"the request's outputs is not a folder: {folder}; make it first")
        self._folder = folder
        self.working = folder / WORKING if folder else None
        self.written = 0  # files of the last pass

    @contextmanager
    def of_pass(self, step: str) -> Iterator[None]:
        """An empty working folder for one pass; its files are kept where the pass succeeds."""
        self._prepare(step)
        try:
            yield
        except BaseException:
            self.discard()
            raise
        self._publish()

    def discard(self) -> None:
        """Nothing stays in the working folder, nor the folder itself."""
        if self.working:
            shutil.rmtree(self.working, ignore_errors=True)

    def _prepare(self, step: str) -> None:
        """The pass before goes too: its dirty pages are not written back on this pass's time."""
        if self._folder and self.working:
            self.discard()
            for old in self._folder.glob(f"{step}.*"):
                old.unlink()
            self.working.mkdir()
            self.working.chmod(0o777)  # who removes what a killed job leaves may be another user

    def _publish(self) -> None:
        files = list(self.working.iterdir()) if self._folder and self.working else []
        for file in files:
            file.rename(file.parent.parent / file.name)
        self.written = len(files)
        self.discard()
