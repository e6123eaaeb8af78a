"""The records of a flights file as a source of Polars' streaming engine: every malformed one is put aside with its line and reason.

`sift` takes out what a CSV parser could misread. Polars reads the rest, typed and tolerant: one row a line, null where a value cannot
be read. Where it takes what the rules forbid (blanks, a plus, ten digits) or has no place for it (a comma too many), the line is longer
than its values written plainly, so the length of a block tells whether there is any such line. A doubtful row gets a second look by
`judge`, which alone decides.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from time import monotonic_ns
from typing import Any

import polars as pl
from flight_rules import COLUMNS, Sifted, judge, sift
from polars import col
from polars.io.plugins import register_io_source

TEXTS = ("carrier", "tailnum", "origin", "dest", "time_hour")
NEEDED = ("dep_time", "arr_time", "dep_delay", "arr_delay", "air_time")
# As narrow as real flights allow, which keeps the checks cheap; the second look reads a lawful number beyond that.
TINY = ("month", "day", "hour", "minute")
SMALL = ("year", "sched_dep_time", "sched_arr_time", "flight", "distance")
BLOCK_BYTES = 4 << 20
STRIDE = 512

INSTANT = "%Y-%m-%dT%H:%M:%SZ"
# What the format above takes beyond this: blanks, a plus, one digit for two, second 60, other years.
STRICT_INSTANT = "^(19[7-9][0-9]|2[01][0-9]{2}|22[0-5][0-9]|226[01])-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-5][0-9]:[0-5][0-9]Z$"
TIME = col("time_hour").str.to_datetime(INSTANT, time_unit="ms", time_zone="UTC", strict=False).alias("time")


def _number(name: str) -> pl.Expr:
    return col(f"{name} as number")


# Read as text, or `NA` could not be told from nonsense; the cast costs less than a second look at each row with a null.
NUMBERS = [col(name).cast(pl.Int32, strict=False).alias(f"{name} as number") for name in NEEDED]
LAWFUL = pl.all_horizontal(
    col(*TINY, *SMALL, "carrier", "tailnum", "origin", "dest", "time").is_not_null(),
    col("more").is_null(),
    *((_number(name).is_not_null() & (col(name).str.len_bytes() <= 9)) | (col(name) == "NA") for name in NEEDED),
).fill_null(value=False)
COMPLETE = pl.all_horizontal("lawful", *(_number(name).is_not_null() for name in NEEDED))
KEPT = COMPLETE & (_number("air_time") > 0) & (col("distance") >= 500)

# A row's least bytes: one a digit, one a comma or LF.
DIGITS = [col(name) >= 10**n for names, most in ((TINY, 3), (SMALL, 5)) for name in names for n in range(1, most)]
TEXT_BYTES = [col(name).str.len_bytes() for name in TEXTS + NEEDED]
LEAST = len(COLUMNS) + len(TINY) + len(SMALL)
ROW_BYTES = pl.sum_horizontal(*TEXT_BYTES, *DIGITS) + LEAST
BYTES = pl.sum_horizontal(*(part.sum() for part in TEXT_BYTES + DIGITS)) + LEAST * pl.len()

COLUMN: dict[str, pl.Expr] = (
    {name: col(name).cast(pl.Int32) for name in TINY + SMALL}
    | {name: _number(name).alias(name) for name in NEEDED}
    | {name: col(name) for name in (*TEXTS, "time")}
    | {"tailnum": pl.when(col("tailnum") != "NA").then(col("tailnum"))}
)
SCHEMA: dict[str, Any] = dict.fromkeys(COLUMNS, pl.Int32) | dict.fromkeys(TEXTS, pl.String) | {"time": pl.Datetime("ms", "UTC")}


class Records:
    """One pass over the file; the counts, rejects and times are whole when the query that reads `kept` has ended."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.read = self.clean = self.dropped = self.kept = 0
        self.rejects: list[tuple[int, str]] = []
        self.read_ns = self.parse_ns = 0
        self.failure: Exception | None = None
        """What broke the pass: the engine tells of it in words of its own."""

    def query(self) -> pl.LazyFrame:
        """The rows that pass the filter, with `time`: the engine pulls them block by block."""
        return register_io_source(self._source, schema=SCHEMA)

    def tally(self) -> dict[str, int | float]:
        """What the records came to, as the spec names it."""
        lines = [line for line, _ in self.rejects]
        counts = {"read": self.read, "clean": self.clean, "dropped": self.dropped, "kept": self.kept}
        return {**counts, "rejected": len(lines), "reject_lines": sum(lines)}

    def _source(self, names: list[str] | None, predicate: pl.Expr | None, *_: int | None) -> Iterator[pl.DataFrame]:
        columns = [COLUMN[name] for name in names or SCHEMA]
        try:
            for frame in self._frames():
                lawful, clean = frame.select("lawful", COMPLETE.alias("clean")).sum().row(0)
                self.clean += clean
                self.dropped += lawful - clean
                rows = frame.lazy().filter(KEPT).select(columns).collect()
                self.kept += rows.height
                yield rows if predicate is None else rows.filter(predicate)
        except Exception as error:
            self.failure = error
            raise

    def _frames(self) -> Iterator[pl.DataFrame]:
        start = monotonic_ns()
        for block in sift(self._path, BLOCK_BYTES):
            sifted = monotonic_ns()
            self.read_ns += sifted - start
            self.read += block.rows + len(block.odd)
            self.rejects += [(odd.line, odd.reason) for odd in block.odd if odd.reason]
            fields = [odd.fields for odd in block.odd if odd.fields]
            frames = [self._plain(block, fields)] if block.rows else []
            frames += [_from_fields(fields)] if fields else []
            self.parse_ns += monotonic_ns() - sifted
            yield from frames
            start = monotonic_ns()

    def _plain(self, block: Sifted, fields: list[list[str]]) -> pl.DataFrame:
        """The plain rows, `lawful` where they are beyond doubt; those that the second look finds lawful join the `fields`."""
        frame = _tolerant(block.plain)
        doubtful = _doubtful(frame, block)
        rows = doubtful.arg_true().to_list()
        for row, line in zip(rows, _lines(block, rows), strict=True):
            values = line.decode("ascii").split(",")
            if reason := judge(values):
                self.rejects.append((block.lines.of(row), reason))
            else:
                fields.append(values)
        return frame.with_columns(lawful=~doubtful)


def _tolerant(plain: bytes) -> pl.DataFrame:
    schema = dict.fromkeys(COLUMNS, pl.String) | dict.fromkeys(TINY, pl.UInt8) | dict.fromkeys(SMALL, pl.UInt16) | {"more": pl.String}
    rows = pl.scan_csv(
        plain, schema=schema, has_header=False, quote_char=None, null_values=dict.fromkeys(("carrier", "origin", "dest"), "NA"),
        ignore_errors=True, missing_columns="insert", extra_columns="ignore",
    )  # fmt: skip
    return rows.with_columns(*NUMBERS, TIME).with_columns(lawful=LAWFUL).collect(engine="streaming")


def _doubtful(frame: pl.DataFrame, block: Sifted) -> pl.Series:
    """False for each row that is lawful beyond doubt."""
    doubtful = ~frame.get_column("lawful")
    times = frame.get_column("time_hour").unique()
    if (wrong := times.filter(~times.str.contains(STRICT_INSTANT))).len():
        doubtful |= frame.get_column("time_hour").is_in(wrong.implode()).fill_null(value=True)
    if b"+" in block.plain:
        doubtful |= frame.select(pl.any_horizontal(col(*NEEDED).str.starts_with("+")).fill_null(value=True)).to_series()
    rows = doubtful.arg_true()
    lengths = [len(line) + 1 for line in _lines(block, rows.to_list())]
    if frame.select(BYTES).item() - frame[rows].select(BYTES).item() + sum(lengths) == len(block.plain):
        return doubtful
    widths = frame.select(ROW_BYTES.cast(pl.Int64)).to_series().scatter(rows, lengths)
    return doubtful.scatter(list(_longer(widths, block)), values=True)


def _longer(widths: pl.Series, block: Sifted) -> Iterator[int]:
    """The rows whose lines are longer than their values; only where some lines together are longer is each of them looked at."""
    starts = range(0, block.rows, STRIDE)
    for row, (begin, end) in zip(starts, pairwise([*_offsets(block, starts), len(block.plain)]), strict=True):
        some = widths[row : row + STRIDE]
        if some.sum() != end - begin:
            lines = zip(some, block.plain[begin:end].splitlines(keepends=True), strict=True)
            yield from (row + n for n, (width, line) in enumerate(lines) if width != len(line))


def _lines(block: Sifted, rows: Iterable[int]) -> Iterator[bytes]:
    """The text of some rows."""
    return (block.plain[at : block.plain.index(b"\n", at)] for at in _offsets(block, rows))


def _offsets(block: Sifted, rows: Iterable[int]) -> Iterator[int]:
    """Where some rows begin, in their order: a leap to about the place, then line by line. To split the block would take longer."""
    plain, mean = block.plain, len(block.plain) / block.rows
    at = row = 0
    for wanted in rows:
        there = plain.rfind(b"\n", at, at + int((wanted - row) * mean)) + 1 or at
        row += plain.count(b"\n", at, there)
        at = there
        while row < wanted:
            at, row = plain.index(b"\n", at) + 1, row + 1
        while row > wanted:
            at, row = plain.rfind(b"\n", 0, at - 1) + 1, row - 1
        yield at


def _from_fields(fields: list[list[str]]) -> pl.DataFrame:
    """Lawful records that a block's other rows have no types for, in columns of the same names."""
    texts = pl.DataFrame(fields, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")
    return texts.with_columns(col(*TINY, *SMALL).cast(pl.Int32), *NUMBERS, TIME, lawful=pl.lit(value=True))
