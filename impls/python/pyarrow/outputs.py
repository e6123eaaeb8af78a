"""The main outputs, fed with kept rows block by block: groups, rows as CSV, rows as Parquet.

`part` is the share of the work that threads do side by side; `add` is called by one at a time. Leaving the context finishes the file.
"""

from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from cleaning import Kept
from lookups import Lookups
from pyarrow import csv

CODED, NUMBER, FLOAT = pa.dictionary(pa.int32(), pa.string()), pa.int32(), pa.float64()
ROWS = {
    **dict.fromkeys(("carrier", "name"), CODED),
    **{"flight": NUMBER, "tailnum": CODED, "origin": CODED, "dest": CODED},
    **dict.fromkeys(("year", "month", "day"), NUMBER),
    "time_hour": pa.timestamp("ms", "UTC"),
    **dict.fromkeys(("dep_delay", "arr_delay", "air_time", "distance", "weekday", "hour"), NUMBER),
    **{"speed": FLOAT, "made_up": FLOAT, "late": NUMBER},
    **dict.fromkeys(("temp", "wind_speed", "visib"), FLOAT),
}
ROW_GROUP = 1 << 17
KEYS = ["carrier", "origin", "month"]
SUMS = ("flights", "late", "weekend", "early", "made_up", "speed", "temp", "temps")
MEANS = {"made_up": "flights", "speed": "flights", "temp": "temps"}
TYPES = {"carrier": pa.string(), "origin": pa.string(), "month": NUMBER, **dict.fromkeys(SUMS, FLOAT)}
NO_GROUPS = pa.schema(TYPES).empty_table()
FOLD = 1 << 15
"""Groups of blocks that are held before they become groups of all."""

FRIDAY, NOON = pa.scalar(5, NUMBER), pa.scalar(12, NUMBER)


class Output(Protocol):
    """A main output in the making."""

    rows: int
    kept: int

    def part(self, kept: Kept) -> Any:
        """What `add` takes."""

    def add(self, part: Any) -> None:
        """Raises OSError where it cannot be written."""

    def __enter__(self) -> Self: ...
    def __exit__(self, failed: object, *_: object) -> None: ...


class Groups:
    """`agg`: sums of each block, then sums of the sums."""

    def __init__(self, path: Path, lookups: Lookups) -> None:
        self._path, self._lookups = path, lookups
        self._parts: list[pa.Table] = []
        self.rows = self.kept = 0

    def part(self, kept: Kept) -> pa.Table:
        """Groups by indices: the texts come back for the few groups."""
        columns = kept.columns
        weekend, early = pc.greater(columns["weekday"], FRIDAY), pc.less(columns["hour"], NOON)
        keys = {"carrier": columns["carrier"].indices, "origin": columns["origin"].indices, "month": columns["month"]}
        values = {name: columns[name] for name in ("late", "made_up", "speed", "temp")}
        sums = [([], "count_all"), *((name, "sum") for name in SUMS[1:-1]), ("temp", "count")]
        rows = pa.table({**keys, **values, "weekend": weekend, "early": early})
        groups = rows.group_by(KEYS, use_threads=False).aggregate(sums).rename_columns([*KEYS, *SUMS])
        for at, name in enumerate(("carrier", "origin")):
            groups = groups.set_column(at, name, columns[name].dictionary.take(groups[name]))
        return groups

    def add(self, part: pa.Table) -> None:
        """Never holds more than FOLD groups of blocks."""
        self._parts.append(part)
        if sum(map(len, self._parts)) > FOLD:
            self._parts = [self._folded()]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        if failed:
            return
        groups = self._folded()
        self.rows, self.kept = len(groups), pc.sum(groups["flights"]).as_py() or 0
        carriers = groups["carrier"].combine_chunks().dictionary_encode()
        means = {name: pc.divide(groups[name].cast(FLOAT), groups[count].cast(FLOAT)) for name, count in MEANS.items()}
        columns = {name: groups[name] for name in (*KEYS, *SUMS)} | means | {"name": self._lookups.name(carriers).dictionary_decode()}
        table = pa.table({name: columns[name] for name in ("carrier", "name", "origin", "month", *SUMS[:-1])})
        csv.write_csv(table, self._path, csv.WriteOptions(quoting_header="none"))

    def _folded(self) -> pa.Table:
        groups = pa.concat_tables(self._parts or [NO_GROUPS]).group_by(KEYS, use_threads=False)
        return groups.aggregate([(name, "sum") for name in SUMS]).rename_columns([*KEYS, *SUMS])


class CsvRows:
    """`csv`: each block formatted by itself, then appended."""

    def __init__(self, path: Path, _: Lookups) -> None:
        self._file = pa.OSFile(str(path), "wb")
        self._file.write((",".join(ROWS) + "\n").encode())
        self.rows = self.kept = 0

    def part(self, kept: Kept) -> tuple[int, pa.Buffer]:
        """Rows, and their lines."""
        columns = (kept.columns[name] for name in ROWS)
        texts = [column.dictionary_decode() if pa.types.is_dictionary(column.type) else column for column in columns]
        buffer = pa.BufferOutputStream()
        csv.write_csv(pa.record_batch(texts, list(ROWS)), buffer, csv.WriteOptions(include_header=False))
        return kept.rows, buffer.getvalue()

    def add(self, part: tuple[int, pa.Buffer]) -> None:
        """In any order, as the spec allows."""
        self.rows += part[0]
        self.kept = self.rows
        self._file.write(part[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


class ParquetRows:
    """`parquet`: texts go as the dictionaries that the file holds anyway; strings to every reader, as Arrow's own schema is left out."""

    def __init__(self, path: Path, _: Lookups) -> None:
        self._writer = pq.ParquetWriter(path, pa.schema(ROWS), compression="snappy", store_schema=False)
        self._waiting: list[pa.RecordBatch] = []
        self.rows = self.kept = 0

    def part(self, kept: Kept) -> pa.RecordBatch:
        """The columns with the file's types."""
        columns = {**kept.columns, "time_hour": kept.columns["instant"].cast(ROWS["time_hour"])}
        coded = {name: columns[name].dictionary_encode() for name in ("tailnum", "dest")}
        return pa.record_batch([(columns | coded)[name].cast(kind) for name, kind in ROWS.items()], pa.schema(ROWS))

    def add(self, part: pa.RecordBatch) -> None:
        """Waits for a row group's worth of rows."""
        self._waiting.append(part)
        self.rows += len(part)
        self.kept = self.rows
        if sum(map(len, self._waiting)) >= ROW_GROUP:
            self._write()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        with ExitStack() as stack:
            stack.callback(self._writer.close)
            if not failed:
                self._write()

    def _write(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.Table.from_batches(self._waiting).unify_dictionaries())
            self._waiting = []
