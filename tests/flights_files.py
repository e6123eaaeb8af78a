"""Flights files for the tests of csv-etl: rows, files made of scraps of rows, and what the oracle says of them."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from workload_scripts import load

ORACLE = load("csv-etl", "oracle")
NASTY = load("csv-etl", "nasty")
# The oracle's own copies: a module that is loaded anew would have other classes.
RECORDS, RULES = ORACLE.records.__globals__, ORACLE.quick.__globals__
HEADER: bytes = RECORDS["HEADER"]
COLUMNS: tuple[str, ...] = RECORDS["COLUMNS"]
BOM = b"\xef\xbb\xbf"
ROW = b"2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z"

Verdict = tuple[int, str | None]


def row(**changes: bytes) -> bytes:
    fields = dict(zip(COLUMNS, ROW.split(b","), strict=True)) | changes
    return b",".join(fields.values())


def sized(length: int, **changes: bytes) -> bytes:
    """A row of so many bytes, all but its tailnum as given; `*` in that stands for the filling."""
    shape = changes.pop("tailnum", b"*")
    room = length - len(row(tailnum=shape, **changes)) + 1
    return row(tailnum=shape.replace(b"*", b"N" * room), **changes)


def records(content: bytes) -> list[Any]:
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(content)
        return list(ORACLE.records(Path(file.name)))


def verdicts(body: bytes, begin: bytes = HEADER + b"\n") -> list[Verdict]:
    return [(record.line, RULES["judge"](record)[0]) for record in records(begin + body)]


SCRAPS = [
    *(ROW, ROW + b"\n", ROW + b"\r\n", row(dep_time=b"NA") + b"\n", row(time_hour=b"")),
    *(b"\n", b"\r\n", b"\r", b",", b'"', b'""', b'",', b',"', b'"\n', b"NA", b"N", b"5", b"\0", b"\xff", b"\xc3\xa9"),
    *(row(tailnum=b'"a'), row(tailnum=b'"a\nb"') + b"\n", b"x" * 1365, b"N" * 4096, sized(4096)),
]  # fmt: skip
BODIES = st.lists(st.sampled_from(SCRAPS), max_size=24).map(b"".join) | st.integers(0, 3000).map(NASTY.nasty).filter(
    lambda content: content.startswith(HEADER + b"\n")
).map(lambda content: content[len(HEADER) + 1 :])
