"""groupby with NumPy: keys made dense numbers in each step, then aggregates in whole-array passes."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from bench_protocol.answers import write_columns
from bench_protocol.contract import Check
from bench_protocol.wire import Request
from groups import Groups
from table import Array, Column, read_table

TEXTS = ("id1", "id2", "id3")
WHOLES = ("id4", "id5", "id6", "v1", "v2")
KEYS = (*TEXTS, "id4", "id5", "id6")
Table = dict[str, Column]


def start(threads: int) -> int:
    """No routine used here runs in parallel."""
    return 1


def load(request: Request) -> Table:
    return read_table(Path(request.inputs["table"]), TEXTS, WHOLES)


def units(table: Table) -> int:
    return len(table["v1"].values)


def q1(table: Table) -> Table:
    return _sums(table, ["id1"], ["v1"])


def q2(table: Table) -> Table:
    return _sums(table, ["id1", "id2"], ["v1"])


def q3(table: Table) -> Table:
    groups = _groups(table, "id3")
    return _answer(groups, ["id3"], v1=Column(groups.sum(table["v1"])), v3=groups.mean(table["v3"]))


def q4(table: Table) -> Table:
    groups = _groups(table, "id4")
    return _answer(groups, ["id4"], **{name: groups.mean(table[name]) for name in ("v1", "v2", "v3")})


def q5(table: Table) -> Table:
    return _sums(table, ["id6"], ["v1", "v2", "v3"])


def q6(table: Table) -> Table:
    groups = _groups(table, "id4", "id5")
    values, ends = groups.sorted_values(table["v3"])
    n = groups.count(table["v3"])
    return _answer(groups, ["id4", "id5"], median_v3=_median(values, ends, n), sd_v3=_deviation(values, n))


def q7(table: Table) -> Table:
    groups = _groups(table, "id3")
    most = groups.reduce(np.maximum, table["v1"], -sys.maxsize)
    least = groups.reduce(np.minimum, table["v2"], sys.maxsize)
    known = (groups.count(table["v1"]) > 0) & (groups.count(table["v2"]) > 0)
    return _answer(groups, ["id3"], range_v1_v2=Column(np.where(known, most, 0) - np.where(known, least, 0), known))


def q8(table: Table) -> Table:
    """Two maxima, the second without the row of the first, in place of a sort."""
    groups, v3 = _groups(table, "id6"), table["v3"]
    first = groups.reduce(np.maximum, v3, -np.inf)
    present = np.ones(len(v3.values), np.bool_) if v3.present is None else v3.present.copy()
    largest = np.flatnonzero(present & (v3.values == first[groups.of_row]))
    one_row = np.empty(len(first), np.int64)
    one_row[groups.of_row[largest]] = largest
    present[one_row[np.isfinite(first)]] = False
    second = groups.reduce(np.maximum, Column(v3.values, present), -np.inf)
    values = np.concatenate([first, second])
    some = np.flatnonzero(np.isfinite(values))
    return {"id6": groups.keys()[0].take(some % len(first)), "largest2_v3": Column(values[some])}


def q9(table: Table) -> Table:
    """By sums of products, which are exact: `does not vary` is then a variance of exactly nothing."""
    groups = _groups(table, "id2", "id4")
    both = _both(table["v1"].present, table["v2"].present)
    x, y = table["v1"].values, table["v2"].values
    n = groups.count(Column(x, both))
    sx, sy, sxx, syy, sxy = (groups.sum(Column(values, both)) for values in (x, y, x * x, y * y, x * y))
    xx, yy, xy = n * sxx - sx * sx, n * syy - sy * sy, n * sxy - sx * sy
    varies = (xx > 0) & (yy > 0)
    r2 = np.divide(xy, xx, where=varies, out=np.zeros(len(n))) * np.divide(xy, yy, where=varies, out=np.zeros(len(n)))
    return _answer(groups, ["id2", "id4"], r2=Column(r2, varies))


def q10(table: Table) -> Table:
    groups = _groups(table, *KEYS)
    return _answer(groups, KEYS, v3=Column(groups.sum(table["v3"])), count=Column(groups.rows))


STEPS = {f"q{number}": step for number, step in enumerate((q1, q2, q3, q4, q5, q6, q7, q8, q9, q10), start=1)}


def check(step: str, result: Table) -> Check:
    sums = {name: np.sum(column.values, where=_mask(column)).item() for name, column in result.items() if name not in KEYS}
    return {"rows": len(next(iter(result.values())).values), "sums": sums}


def write(step: str, result: Table, path: Path) -> int:
    return write_columns(path, {name: column.to_list() for name, column in result.items()})


def _groups(table: Table, *names: str) -> Groups:
    return Groups(*(table[name] for name in names))


def _answer(groups: Groups, names: tuple[str, ...] | list[str], **values: Column) -> Table:
    return {**dict(zip(names, groups.keys(), strict=True)), **values}


def _sums(table: Table, names: list[str], values: list[str]) -> Table:
    groups = _groups(table, *names)
    return _answer(groups, names, **{name: Column(groups.sum(table[name])) for name in values})


def _median(values: Array, ends: Array, n: Array) -> Column:
    """Of sorted values, group after group; the mean of the two in the middle, which are one for an odd number."""
    some = n > 0
    starts = (ends - n)[some]
    lower, upper = starts + (n[some] - 1) // 2, starts + n[some] // 2
    median = np.zeros(len(n))
    median[some] = (values[lower] + values[upper]) / 2
    return Column(median, some)


def _deviation(values: Array, n: Array) -> Column:
    """In two passes: the sum of squares less the square of the sum would lose the digits of values that lie close together."""
    group = np.repeat(np.arange(len(n)), n)
    mean = np.bincount(group, values, len(n)) / np.maximum(n, 1)
    squares = np.bincount(group, (values - mean[group]) ** 2, len(n))
    return Column(np.sqrt(squares / np.maximum(n - 1, 1)), n > 1)


def _both(first: Array | None, second: Array | None) -> Array | None:
    if first is None or second is None:
        return first if second is None else second
    return first & second


def _mask(column: Column) -> Any:
    return True if column.present is None else column.present
