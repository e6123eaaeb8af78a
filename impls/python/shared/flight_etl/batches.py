"""Columns of lawful rows, made of one sifted block at a time by functions of C that go over a whole column.

A block is cut once, with a byte 0, which no plain line holds, in place of each line's end: where every twentieth cell is that byte,
every line has 19 fields. A split a line costs a quarter more, and the csv module twice as much.
"""

from collections.abc import Sequence
from itertools import repeat
from typing import Any, Generic, NamedTuple, TypeVar

from flight_rules import COLUMNS, MAYBE_MISSING, TEXTS, Sifted
from flight_rules.rules import is_whole

from flight_etl.lookups import MOST, Hours, MaybeWholes, Memo, Wholes

Value = TypeVar("Value")
Reject = tuple[int, str]
Bad = dict[int, str]
NUMBERS = ("dep_time", "arr_time", "dep_delay", "arr_delay", "air_time", "distance")
"""The columns that are worked with as numbers; the others are only checked. A row is dropped where one of the first five is missing."""
_CHECKED = tuple(name for name in COLUMNS[:-1] if name not in NUMBERS and name not in TEXTS)
_STRIDE = len(COLUMNS) + 1


class Batch(NamedTuple, Generic[Value]):
    """The lawful rows of a block, a list a column; the last `odd` rows come from records that were not plain, and may need quotes."""

    texts: dict[str, list[str]]
    numbers: list[list[Any]]
    """Of `NUMBERS`, in that order; None where missing."""
    hours: list[Value]
    odd: int
    rejects: list[Reject]


class Batches(Generic[Value]):
    """One worker's way from blocks to batches, with what it remembers of the texts that it has seen."""

    def __init__(self, hours: Hours[Value]) -> None:
        self._hours = hours
        self._known: set[str] = set()
        maybe, always = MaybeWholes(), Wholes()
        self._wholes = {name: maybe if name in MAYBE_MISSING else always for name in NUMBERS}

    def batch(self, block: Sifted) -> Batch[Value]:
        """The block's lawful rows, and its rejects with their lines."""
        cells, rows, rejects = _cut(block)
        lawful = [record.fields for record in block.odd if record.fields is not None]
        rejects += [(record.line, record.reason) for record in block.odd if record.reason is not None]
        for column, *more in zip(cells, *lawful, strict=True):
            column.extend(more)
        texts = dict(zip(COLUMNS, cells, strict=True))
        bad: Bad = {}
        numbers: list[list[Any]] = [_values(self._wholes[name], texts[name], "value", bad) for name in NUMBERS]
        self._check(texts, bad)
        hours: list[Any] = _values(self._hours, texts["time_hour"], "time", bad)
        if bad:
            rejects += [(block.lines.of(rows[row]), reason) for row, reason in bad.items()]
            _delete(bad, [*texts.values(), *numbers, hours])
        return Batch(texts, numbers, hours, len(lawful), rejects)

    def _check(self, texts: dict[str, list[str]], bad: Bad) -> None:
        if len(self._known) > MOST:
            self._known = set()
        for name in _CHECKED:
            if not self._known.issuperset(texts[name]):
                self._known.update(filter(is_whole, set(texts[name]) - self._known))
                bad.update((row, "value") for row, text in enumerate(texts[name]) if text not in self._known)
        for name in TEXTS:
            unlawful = ("",) if name in MAYBE_MISSING else ("", "NA")
            if any(text in texts[name] for text in unlawful):
                bad.update((row, "value") for row, text in enumerate(texts[name]) if text in unlawful)


def _values(memo: Memo[Value], column: list[str], reason: str, bad: Bad) -> list[Value | None]:
    memo.trim()
    values = list(map(memo.__getitem__, column))
    if memo.faults:
        memo.faults = 0
        for row, text in enumerate(column):
            if text not in memo:
                bad.setdefault(row, reason)  # `value` is looked for before `time`, and goes before it
    return values


def _cut(block: Sifted) -> tuple[list[list[str]], Sequence[int], list[Reject]]:
    """The columns of the lines with 19 fields, which rows of the block these are, and the rejects."""
    columns = _columns(block.plain.decode("ascii"), block.rows)
    if columns:
        return columns, range(block.rows), []
    lines = block.plain.decode("ascii").split("\n")[:-1]
    surplus = [commas + 1 - len(COLUMNS) for commas in map(str.count, lines, repeat(","))]
    rejects = [(block.lines.of(row), "few" if more < 0 else "many") for row, more in enumerate(surplus) if more]
    rows = [row for row, more in enumerate(surplus) if not more]
    columns = _columns("".join(f"{lines[row]}\n" for row in rows), len(rows))
    assert columns is not None  # each line that is left has 18 commas
    return columns, rows, rejects


def _columns(text: str, rows: int) -> list[list[str]] | None:
    """None where not every line has 19 fields."""
    cells = text.replace("\n", ",\0,").split(",")
    cells.pop()
    if len(cells) != _STRIDE * rows or cells[_STRIDE - 1 :: _STRIDE].count("\0") != rows:
        return None
    return [cells[column::_STRIDE] for column in range(len(COLUMNS))]


def _delete(rows: Bad, columns: list[list[Any]]) -> None:
    for row in sorted(rows, reverse=True):
        for column in columns:
            del column[row]
