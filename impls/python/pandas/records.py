"""The records of a flights file, block by block: the kept rows as a table, every malformed record with its line and reason.

`sift` takes out what a CSV parser could misread. pandas' reader gives the rest as categories, so that each distinct text of a block is
judged and converted once, by the exact rules. A typed read takes about half the time, but stops at the first number that it cannot
read, and takes blanks, a plus and ten digits for one.
"""

import csv
import io
from collections.abc import Iterator
from functools import lru_cache
from time import monotonic_ns
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from flight_rules import COLUMNS, MAYBE_MISSING, TEXTS, Sifted, judge, sift
from flight_rules.rules import is_instant, is_whole
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

NEEDED = tuple(name for name in MAYBE_MISSING if name not in TEXTS)
MORE = "more"
HEADER = ",".join([*COLUMNS, MORE]).encode() + b"\n"
INSTANT = "%Y-%m-%dT%H:%M:%SZ"
EPOCH = "1970-01-01T00:00:00Z"
BLOCK_BYTES = 32 << 20
LF, COMMA = b"\n,"


class Records:
    """One pass over the file; the counts, rejects and times are whole when `kept` has ended."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.read = self.clean = self.dropped = self.kept = 0
        self.rejects: list[tuple[int, str]] = []
        self.read_ns = self.parse_ns = 0

    def tally(self) -> dict[str, int | float]:
        """What the records came to, as the spec names it."""
        lines = [line for line, _ in self.rejects]
        counts = {"read": self.read, "clean": self.clean, "dropped": self.dropped, "kept": self.kept}
        return {**counts, "rejected": len(lines), "reject_lines": sum(lines)}

    def tables(self) -> Iterator[pd.DataFrame]:
        """The rows that pass the filter, block by block: texts as categories, whole numbers as int64, and `time`."""
        start = monotonic_ns()
        for block in sift(self._path, BLOCK_BYTES):
            sifted = monotonic_ns()
            self.read_ns += sifted - start
            self.read += block.rows + len(block.odd)
            self.rejects += [(odd.line, odd.reason) for odd in block.odd if odd.reason]
            tables = [self._plain(block)] if block.rows else []
            if fields := [odd.fields for odd in block.odd if odd.fields]:
                texts = pd.DataFrame(fields, columns=list(COLUMNS), dtype="category")
                tables.append(self._filtered(texts, np.ones(len(texts), np.bool_)))
            self.parse_ns += monotonic_ns() - sifted
            yield from tables
            start = monotonic_ns()

    def _plain(self, block: Sifted) -> pd.DataFrame:
        # The header is read as a row: it gives each column a text that is no number, or the reader would make numbers of a column's
        # texts where it can (and 7 of 007), and the table its width, or lines that are too long would stop it.
        texts = pd.read_csv(
            io.BytesIO(HEADER + block.plain), header=None, names=[*COLUMNS, MORE], usecols=range(len(COLUMNS) + 1), dtype="category",
            na_filter=False, quoting=csv.QUOTE_NONE, skip_blank_lines=False, low_memory=False,
        ).iloc[1:]  # fmt: skip
        lawful = by_row(texts[MORE], texts[MORE].cat.categories == "")
        for name in COLUMNS:
            lawful &= by_row(texts[name], [_is_lawful(name, text) for text in texts[name].cat.categories])
        ends = np.flatnonzero(np.frombuffer(block.plain, np.uint8) == LF)
        lawful &= np.frombuffer(block.plain, np.uint8)[ends - 1] != COMMA  # one field too many, and that empty
        for row in np.flatnonzero(~lawful).tolist():
            line = block.plain[ends[row - 1] + 1 if row else 0 : ends[row]]
            reason = judge(line.decode("ascii").split(","))
            assert reason is not None  # the same rules, field by field
            self.rejects.append((block.lines.of(row), reason))
        return self._filtered(texts, lawful)

    def _filtered(self, texts: pd.DataFrame, lawful: Array) -> pd.DataFrame:
        """The lawful rows that miss nothing that is needed and pass the filter, with their types."""
        complete = lawful.copy()
        for name in NEEDED:
            complete &= by_row(texts[name], texts[name].cat.categories != "NA")
        kept = complete & (_whole(texts["air_time"]) > 0) & (_whole(texts["distance"]) >= 500)
        self.clean += int(complete.sum())
        self.dropped += int(lawful.sum() - complete.sum())
        self.kept += int(kept.sum())
        rows = texts[list(COLUMNS)][kept]
        numbers = {name: _whole(rows[name]) for name in COLUMNS if name not in TEXTS and name != "time_hour"}
        tailnum = rows["tailnum"]
        if "NA" in tailnum.cat.categories:
            tailnum = tailnum.cat.remove_categories("NA")
        return rows.assign(**numbers, tailnum=tailnum)


def instants(time_hour: "pd.Series[Any]") -> pd.DatetimeIndex:
    """Those of the distinct texts; the epoch for one that no lawful row has."""
    texts = [text if is_instant(text) else EPOCH for text in time_hour.cat.categories]
    return pd.to_datetime(texts, format=INSTANT, utc=True).as_unit("ms")


def by_row(column: "pd.Series[Any]", by_text: Any) -> Array:
    """What is known of each distinct text, for each row."""
    return np.asarray(by_text)[column.cat.codes.to_numpy()]


def _whole(column: "pd.Series[Any]") -> Array:
    """The numbers; 0 where there is none."""
    return by_row(column, np.array([_number(text) for text in column.cat.categories], np.int64))


@lru_cache(1 << 16)
def _number(text: str) -> int:
    return int(text) if is_whole(text) else 0


@lru_cache(1 << 18)
def _is_lawful(name: str, text: str) -> bool:
    if name == "time_hour":
        return is_instant(text)
    if text == "NA":
        return name in MAYBE_MISSING
    return text != "" if name in TEXTS else is_whole(text)
