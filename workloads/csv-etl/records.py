"""Cuts a flights file into records, by the letter of workload.toml: every byte after the header's line belongs to exactly one.

A line without a double quote is a record, and its fields are what lies between its commas. Any other is read byte by byte
by `quoted`; where that reading fails, the line alone is the record. Memory is bounded by 4,096 bytes a record:
of a longer line only the beginning is kept.
"""

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from request import Mistake

LIMIT = 4096
WINDOW = LIMIT + 2
"""A record of LIMIT bytes and its CRLF."""
COMMA, QUOTE, CR, LF = b',"\r\n'

HEADER = (
    b"year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,"
    b"carrier,flight,tailnum,origin,dest,air_time,distance,hour,minute,time_hour"
)
COLUMNS = tuple(HEADER.decode().split(","))
BOM = b"\xef\xbb\xbf"


class Record(NamedTuple):
    """The line it begins on, its bytes without the ending (of more than LIMIT only some), its fields unless its quotes
    could not be read, and its size in the file with the ending.
    """

    line: int
    content: bytes
    fields: list[bytes] | None
    size: int


class Line(NamedTuple):
    """A line of the file, or the first bytes of an overlong one."""

    kept: bytes
    size: int


def records(path: Path) -> Iterator[Record]:
    """The file's records in order. Mistake for a beginning other than the header."""
    with path.open("rb") as file:
        ahead: deque[Line] = deque()
        lines = _lines(file)
        first = next(lines, Line(b"", 0))
        if without_ending(first.kept).removeprefix(BOM) != HEADER:
            raise Mistake(f"{path} does not begin with the header of flights; give a CSV file with the columns {HEADER.decode()}")
        number = 2
        while line := ahead.popleft() if ahead else next(lines, None):
            if b'"' not in line.kept:
                yield Record(number, content := without_ending(line.kept), unquoted(content), line.size)
            elif read := quoted(window := _window(line, ahead, lines)):
                fields, length, size = read
                yield Record(number, window[:length], fields, size)
                for _ in range(window.count(b"\n", 0, size - 1)):
                    ahead.popleft()
                    number += 1
            else:
                yield Record(number, without_ending(line.kept), None, line.size)
            number += 1


def _lines(file: BinaryIO) -> Iterator[Line]:
    while kept := file.readline(WINDOW + 1):
        size = len(kept)
        while not kept.endswith(b"\n") and (more := file.readline(1 << 16)):
            size += len(more)
            if more.endswith(b"\n"):
                break
        yield Line(kept, size)


def _window(line: Line, ahead: deque[Line], lines: Iterator[Line]) -> bytes:
    """What the file holds from the beginning of `line`, as far as one record can reach."""
    parts, length = [line.kept], line.size
    for later in ahead:
        if length >= WINDOW:
            break
        parts.append(later.kept)
        length += later.size
    while length < WINDOW and (more := next(lines, None)):
        ahead.append(more)
        parts.append(more.kept)
        length += more.size
    return b"".join(parts)[:WINDOW]


def without_ending(line: bytes) -> bytes:
    """A CR belongs to the ending only before LF."""
    return line[:-2] if line.endswith(b"\r\n") else line.removesuffix(b"\n")


def unquoted(content: bytes) -> list[bytes] | None:
    """The fields of a record without double quotes, or None where one holds a CR."""
    return None if b"\r" in content else content.split(b",")


def quoted(window: bytes) -> tuple[list[bytes], int, int] | None:
    """Reads a record at the window's beginning as RFC 4180 has it: its fields, its length without and with the ending.

    None where that fails, or does not come to an end within LIMIT bytes. The window ends where the file ends,
    or more than LIMIT bytes on.
    """
    fields: list[bytes] = []
    at = 0
    while True:
        value, at = _quoted_field(window, at + 1) if window[at : at + 1] == b'"' else _plain_field(window, at)
        if value is None:
            return None
        fields.append(value)
        if window[at : at + 1] != b",":
            break
        at += 1
    rest = window[at : at + 2]
    ending = 0 if not rest else 1 if rest[:1] == b"\n" else 2 if rest == b"\r\n" else None
    return None if ending is None or at > LIMIT else (fields, at, at + ending)


def _quoted_field(window: bytes, at: int) -> tuple[bytes | None, int]:
    """The field whose opening quote lies before `at`, and where it ends; None where it is not closed."""
    value = bytearray()
    while at < len(window):
        if window[at] != QUOTE:
            value.append(window[at])
            at += 1
        elif window[at + 1 : at + 2] == b'"':
            value.append(QUOTE)
            at += 2
        else:
            return bytes(value), at + 1
    return None, at


def _plain_field(window: bytes, at: int) -> tuple[bytes | None, int]:
    """The unquoted field that begins at `at`, and where it ends; None where it holds a quote. A CR ends it, lawfully or not."""
    start = at
    while at < len(window) and window[at] not in (COMMA, CR, LF):
        if window[at] == QUOTE:
            return None, at
        at += 1
    return window[start:at], at
