"""The flights' plain lines as files that DuckDB can read: it takes no buffers, but any file system of the package fsspec.

Promise: one stream a thread, each a range of the file, sifted as DuckDB asks for it; nothing is spooled and little is held.
"""

from bisect import bisect_right
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy
from bench_protocol.failure import Failure
from flight_rules import COLUMNS, Lines, Odd, Range, judge, ranges, sift_range
from fsspec import AbstractFileSystem
from queries import NUMBERS

BLOCK = 1 << 18


class Stream:
    """A range of the file as an open file: its plain lines, and its odd but lawful records written plainly after those of their block.

    DuckDB must know a file's size before it reads it. The range's own is never too small, as nothing is written longer than it stood;
    what is too much is filled with empty lines, which DuckDB passes over.
    """

    closed = False

    def __init__(self, path: str, part: Range) -> None:
        self._blocks = self._sifted(path, part)
        self._rest = memoryview(b"")
        self._at = 0
        self._firsts: list[int] = []
        self._runs: list[tuple[Lines, list[int]]] = []
        self.size = part.end - part.start + 1  # a last line without LF gets one
        self.rows = 0
        self.end = 0
        """Lines of the range."""
        self.malformed: list[tuple[int, str]] = []
        """Line within the range, and reason."""
        self.failure: Failure | None = None
        """What DuckDB will report as an error of its own."""

    def read(self, count: int) -> bytes:
        """Exactly so many bytes: fewer are an error to DuckDB."""
        pieces = []
        left = count = min(count, self.size - self._at)
        while left:
            while not self._rest:
                block = self._next()
                self._rest = memoryview(b"\n" * left if block is None else block)
            pieces.append(self._rest[:left])
            self._rest = self._rest[left:]
            left -= len(pieces[-1])
        self._at += count
        return b"".join(pieces)

    def line_of(self, row: int) -> int:
        """The line of a record of the stream, both counted from 0."""
        run = bisect_right(self._firsts, row) - 1
        row -= self._firsts[run]
        lines, gaps = self._runs[run]
        return lines.of(row + bisect_right(gaps, row))

    def _next(self) -> bytes | None:
        try:
            return next(self._blocks, None)
        except Failure as failure:
            self.failure = failure
            raise

    def _sifted(self, path: str, part: Range) -> Generator[bytes, None, None]:
        for block in sift_range(path, part, BLOCK):
            lawful = [odd for odd in block.odd if odd.fields is not None]
            self.malformed += ((odd.line, odd.reason) for odd in block.odd if odd.reason is not None)
            plain, open_ended = _without_open_ended(block.plain)
            self.malformed += ((block.lines.of(row), reason) for row, reason in open_ended.items())
            self._firsts.append(self.rows)
            self._runs.append((block.lines, gaps_of(open_ended)))
            self.rows += block.rows - len(open_ended) + len(lawful)
            self.end = block.lines.end
            yield plain + _plainly(lawful)

    def seek(self, position: int, whence: int = 0) -> int:
        """DuckDB only ever asks for the place where it is."""
        assert (position, whence) == (self._at, 0)
        return position

    def tell(self) -> int:
        """Bytes given."""
        return self._at

    def seekable(self) -> bool:
        """Or so DuckDB would not ask for the size."""
        return True

    def close(self) -> None:
        """The file beneath too."""
        self._blocks.close()


class PlainStreams(AbstractFileSystem):
    """A pass's streams, as `plain://0`, `plain://1` ..."""

    protocol = "plain"
    cachable = False

    def __init__(self) -> None:
        super().__init__()
        self.streams: dict[str, Stream] = {}

    def begin(self, path: str, threads: int) -> list[Stream]:
        """A pass: the file in one range a thread. Raises `Failure("input")` for a file that is not the flights'."""
        size = Path(path).stat().st_size
        parts = ranges(path, -(-size // threads)) or [Range(size, size, size)]
        self.streams = {f"plain://{number}": Stream(path, part) for number, part in enumerate(parts)}
        return list(self.streams.values())

    def open(self, path: str, mode: str = "rb", **_: Any) -> Stream:
        """DuckDB opens each once."""
        return self.streams[path]

    def glob(self, path: str, **_: Any) -> list[str]:
        """No name here is a pattern."""
        return [path.removeprefix("plain://")]

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """DuckDB asks for the size before it reads."""
        return {"name": path, "size": self.streams[path].size, "type": "file"}


def gaps_of(taken: Iterable[int]) -> list[int]:
    """Of rows taken out, in order: how many rows stay before each. Row `n` of those that stay was row `n + bisect_right(gaps, n)`."""
    return [row - before for before, row in enumerate(taken)]


def _without_open_ended(plain: bytes) -> tuple[bytes, dict[int, str]]:
    """The lines that do not end in a comma, and why the others are malformed: DuckDB forgives one empty field too many.

    NumPy, because a search for these two bytes takes `bytes.find` as long as all that the sieve does.
    """
    content = numpy.frombuffer(plain, numpy.uint8)
    if not ((content[:-1] == ord(",")) & (content[1:] == ord("\n"))).any():
        return plain, {}
    lines = plain.split(b"\n")
    taken = {row: judge(line.decode().split(",")) for row, line in enumerate(lines) if line.endswith(b",")}
    return b"\n".join(line for row, line in enumerate(lines) if row not in taken), {row: str(reason) for row, reason in taken.items()}


def _plainly(records: list[Odd]) -> bytes:
    return "".join(",".join(_cells(record.fields)) + "\n" for record in records if record.fields).encode()


def _cells(fields: list[str]) -> Iterator[str]:
    """Quoted where they must be. Not the csv module: before Python 3.13 it leaves a CR bare, which is no CSV to DuckDB."""
    for name, text in zip(COLUMNS, fields, strict=True):
        if name in NUMBERS and text != "NA":
            yield str(int(text))
        elif any(mark in text for mark in ',"\r\n'):
            yield '"' + text.replace('"', '""') + '"'
        else:
            yield text
