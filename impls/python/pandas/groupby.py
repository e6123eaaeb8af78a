"""groupby with pandas: category columns, whole-column aggregates, no `apply`.

`sort=False` and `observed=True` as in db-benchmark's solution; `dropna=False` because a missing key is a key here.
"""

from pathlib import Path
from typing import Any

import pandas as pd
from bench_protocol.contract import Check
from bench_protocol.wire import Request
from pandas.api.typing import DataFrameGroupBy

TEXTS = ("id1", "id2", "id3")
WHOLE = ("id4", "id5", "id6", "v1", "v2")
KEYS = ["id1", "id2", "id3", "id4", "id5", "id6"]


def start(threads: int) -> int:
    """Nothing in pandas' reader or group-by runs in parallel."""
    return 1


def load(request: Request) -> pd.DataFrame:
    """Whole numbers stay int64 where none is missing; else the nullable Int64, which keeps them exact but is slower."""
    types = dict.fromkeys(TEXTS, "category") | dict.fromkeys(WHOLE, "Int64") | {"v3": "float64"}
    # low_memory would code the texts piece by piece and then unite the categories: six times as long at ten million rows.
    table = pd.read_csv(request.inputs["table"], dtype=types, keep_default_na=False, na_values=[""], quoting=3, low_memory=False)
    complete = [name for name in WHOLE if not table[name].hasnans]
    return table.astype(dict.fromkeys(complete, "int64"))


def units(table: pd.DataFrame) -> int:
    return len(table)


def q1(table: pd.DataFrame) -> pd.DataFrame:
    return _groups(table, "id1")[["v1"]].sum()


def q2(table: pd.DataFrame) -> pd.DataFrame:
    return _groups(table, "id1", "id2")[["v1"]].sum()


def q3(table: pd.DataFrame) -> pd.DataFrame:
    return _groups(table, "id3").agg({"v1": "sum", "v3": "mean"})


def q4(table: pd.DataFrame) -> pd.DataFrame:
    return _groups(table, "id4")[["v1", "v2", "v3"]].mean()


def q5(table: pd.DataFrame) -> pd.DataFrame:
    return _groups(table, "id6")[["v1", "v2", "v3"]].sum()


def q6(table: pd.DataFrame) -> pd.DataFrame:
    return _groups(table, "id4", "id5").agg(median_v3=("v3", "median"), sd_v3=("v3", "std"))


def q7(table: pd.DataFrame) -> pd.DataFrame:
    extremes = _groups(table, "id3").agg({"v1": "max", "v2": "min"})
    return (extremes["v1"] - extremes["v2"]).to_frame("range_v1_v2")


def q8(table: pd.DataFrame) -> pd.DataFrame:
    """Sorted as a whole and cut to two a group: `nlargest` of a SeriesGroupBy is a Python call a group."""
    falling = table[["id6", "v3"]].dropna(subset="v3").sort_values("v3", ascending=False)
    return _groups(falling, "id6").head(2).rename(columns={"v3": "largest2_v3"})


def q9(table: pd.DataFrame) -> pd.DataFrame:
    """From sums of products, exact in whole numbers: `corr` of a group-by is a Python call and a matrix a group."""
    x, y = table["v1"], table["v2"]
    if x.hasnans or y.hasnans:
        x, y = x.where(y.notna()), y.where(x.notna())
    products = pd.DataFrame({"x": x, "y": y, "xx": x * x, "yy": y * y, "xy": x * y})
    groups = products.groupby([table["id2"], table["id4"]], sort=False, observed=True, dropna=False)
    s = groups.sum()
    n = groups["x"].count()
    covariance, x_variance, y_variance = n * s["xy"] - s["x"] * s["y"], n * s["xx"] - s["x"] ** 2, n * s["yy"] - s["y"] ** 2
    varies = (x_variance > 0) & (y_variance > 0)
    r2 = (covariance / x_variance) * (covariance / y_variance)
    return r2.astype("float64").where(varies).to_frame("r2")


def q10(table: pd.DataFrame) -> pd.DataFrame:
    return _groups(table, *KEYS).agg(v3=("v3", "sum"), count=("v3", "size"))


STEPS = {f"q{number}": step for number, step in enumerate((q1, q2, q3, q4, q5, q6, q7, q8, q9, q10), start=1)}


def check(step: str, result: pd.DataFrame) -> Check:
    values = [name for name in result.columns if name not in KEYS]
    return {"rows": len(result), "sums": {name: _number(result[name].sum()) for name in values}}


def write(step: str, result: pd.DataFrame, path: Path) -> int:
    keyed = isinstance(result.index, pd.MultiIndex) or result.index.name is not None
    result.to_csv(path, index=keyed, lineterminator="\n")
    return len(result)


def _number(value: Any) -> int | float:
    """A sum as JSON takes it: NumPy's scalars are none of Python's."""
    number: int | float = value.item() if hasattr(value, "item") else value
    return number


def _groups(table: pd.DataFrame, *keys: str) -> "DataFrameGroupBy[Any, Any]":
    return table.groupby(list(keys), sort=False, observed=True, dropna=False)
