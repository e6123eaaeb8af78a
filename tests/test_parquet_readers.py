"""The Parquet file of each quick implementation of csv-etl reads alike in DuckDB, Polars and pyarrow: schema, time zone and every value."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from flights_files import row
from jobs_by_hand import CATALOG, QUICK, WORKLOAD, ended, header_and_rows, inputs, one_step, program, request, started

STEP = "parquet"
SPEC = next(step for step in CATALOG.workloads[WORKLOAD].steps if step.name == STEP)
COLUMNS = (*SPEC.keys, *SPEC.values)
TYPES = CATALOG.workloads[WORKLOAD].answer_types
WRITERS = [impl.name for impl in QUICK if STEP not in impl.workloads[WORKLOAD].lacks]
PASSING = {"air_time": b"227", "distance": b"1400"}
ODD = (
    row(tailnum=b"NA", **PASSING),
    row(tailnum='"Nü,"'.encode(), **PASSING),
    row(tailnum=b'"a""b\nc"', **PASSING),
    row(carrier=b"ZZ", origin=b"ZZZ", **PASSING),
    row(time_hour=b"1970-01-01T00:00:00Z", **PASSING),
    row(time_hour=b"2261-12-31T23:59:59Z", dep_delay=b"-999999999", arr_delay=b"999999999", **PASSING),
)
"""Lawful rows that pass the filter: missing values, text with a comma, quotes and a line break, the first and last instants."""
MILLISECONDS = {"ms": 1, "us": 1_000, "ns": 1_000_000}

Rows = list[tuple[Any, ...]]
"""Sorted; an instant as milliseconds since 1970."""


@pytest.fixture(scope="module", params=WRITERS)
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return parquet_of(request.param, tmp_path_factory.mktemp("parquet"))


def parquet_of(name: str, folder: Path) -> Path:
    header, rows = header_and_rows(20_000)
    outputs = folder / "outputs"
    outputs.mkdir()
    paths = inputs(folder, header + rows + b"".join(line + b"\n" for line in ODD))
    with started(program(name), request(one_step(STEP), paths, str(outputs)), folder) as process:
        end = ended(process, outputs)
    assert end.events[-1]["event"] == "done", (end.events[-1], end.errors[-2000:].decode())
    return outputs / f"{STEP}.parquet"


def by_polars(path: Path) -> Rows:
    frame = pl.read_parquet(path)
    return in_order(frame.with_columns(pl.col("time_hour").dt.epoch("ms")).select(COLUMNS).rows())


def by_duckdb(path: Path) -> Rows:
    columns = ", ".join(f"epoch_ms({name})" if name == "time_hour" else name for name in COLUMNS)
    with duckdb.connect() as connection:
        return in_order(connection.execute(f"SELECT {columns} FROM read_parquet(?)", [str(path)]).fetchall())


def by_pyarrow(path: Path) -> Rows:
    table = pq.read_table(path)
    ticks = table["time_hour"].cast(pa.int64()).to_pylist()
    per = MILLISECONDS[table.schema.field("time_hour").type.unit]
    columns = {name: table[name].to_pylist() for name in COLUMNS} | {"time_hour": [tick // per for tick in ticks]}
    return in_order(list(zip(*columns.values(), strict=True)))


def in_order(rows: Rows) -> Rows:
    return sorted(rows, key=lambda values: [(value is not None, value) for value in values])


def types_by_polars(path: Path) -> dict[str, str]:
    def of(dtype: pl.DataType) -> str:
        if isinstance(dtype, pl.Datetime):
            return f"time {dtype.time_zone}"
        return {pl.String: "text", pl.Float64: "float", pl.Int32: "integer", pl.Int64: "integer"}[type(dtype)]

    return {name: of(dtype) for name, dtype in pl.read_parquet_schema(path).items()}


def types_by_duckdb(path: Path) -> dict[str, str]:
    kinds = {"VARCHAR": "text", "DOUBLE": "float", "INTEGER": "integer", "BIGINT": "integer", "TIMESTAMP WITH TIME ZONE": "time UTC"}
    with duckdb.connect() as connection:
        found = connection.execute("DESCRIBE FROM read_parquet(?)", [str(path)]).fetchall()
    return {name: kinds[kind] for name, kind, *_ in found}


def types_by_pyarrow(path: Path) -> dict[str, str]:
    def of(kind: pa.DataType) -> str:
        if pa.types.is_timestamp(kind):
            return f"time {kind.tz}"
        texts = (pa.string(), pa.large_string(), pa.string_view())
        return "text" if kind in texts else {pa.float64(): "float", pa.int32(): "integer", pa.int64(): "integer"}[kind]

    return {field.name: of(field.type) for field in pq.read_schema(path)}


@pytest.mark.impls
@pytest.mark.timeout(900)
@pytest.mark.parametrize("read", [types_by_polars, types_by_duckdb, types_by_pyarrow])
def test_every_reader_sees_the_types_of_the_spec(written: Path, read: Callable[[Path], dict[str, str]]) -> None:
    spec = {name: TYPES[name].replace("time", "time UTC") for name in COLUMNS}
    assert read(written) == spec


@pytest.mark.impls
@pytest.mark.timeout(900)
def test_every_reader_sees_the_same_values(written: Path) -> None:
    rows = by_pyarrow(written)
    assert by_polars(written) == rows
    assert by_duckdb(written) == rows
    tailnum, time = COLUMNS.index("tailnum"), COLUMNS.index("time_hour")
    assert {"Nü,", 'a"b\nc', None} <= {values[tailnum] for values in rows}
    last = datetime.datetime(2261, 12, 31, 23, 59, 59, tzinfo=datetime.UTC)
    assert {0, int(last.timestamp()) * 1000} <= {values[time] for values in rows}
