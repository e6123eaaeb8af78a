"""groupby in plain Python: lists, loops and the standard library."""

import sys
from collections.abc import Callable, Iterable
from math import dist, inf, sqrt
from operator import itemgetter, mul
from pathlib import Path
from typing import Any

from bench_protocol.answers import write_columns
from bench_protocol.contract import Check
from bench_protocol.wire import Request
from groups import cells, grid, key_of, means, rows, sums
from table import Column, read_table

if sys.version_info >= (3, 12):
    from math import sumprod
else:

    def sumprod(p: list[int], q: list[int]) -> int:
        return sum(map(mul, p, q))


TEXTS = ("id1", "id2", "id3")
WHOLES = ("id4", "id5", "id6", "v1", "v2")
KEYS = (*TEXTS, "id4", "id5", "id6")
Table = dict[str, Column]


def start(threads: int) -> int:
    """One thread of Python code runs at a time."""
    return 1


def load(request: Request) -> Table:
    return read_table(Path(request.inputs["table"]), TEXTS, WHOLES)


def units(table: Table) -> int:
    return len(table["v1"].values)


def q1(table: Table) -> Table:
    key = key_of(table["id1"])
    return _answer(id1=key.distinct, v1=sums(key, table["v1"]))


def q2(table: Table) -> Table:
    """A cell starts as False, which a sum takes for 0 and which is still there where the pair has no row."""
    first, second = key_of(table["id1"]), key_of(table["id2"])
    totals = grid(first, second, bool)
    for a, b, v1 in zip(first.codes, second.codes, _or_zero(table["v1"]), strict=True):
        totals[a][b] += v1
    return _columns(("id1", "id2", "v1"), (cell for cell in cells(totals, first, second) if cell[2] is not False))


def q3(table: Table) -> Table:
    key = key_of(table["id3"])
    return _answer(id3=key.distinct, v1=sums(key, table["v1"]), v3=means(key, table["v3"], 0.0))


def q4(table: Table) -> Table:
    key = key_of(table["id4"])
    return _answer(id4=key.distinct, v1=means(key, table["v1"]), v2=means(key, table["v2"]), v3=means(key, table["v3"], 0.0))


def q5(table: Table) -> Table:
    key = key_of(table["id6"])
    return _answer(id6=key.distinct, v1=sums(key, table["v1"]), v2=sums(key, table["v2"]), v3=sums(key, table["v3"], 0.0))


def q6(table: Table) -> Table:
    first, second = key_of(table["id4"]), key_of(table["id5"])
    values = grid(first, second, list)
    for a, b, v3 in zip(first.codes, second.codes, table["v3"].values, strict=True):
        values[a][b].append(v3)
    names = ("id4", "id5", "median_v3", "sd_v3")
    return _columns(names, ((a, b, *_median_and_deviation(cell)) for a, b, cell in cells(values, first, second) if cell))


def q7(table: Table) -> Table:
    key = key_of(table["id3"])
    most, least = [-inf] * len(key.distinct), [inf] * len(key.distinct)
    for code, v1 in rows([key], table["v1"]):
        if v1 > most[code]:  # noqa: PLR1730 - a call of `max` a row takes twice as long
            most[code] = v1
    for code, v2 in rows([key], table["v2"]):
        if v2 < least[code]:  # noqa: PLR1730
            least[code] = v2
    ranges = [None if x == -inf or y == inf else x - y for x, y in zip(most, least, strict=True)]
    return _answer(id3=key.distinct, range_v1_v2=ranges)


def q8(table: Table) -> Table:
    key = key_of(table["id6"])
    first, second = [-inf] * len(key.distinct), [-inf] * len(key.distinct)
    for code, v3 in rows([key], table["v3"]):
        if v3 > second[code]:
            if v3 > first[code]:
                second[code], first[code] = first[code], v3
            else:
                second[code] = v3
    both = (*zip(key.distinct, first, strict=True), *zip(key.distinct, second, strict=True))
    return _columns(("id6", "largest2_v3"), (row for row in both if row[1] != -inf))


def q9(table: Table) -> Table:
    """The pairs of a cell lie in one list, x and y in turn: one append a row, and two slices a group to part them."""
    first, second = key_of(table["id2"]), key_of(table["id4"])
    pairs = grid(first, second, list)
    for a, b, pair in zip(first.codes, second.codes, zip(table["v1"].values, table["v2"].values, strict=True), strict=True):
        pairs[a][b] += pair
    return _columns(("id2", "id4", "r2"), ((a, b, _r2(cell[::2], cell[1::2])) for a, b, cell in cells(pairs, first, second) if cell))


def q10(table: Table) -> Table:
    slots: dict[tuple[Any, ...], int] = {}
    totals: list[float] = []
    counts: list[int] = []
    keys = zip(*(table[name].values for name in KEYS), strict=True)
    for key, v3 in zip(keys, _or_zero(table["v3"]), strict=True):
        slot = slots.setdefault(key, len(totals))
        if slot == len(totals):
            totals.append(v3)
            counts.append(1)
        else:
            totals[slot] += v3
            counts[slot] += 1
    columns = {name: Column(list(map(itemgetter(i), slots)), False, table[name].words) for i, name in enumerate(KEYS)}
    return {**columns, **_answer(v3=totals, count=counts)}


STEPS: dict[str, Callable[[Table], Table]] = {
    f"q{number}": step for number, step in enumerate((q1, q2, q3, q4, q5, q6, q7, q8, q9, q10), start=1)
}


def check(step: str, result: Table) -> Check:
    sums = {name: sum(filter(None, column.values)) for name, column in result.items() if name not in KEYS}
    return {"rows": len(next(iter(result.values())).values), "sums": sums}


def write(step: str, result: Table, path: Path) -> int:
    return write_columns(path, {name: column.to_list() for name, column in result.items()})


def _answer(**columns: list[Any]) -> Table:
    return {name: Column(values, False) for name, values in columns.items()}


def _columns(names: tuple[str, ...], found: Iterable[tuple[Any, ...]]) -> Table:
    values = zip(*found, strict=True)
    return _answer(**{name: list(next(values, ())) for name in names})


def _or_zero(column: Column) -> list[Any]:
    return column.values if column.complete else [value or 0 for value in column.values]


def _median_and_deviation(cell: list[float | None]) -> tuple[float | None, float | None]:
    """By hand: `statistics.stdev` goes through fractions and takes thirty times as long as `dist`, which is as exact."""
    values = sorted(value for value in cell if value is not None)
    if not values:
        return None, None
    n = len(values)
    median = (values[(n - 1) // 2] + values[n // 2]) / 2
    return median, dist(values, [sum(values) / n] * n) / sqrt(n - 1) if n > 1 else None


def _r2(x: list[int], y: list[int]) -> float | None:
    """Whole numbers all the way to the division: `does not vary` is a variance of exactly nothing."""
    if None in x or None in y:
        both = [pair for pair in zip(x, y, strict=True) if None not in pair]
        x, y = [pair[0] for pair in both], [pair[1] for pair in both]
    n, sx, sy = len(x), sum(x), sum(y)
    xx, yy = n * sumprod(x, x) - sx * sx, n * sumprod(y, y) - sy * sy
    return (n * sumprod(x, y) - sx * sy) ** 2 / (xx * yy) if xx and yy else None
