"""The file as blocks of whole records, parted into plain and odd; refused where it is not the flights' or changes while it is read.

A range of the file, cut where a record surely begins, can be sifted by itself: that is how the work is shared out.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from bench_protocol.failure import Failure

from flight_rules.plain import Sifted, part
from flight_rules.records import ENDING
from flight_rules.rules import COLUMNS, LIMIT

BLOCK = 1 << 20
_MARK = b"\xef\xbb\xbf"
_HEADER = ",".join(COLUMNS).encode()
_OTHERS = {
    b"\x1f\x8b": "gzip: unpack it",
    b"\x28\xb5\x2f\xfd": "Zstandard: unpack it",
    b"PK\x03\x04": "a ZIP archive: unpack it",
    b"PAR1": "Parquet",
    b"\xff\xfe": "UTF-16: convert it to UTF-8",
    b"\xfe\xff": "UTF-16: convert it to UTF-8",
}


class Range(NamedTuple):
    """Bytes of the file from `start` to before `end`, whole records; `size` is the file's when it was cut."""

    start: int
    end: int
    size: int


def sift(path: str | os.PathLike[str], block_bytes: int = BLOCK) -> Iterator[Sifted]:
    """Every record after the header, a block at a time; at most `block_bytes` and one record are held.

    Raises `Failure("input")` for a wrong beginning, a file that vanished, or one that changes its size meanwhile.
    """
    with _opened(path) as (file, size):
        start = _after_header(file, path)
        yield from _parted(file, Range(start, size, size), path, block_bytes, 2)


def ranges(path: str | os.PathLike[str], range_bytes: int) -> list[Range]:
    """The records of the file in ranges of about so many bytes, in order.

    A cut lies behind a LF before which no quote stands within a record's reach, so no quoted record can span it. Where there are quotes
    all over, there is no such place: then a range is longer, at worst the whole file. Raises as `sift` does.
    """
    with _opened(path) as (file, size):
        start = _after_header(file, path)
        found = []
        while start < size:
            end = _cut(file, start + range_bytes, size)
            found.append(Range(start, end, size))
            start = end
        return found


def sift_range(path: str | os.PathLike[str], whole: Range, block_bytes: int = BLOCK) -> Iterator[Sifted]:
    """The records of one of the `ranges`, its lines counted from 0. Raises as `sift` does."""
    with _opened(path) as (file, size):
        if size != whole.size:
            raise _changed(path)
        yield from _parted(file, whole, path, block_bytes, 0)


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[tuple[FileIO, int]]:
    """The file and its size, which must be the same at the end."""
    try:
        with Path(path).open("rb", buffering=0) as file:  # the blocks are large enough
            size = os.fstat(file.fileno()).st_size
            yield file, size
            if os.fstat(file.fileno()).st_size != size:
                raise _changed(path)
    except OSError as error:
        raise Failure("input", f"{path}: {error.strerror or error}; make it anew with `bench data`") from error


def _changed(path: str | os.PathLike[str]) -> Failure:
    return Failure("input", f"{path} changed its size while it was read; let nothing write to it, or make it anew with `bench data`")


def _after_header(file: FileIO, path: str | os.PathLike[str]) -> int:
    head = file.read(len(_MARK) + len(_HEADER) + ENDING)
    length = (len(_MARK) if head.startswith(_MARK) else 0) + len(_HEADER)
    if head[:length].removeprefix(_MARK) == _HEADER:
        for ending in (b"\n", b"\r\n"):
            if head.startswith(ending, length):
                return length + len(ending)
        if len(head) == length:
            return length
    raise Failure("input", f"{path} {_found(head)}; it must be CSV and begin with the header of the flights (19 names with commas between)")


def _found(head: bytes) -> str:
    """What a file is that begins otherwise."""
    for mark, name in _OTHERS.items():
        if head.startswith(mark):
            return f"is {name}"
    line = head.split(b"\n", 1)[0][:80]
    return f"begins with {line.decode(errors='replace')!r}" if head else "is empty"


def _parted(file: FileIO, whole: Range, path: str | os.PathLike[str], block_bytes: int, line: int) -> Iterator[Sifted]:
    file.seek(whole.start)
    left = whole.end - whole.start
    rest = b""
    while left:
        chunk = file.read(min(block_bytes, left))
        if not chunk:
            raise _changed(path)
        left -= len(chunk)
        block, rest = _whole_lines(rest, chunk, last=not left)
        sifted, done = part(block, line, last=not left)
        rest = block[done:] + rest
        line = sifted.lines.end
        if done:
            yield sifted


def _whole_lines(rest: bytes, chunk: bytes, last: bool) -> tuple[bytes, bytes]:
    """What was left and the chunk, up to the last LF; and the begun line after it."""
    if last:
        # The last line gets a LF where it has none; where it ends in CR it gets CRLF, so that its own CR stays a part of it.
        return b"".join((rest, chunk, b"" if chunk.endswith(b"\n") else b"\r\n" if chunk.endswith(b"\r") else b"\n")), b""
    end = chunk.rfind(b"\n") + 1
    if not end:
        rest, chunk = b"", rest + chunk
        end = chunk.rfind(b"\n") + 1
    # A begun line that is too long already stays so without its end: a line of any length takes no more memory than this.
    return b"".join((rest, memoryview(chunk)[:end])), chunk[end : end + LIMIT + ENDING]


def _cut(file: FileIO, near: int, size: int) -> int:
    """The first safe cut at or after `near`, or the end of the file."""
    reach = LIMIT + ENDING
    begin = max(near - reach, 0)
    file.seek(begin)
    window = b""
    while chunk := file.read(1 << 16):
        window += chunk
        at = window.find(b"\n", near - begin - 1)
        while at >= 0:
            quote = window.rfind(b'"', max(at + 1 - reach, 0), at)
            if quote < 0:
                return min(begin + at + 1, size)
            at = window.find(b"\n", quote + reach)
        keep = max(len(window) - reach, 0)
        begin, window, near = begin + keep, window[keep:], max(near, begin + len(window))
    return size
