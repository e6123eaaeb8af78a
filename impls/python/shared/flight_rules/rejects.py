"""The table of malformed records: line and reason, as CSV."""

from collections.abc import Iterable
from pathlib import Path


def write_rejects(path: Path, rejects: Iterable[tuple[int, str]]) -> None:
    """Raises OSError, also for what shows only when the file is closed."""
    with path.open("w", encoding="ascii", newline="") as file:
        file.write("line,reason\n")
        file.writelines(f"{line},{reason}\n" for line, reason in rejects)
