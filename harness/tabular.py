"""CSV and Parquet files as frames of the spec's columns and types: answers and outputs are read by this one file.

A file that says something other than the spec is Unreadable, with the reason; nothing is guessed from its content.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from harness.model import Step, Table, Written

INSTANT = "%Y-%m-%dT%H:%M:%SZ"
INSTANT_BYTES = 20
NANOSECONDS = pl.Datetime("ns", "UTC")
"""All instants become these: the finest unit that is lawful, good until 2262."""
TYPES: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "text": pl.String, "integer": pl.Int64, "float": pl.Float64, "time": NANOSECONDS,
}  # fmt: skip
LAWFUL: Mapping[str, Sequence[type[pl.DataType]]] = {
    "text": (pl.String, pl.Categorical, pl.Enum), "integer": (pl.Int32, pl.Int64),
    "float": (pl.Float64, pl.Int32, pl.Int64), "time": (pl.Datetime,),
}  # fmt: skip
"""In Parquet, where a whole number is a number too. Categorical and Enum are strings there, with a note for the library that wrote them."""


class Unreadable(Exception):
    """A file that is not what the spec says it is; the message says how."""


def columns(table: Step | Table) -> tuple[str, ...]:
    """In the spec's order."""
    return (*table.keys, *table.values)


def frame(path: Path, table: Step | Table, types: Mapping[str, str]) -> pl.DataFrame:
    """The whole file, with the types of TYPES. Unreadable where it isn't lawful."""
    try:
        found = _scan(path, table, types).collect()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise Unreadable(_first_line(error)) from None
    if path.suffix == ".csv":
        found = found.with_columns(_instants(found[name]) for name in columns(table) if types[name] == "time")
    return found.cast({name: TYPES[types[name]] for name in columns(table)})


def contents(path: Path, table: Step | Table, types: Mapping[str, str]) -> Written:
    """Rows and sums of a file, in flat memory. Unreadable where it isn't lawful."""
    try:
        return _contents(_scan(path, table, types), table, types)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise Unreadable(_first_line(error)) from None


def truth(path: Path, table: Step | Table, types: Mapping[str, str]) -> Written:
    """The same of the oracle's file, which may hold any type that fits."""
    return _contents(pl.scan_parquet(path), table, types)


def _scan(path: Path, table: Step | Table, types: Mapping[str, str]) -> pl.LazyFrame:
    """Instants of a CSV file are still text."""
    if path.suffix == ".parquet":
        lazy = pl.scan_parquet(path)
    else:
        kinds = {name: pl.String if types[name] == "time" else TYPES[types[name]] for name in columns(table)}
        lazy = pl.scan_csv(path, schema_overrides=kinds, infer_schema=False)
    found = lazy.collect_schema()
    if tuple(found) != columns(table):
        raise Unreadable(f"columns {found.names()}, the spec has {list(columns(table))}")
    if path.suffix == ".parquet":
        _check_types(found, types)
    return lazy


def _check_types(found: pl.Schema, types: Mapping[str, str]) -> None:
    for name, dtype in found.items():
        lawful = isinstance(dtype, tuple(LAWFUL[types[name]]))
        if isinstance(dtype, pl.Datetime):
            lawful = lawful and dtype.time_zone in ("UTC", "Etc/UTC", "+00:00")
        if not lawful:
            raise Unreadable(f"{name} is {dtype}, which is no lawful type of {types[name]}; impls/PROTOCOL.md has those")


def _contents(lazy: pl.LazyFrame, table: Step | Table, types: Mapping[str, str]) -> Written:
    numbers = {name: pl.col(name).cast(TYPES[types[name]]) for name in columns(table) if types[name] in ("integer", "float")}
    sums = [number.sum().alias(f"sum {name}") for name, number in numbers.items()]
    scales = [number.abs().sum().alias(f"abs {name}") for name, number in numbers.items()]
    row = lazy.select(pl.len().alias("rows"), *sums, *scales).collect(engine="streaming").row(0, named=True)
    return Written(row["rows"], {name: row[f"sum {name}"] for name in numbers}, {name: row[f"abs {name}"] for name in numbers})


def _instants(text: pl.Series) -> pl.Series:
    found = text.str.to_datetime(INSTANT, strict=False, time_unit="ns", time_zone="UTC")
    bad = text.is_not_null() & (found.is_null() | (text.str.len_bytes() != INSTANT_BYTES))
    if bad.any():
        raise Unreadable(f"{text.name} has {text.filter(bad)[0]!r}, which is no instant such as 2013-01-01T05:00:00Z")
    return found


def _first_line(error: Exception) -> str:
    return f"can't be read: {str(error).splitlines()[0]}"
