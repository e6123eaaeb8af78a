"""A block of whole lines, parted: the plain ones stay together as bytes, the odd ones are read one by one.

A line is suspected by a few searches over the whole block, each at the speed of memory; no Python runs for a plain line.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from flight_rules.records import ENDING, Odd, read
from flight_rules.rules import LIMIT

_EMPTY = re.compile(rb"\n(?=\r?\n)")  # bytes.find takes twice as long for two bytes of which the first is frequent
_LONE_CR = re.compile(rb"\r(?!\n)")
_WINDOW = 1 << 16  # bytes looked at together for one above 0x7F: little enough to stay in the cache


class Lines:
    """The file's line of each plain row of a block: runs of rows whose lines follow each other."""

    def __init__(self) -> None:
        self._rows: list[int] = []
        self._lines: list[int] = []
        self.end = 0
        """The line on which the next block begins."""

    def add(self, row: int, line: int) -> None:
        """A run begins with this row on this line."""
        self._rows.append(row)
        self._lines.append(line)

    def of(self, row: int) -> int:
        """The line of one row, both counted as the file and the block count them: from 1, and from 0."""
        run = bisect_right(self._rows, row) - 1
        return self._lines[run] + row - self._rows[run]

    def of_many(self, rows: Sequence[int]) -> list[int]:
        """The lines of some rows, in their order."""
        return [self.of(row) for row in rows]


class Sifted(NamedTuple):
    """A block: its plain lines, each ended by LF; how many they are; its other records; and where in the file the plain ones stand."""

    plain: bytes
    rows: int
    odd: list[Odd]
    lines: Lines


def part(block: bytes, line: int, last: bool) -> tuple[Sifted, int]:
    """The block parted, and how many of its bytes were: a quoted record that may go on behind it waits for the next one.

    `line` is the number of its first line; each of its lines ends in LF; behind the `last` block the file ends.
    """
    plain: list[bytes] = []
    odd: list[Odd] = []
    lines = Lines()
    done = rows = 0
    for start in sorted(_suspects(block)):
        if start < done:
            continue  # within a quoted record that began above
        if not last and len(block) - start < LIMIT + ENDING and block.find(b'"', start, block.index(b"\n", start)) >= 0:
            block = block[:start]
            break
        line, rows = _take(block[done:start], line, rows, plain, lines)
        done, record = read(block, start, line)
        odd.append(record)
        line += block.count(b"\n", start, done)
    lines.end, rows = _take(block[done:], line, rows, plain, lines)
    text = b"".join(plain)
    return Sifted(text.replace(b"\r\n", b"\n") if b"\r" in text else text, rows, odd, lines), len(block)


def _take(piece: bytes, line: int, rows: int, plain: list[bytes], lines: Lines) -> tuple[int, int]:
    """Takes a run of plain lines; returns the line and the row after it."""
    if piece:
        lines.add(rows, line)
        plain.append(piece)
    count = piece.count(b"\n")
    return line + count, rows + count


def _suspects(block: bytes) -> set[int]:
    """Where the lines begin that may not be plain: a superset, as a lawful record may be read either way."""
    starts = {block.rfind(b"\n", 0, at) + 1 for at in _odd_bytes(block)}
    starts.update(_long_lines(block))
    starts.update(_empty_lines(block))
    return starts


def _odd_bytes(block: bytes) -> Iterator[int]:
    yield from _every(block, b'"')
    yield from _every(block, b"\0")
    if b"\r" in block and block.count(b"\r") != block.count(b"\r\n"):
        yield from (found.start() for found in _LONE_CR.finditer(block))
    if not block.isascii():
        yield from _above_ascii(block)


def _every(block: bytes, needle: bytes) -> Iterator[int]:
    """One place a line that has it: the search goes on with the next line."""
    at = block.find(needle)
    while at >= 0:
        yield at
        at = block.find(needle, block.index(b"\n", at))


def _above_ascii(block: bytes) -> Iterator[int]:
    """The codec says where the first such byte is, the only search for a class of bytes that is as fast as one for a single byte."""
    for base in range(0, len(block), _WINDOW):
        window = block[base : base + _WINDOW]
        while not window.isascii():
            try:
                window.decode("ascii")
            except UnicodeDecodeError as error:
                at = base + error.start
                yield at
                after = block.index(b"\n", at)
                window, base = block[after : max(after, base + len(window))], after  # noqa: PLW2901 - the rest of this window


def _long_lines(block: bytes) -> Iterator[int]:
    """Jumps from line end to line end, as far as the limit allows: a jump of forty lines costs as much as one of one."""
    start = 0
    while start < len(block):
        end = block.rfind(b"\n", start, start + LIMIT + 1)
        if end < 0:
            yield start
            end = block.index(b"\n", start)
        start = end + 1


def _empty_lines(block: bytes) -> Iterator[int]:
    if block.startswith((b"\n", b"\r\n")):
        yield 0
    yield from (found.end() for found in _EMPTY.finditer(block))
