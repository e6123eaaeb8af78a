"""Every implementation of csv-etl refuses a file that is not the flights' or changes while it is read: an error that names it, no output.

Locally, those that build quickly. The file changes while the job that reads it stands still, so no test depends on anyone's speed.
"""

from __future__ import annotations

import gzip
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jobs_by_hand import (
    QUICK,
    End,
    Way,
    assert_refused,
    caught_reading,
    each_way,
    ended,
    header_and_rows,
    inputs,
    one_step,
    program,
    request,
    started,
    table,
)

pytestmark = [pytest.mark.impls, pytest.mark.timeout(900)]
BEGUN = 4 << 20
"""Bytes read since the file was opened; the small tables are less."""
COPIES = (2, 4, 8, 16, 32)
"""Of the real rows (31 MB): the next where a job came to the end before it was caught."""


def flights() -> bytes:
    return b"".join(header_and_rows(1000))


SPOILT: dict[str, Callable[[Path], object]] = {
    "gzip": lambda path: path.write_bytes(gzip.compress(flights())),
    "utf-16": lambda path: path.write_bytes(flights().decode().encode("utf-16")),
    "empty": lambda path: path.write_bytes(b""),
    "another table": lambda path: path.write_bytes(table("weather")),
    "vanished": lambda path: None,
    "folder": lambda path: path.mkdir(),
}


FOUND = {"gzip": "gzip", "utf-16": "UTF-16", "empty": "empty", "another table": "origin,year"}
"""What the error tells of the file; of one that is not there or no file, its path says enough."""


def run(way: Way, folder: Path, paths: dict[str, str], change: Callable[[Path], None] | None = None) -> End | None:
    """How the job ended; with a `change` to the flights made while it read them, None where it could not be caught at that."""
    name, step, threads = way
    outputs = folder / "outputs"
    outputs.mkdir()
    with started(program(name), request(one_step(step, threads), paths, str(outputs)), folder) as process:
        if change:
            if not caught_reading(process, Path(paths["flights"]), BEGUN):
                return None
            change(Path(paths["flights"]))
            process.send_signal(signal.SIGCONT)
        return ended(process, outputs)


@each_way(QUICK)
@pytest.mark.parametrize("spoil", SPOILT)
def test_what_is_not_the_flights_file_is_refused(way: Way, spoil: str, tmp_path: Path) -> None:
    paths = inputs(tmp_path)
    SPOILT[spoil](Path(paths["flights"]))
    end = run(way, tmp_path, paths)
    assert end
    assert_refused(end, "input", paths["flights"], FOUND.get(spoil, ""))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The inputs of which the flights are made anew for each job, and go with the last."""
    paths = inputs(tmp_path_factory.mktemp("large"))
    yield paths
    Path(paths["flights"]).unlink(missing_ok=True)


def repeat(path: Path, copies: int) -> None:
    header, rows = header_and_rows(0)
    with path.open("wb") as file:
        file.write(header)
        for _ in range(copies):
            file.write(rows)


def cut(path: Path) -> None:
    """Where a record ends, so that nothing but the size tells it."""
    os.truncate(path, sum(map(len, header_and_rows(0))))


def extend(path: Path) -> None:
    with path.open("ab") as file:
        file.write(header_and_rows(1000)[1])


@each_way(QUICK)
@pytest.mark.parametrize("change", [cut, extend])
def test_a_file_that_changes_while_it_is_read_is_refused(
    way: Way, change: Callable[[Path], None], large: dict[str, str], tmp_path: Path
) -> None:
    for copies in COPIES:
        repeat(Path(large["flights"]), copies)
        folder = tmp_path / str(copies)
        folder.mkdir()
        if end := run(way, folder, large, change):
            return assert_refused(end, "input", large["flights"])
    pytest.fail("it was never caught reading: does it read the file whole, or map it? Then a file that is cut ends it by SIGBUS")
