"""Collects rows, or sums of them, and writes them as Parquet; of rows it holds a chunk in memory."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

Row = Mapping[str, Any]

CHUNK = 100_000
TYPES: dict[str, Any] = {"text": pl.String, "integer": pl.Int64, "float": pl.Float64, "time": pl.Datetime("us", "UTC")}


class Table:
    """Rows with named and typed columns, on their way into one Parquet file; polars writes them."""

    def __init__(self, path: Path, types: Mapping[str, str]) -> None:
        self._path = path
        # What is handed over has no zone, which is taken for UTC.
        self._types = {name: TYPES[kind] for name, kind in types.items()}
        self._rows: list[list[Any]] = []
        self._parts: list[Path] = []

    def add(self, row: Row) -> None:
        """Takes the columns that the table has."""
        self._rows.append([row[name] for name in self._types])
        if len(self._rows) == CHUNK:
            self._write(self._path.with_suffix(f".{len(self._parts)}"))

    def close(self) -> None:
        """Writes the file from its parts."""
        if self._rows or not self._parts:
            self._write(self._path.with_suffix(f".{len(self._parts)}"))
        pl.scan_parquet(self._parts).sink_parquet(self._path)
        for part in self._parts:
            part.unlink()

    def _write(self, part: Path) -> None:
        pl.DataFrame(self._rows, schema=self._types, orient="row").write_parquet(part)
        self._parts.append(part)
        self._rows = []


class Sum:
    """A sum of floats, rounded once in 4,096 values."""

    def __init__(self) -> None:
        self._values: list[float] = []
        self.count = 0

    def add(self, value: float) -> None:
        """Takes a value that is not missing."""
        self._values.append(value)
        self.count += 1
        if len(self._values) == 4096:
            self._values = [math.fsum(self._values)]

    def mean(self) -> float | None:
        """None of no values."""
        return math.fsum(self._values) / self.count if self.count else None


class Group:
    """What is counted and summed of the kept rows of a carrier, an origin and a month."""

    def __init__(self) -> None:
        self.flights = self.late = self.weekend = self.early = self.made_up = 0
        self.speed, self.temp = Sum(), Sum()

    def add(self, row: Row) -> None:
        """Takes a kept row."""
        self.flights += 1
        self.late += row["late"]
        self.weekend += row["weekday"] >= 6
        self.early += row["hour"] < 12
        self.made_up += row["made_up"]
        self.speed.add(row["speed"])
        if row["temp"] is not None:
            self.temp.add(row["temp"])

    def values(self) -> dict[str, Any]:
        """The group's columns but its keys."""
        counts = {name: getattr(self, name) for name in ("flights", "late", "weekend", "early")}
        return counts | {"made_up": self.made_up / self.flights, "speed": self.speed.mean(), "temp": self.temp.mean()}


class Groups:
    """The groups of `agg`, on their way into a table."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._groups: dict[tuple[Any, ...], Group] = {}

    def add(self, row: Row) -> None:
        """Takes a kept row."""
        key = (row["carrier"], row["name"], row["origin"], row["month"])
        if key not in self._groups:
            self._groups[key] = Group()
        self._groups[key].add(row)

    def close(self) -> None:
        """Writes the table."""
        for row in self._rows():
            self._table.add(row)
        self._table.close()

    def _rows(self) -> Iterator[Row]:
        for key, group in self._groups.items():
            yield dict(zip(("carrier", "name", "origin", "month"), key, strict=True)) | group.values()
