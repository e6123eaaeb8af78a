"""Groups of rows, and aggregates over them, in tight loops over lists.

One loop an aggregate: a loop that feeds three lists saves a tenth over three loops. A list indexed by dense codes takes half
the time of a dictionary. Two keys index a grid, a list of lists: a combined key a row would cost as much as the sum itself.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import compress, count, repeat
from operator import is_not
from typing import Any, NamedTuple

from table import Column

Grid = list[list[Any]] | list[defaultdict[int, Any]]


class Key(NamedTuple):
    """A key column as dense codes into its distinct values; a missing key is a value like any other."""

    codes: list[int]
    distinct: list[Any]


def key_of(column: Column) -> Key:
    """Texts were coded when they were read; whole numbers are coded here, in the step, on each pass."""
    if column.words is not None:
        return Key(column.values, column.words)
    code_of = dict(zip(dict.fromkeys(column.values), count(), strict=False))
    return Key(list(map(code_of.__getitem__, column.values)), list(code_of))


def rows(keys: list[Key], *columns: Column) -> Iterator[Any]:
    """The codes and values of each row in which none of the values is missing."""
    every = zip(*(key.codes for key in keys), *(column.values for column in columns), strict=True)
    incomplete = [column.values for column in columns if not column.complete]
    if not incomplete:
        return every
    present = zip(*(map(is_not, values, repeat(None)) for values in incomplete), strict=True)
    return compress(every, map(all, present))


def sums(key: Key, column: Column, zero: Any = 0) -> list[Any]:
    """The sum of each group; `zero` is 0.0 for a column of floats."""
    totals = [zero] * len(key.distinct)
    for code, value in rows([key], column):
        totals[code] += value
    return totals


def counts(key: Key, column: Column) -> list[int]:
    """How many values are not missing."""
    codes = key.codes if column.complete else [code for code, _ in rows([key], column)]
    found = Counter(codes)
    return [found[code] for code in range(len(key.distinct))]


def means(key: Key, column: Column, zero: Any = 0) -> list[float | None]:
    """None where every value is missing."""
    pairs = zip(sums(key, column, zero), counts(key, column), strict=True)
    return [total / n if n else None for total, n in pairs]


def grid(first: Key, second: Key, cell: Callable[[], Any]) -> Grid:
    """A cell for every pair of codes; where that would be more than a few a row, only for the pairs that are asked for."""
    width = len(second.distinct)
    if len(first.distinct) * width <= 4 * len(first.codes):
        return [[cell() for _ in range(width)] for _ in first.distinct]
    sparse: list[defaultdict[int, Any]] = [defaultdict(cell) for _ in first.distinct]
    return sparse


def cells(grid: Grid, first: Key, second: Key) -> Iterator[tuple[Any, Any, Any]]:
    """Each cell with the two values of its keys."""
    for key, line in zip(first.distinct, grid, strict=True):
        for code, cell in line.items() if isinstance(line, dict) else enumerate(line):
            yield key, second.distinct[code], cell
