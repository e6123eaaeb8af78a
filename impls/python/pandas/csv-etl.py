"""csv-etl with pandas: block by block from the reader to the writer, on whole columns; no Python call a row.

The operations on a table are pandas' own, one or two calls each.
"""

from collections.abc import Mapping
from pathlib import Path
from time import monotonic_ns
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
from bench_protocol.contract import Check
from bench_protocol.wire import Request
from flight_rules import COLUMNS, MAYBE_MISSING, TEXTS, write_rejects
from pyarrow.parquet import ParquetWriter
from records import INSTANT, Records
from transform import WEATHER, Transform, hour_of_any_year, read_airlines, read_weather

KEYS = ["carrier", "tailnum", "origin", "dest", "time_hour", "flight", "name"]
FLIGHT = sorted(COLUMNS, key=lambda name: KEYS.index(name) if name in KEYS else len(KEYS))
TYPES = dict.fromkeys(COLUMNS, "int64") | dict.fromkeys(MAYBE_MISSING, "Int64") | dict.fromkeys(TEXTS, "str") | {"time_hour": "str"}
ROW = pa.schema(
    {
        **dict.fromkeys(("carrier", "name"), pa.string()),
        "flight": pa.int64(),
        **dict.fromkeys(("tailnum", "origin", "dest"), pa.string()),
        **dict.fromkeys(("year", "month", "day"), pa.int64()),
        "time_hour": pa.timestamp("ms", tz="UTC"),
        **dict.fromkeys(("dep_delay", "arr_delay", "air_time", "distance", "weekday", "hour"), pa.int64()),
        **dict.fromkeys(("speed", "made_up"), pa.float64()),
        "late": pa.int64(),
        **dict.fromkeys(WEATHER, pa.float64()),
    }
)
"""The columns of `csv` and `parquet`."""


class Data:
    """What the steps work on; `units` is how many records the last one went over."""

    def __init__(self, request: Request) -> None:
        self.inputs = request.inputs
        self.units = 0
        self.flights = self.airlines = self.weather = pd.DataFrame()
        self._request = request

    def output(self, name: str) -> Path:
        """A file in the request's working folder."""
        return self._request.working() / name


class Result(NamedTuple):
    """A table, or only its rows where it went into a file; and the pass over the records, where there was one."""

    rows: int
    table: pd.DataFrame | None = None
    records: Records | None = None
    times: Mapping[str, int] = {}


def start(threads: int) -> int:
    """Nothing in pandas' reader, group-by or writer runs in parallel; pyarrow only encodes what is written as Parquet."""
    pa.set_cpu_count(1)
    return 1


def load(request: Request) -> Data:
    data = Data(request)
    if request.params["table"]:
        data.flights = _read(data.inputs)
        data.airlines, data.weather = read_airlines(data.inputs["airlines"]), read_weather(data.inputs["weather"])
        data.units = len(data.flights)
    return data


def units(data: Data) -> int:
    return data.units


def agg(data: Data) -> Result:
    """Sums by block, added up in the end."""
    records, transform = Records(data.inputs["flights"]), Transform(data.inputs)
    table = transform.means([transform.sums(rows) for rows in records.tables()])
    writing = monotonic_ns()
    _write_csv(table, data.output("agg.csv"))
    return _written(data, "agg", records, transform, len(table), monotonic_ns() - writing)


def csv(data: Data) -> Result:
    records, transform = Records(data.inputs["flights"]), Transform(data.inputs)
    write_ns = 0
    with data.output("csv.csv").open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(ROW.names) + "\n")
        for rows in records.tables():
            table = transform.rows(rows)
            writing = monotonic_ns()
            table[ROW.names].to_csv(file, header=False, index=False, lineterminator="\n")
            write_ns += monotonic_ns() - writing
    return _written(data, "csv", records, transform, records.kept, write_ns)


def parquet(data: Data) -> Result:
    """By pyarrow's writer, which pandas' own `to_parquet` calls too, but only for a whole table."""
    records, transform = Records(data.inputs["flights"]), Transform(data.inputs)
    write_ns = 0
    with ParquetWriter(data.output("parquet.parquet"), ROW) as writer:
        for rows in records.tables():
            table = transform.rows(rows).drop(columns="time_hour").rename(columns={"time": "time_hour"})
            writing = monotonic_ns()
            writer.write_table(pa.Table.from_pandas(table, ROW, preserve_index=False))
            write_ns += monotonic_ns() - writing
    return _written(data, "parquet", records, transform, records.kept, write_ns)


def read(data: Data) -> Result:
    table = _read(data.inputs)
    data.units = len(table)
    return Result(len(table), table)


def filter_(data: Data) -> Result:
    table = data.flights
    late = table[(table["arr_delay"] > 15) & (table["distance"] >= 500)]
    return Result(len(late), late)


def join(data: Data) -> Result:
    """By the airline's code; then by origin and hour, as columns of both tables."""
    keys = hour_of_any_year(data.flights["time_hour"].dt)
    weather = data.weather.assign(**hour_of_any_year(data.weather["time_hour"].dt)).drop(columns="time_hour")
    named = data.flights.merge(data.airlines, on="carrier", how="left").assign(**keys)
    table = named.merge(weather, on=["origin", *keys], how="left").drop(columns=[*keys])
    return Result(len(table), table)


def write_table(data: Data) -> Result:
    _write_csv(data.flights[FLIGHT], data.output("write.csv"))
    return Result(len(data.flights))


STEPS = {"agg": agg, "csv": csv, "parquet": parquet, "read": read, "filter": filter_, "join": join, "write": write_table}


def check(step: str, result: Result) -> Check:
    if result.records:
        return {"rows": result.rows, "sums": result.records.tally()}
    if result.table is None:
        return {"rows": result.rows, "sums": {}}
    values = result.table.drop(columns=[name for name in KEYS if name in result.table])
    return {"rows": result.rows, "sums": {str(name): float(values[name].sum()) for name in values}}


def phases(step: str, result: Result) -> Mapping[str, int]:
    return result.times


def write(step: str, result: Result, path: Path) -> int:
    assert result.table is not None  # only such results are asked for
    names = [name for name in (*FLIGHT[:6], "name", *FLIGHT[6:], *WEATHER) if name in result.table]
    _write_csv(result.table[names], path)
    return result.rows


def _read(inputs: Mapping[str, str]) -> pd.DataFrame:
    return pd.read_csv(
        inputs["flights"], dtype=TYPES, keep_default_na=False, na_values=["NA"], parse_dates=["time_hour"], date_format="ISO8601",
        low_memory=False,
    )  # fmt: skip


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False, lineterminator="\n", date_format=INSTANT)


def _written(data: Data, step: str, records: Records, transform: Transform, rows: int, write_ns: int) -> Result:
    writing = monotonic_ns()
    write_rejects(data.output(f"{step}.rejects.csv"), records.rejects)
    write_ns += monotonic_ns() - writing
    data.units = records.read
    times = {"read": records.read_ns, "parse": records.parse_ns, "transform": transform.ns, "write": write_ns}
    return Result(rows, records=records, times=times)
