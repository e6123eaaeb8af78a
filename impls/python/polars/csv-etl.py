"""csv-etl with Polars: one lazy query on the streaming engine, from the file to the output; the malformed records fall out on the way.

The operations on a table are Polars' own, one query each.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

import polars as pl
from bench_protocol.contract import Check
from bench_protocol.wire import Request
from flight_rules import COLUMNS, write_rejects
from polars import col
from records import INSTANT, SCHEMA, TIME, Records

GROUP = ("carrier", "name", "origin", "month")
WEATHER = ("temp", "wind_speed", "visib")
WEATHER_HOUR = ("origin", "weather_month", "weather_day", "weather_hour")
KEYS = ("carrier", "tailnum", "origin", "dest", "time_hour", "flight", "name")
FLIGHT = sorted(COLUMNS, key=lambda name: KEYS.index(name) if name in KEYS else len(KEYS))
ROW = (
    "carrier", "name", "flight", "tailnum", "origin", "dest", "year", "month", "day", "time_hour", "dep_delay", "arr_delay", "air_time",
    "distance", "weekday", "hour", "speed", "made_up", "late", *WEATHER,
)  # fmt: skip
Made = TypeVar("Made")


class Tables(NamedTuple):
    """The inputs: scans of their files, or what has been read of these."""

    flights: pl.LazyFrame
    airlines: pl.LazyFrame
    weather: pl.LazyFrame


class Data:
    """What the steps work on; `units` is how many records the last one went over."""

    def __init__(self, request: Request) -> None:
        self.inputs = request.inputs
        self.units = 0
        self.tables = Tables(_flights(request.inputs), _airlines(request.inputs), _weather(request.inputs))
        self._request = request

    def output(self, name: str) -> Path:
        """A file in the request's working folder."""
        return self._request.working() / name


class Result(NamedTuple):
    """A table, or only its rows where it went into a file; and the pass over the records, where there was one."""

    rows: int
    table: pl.DataFrame | None = None
    records: Records | None = None


def start(threads: int) -> int:
    """The pool took its size from the environment at the import; `threads` is only compared with it by the harness."""
    return pl.thread_pool_size()


def load(request: Request) -> Data:
    data = Data(request)
    if request.params["table"]:
        data.tables = Tables(*(_collect(table).lazy() for table in data.tables))
        data.units = data.tables.flights.select(pl.len()).collect().item()
    return data


def units(data: Data) -> int:
    return data.units


def agg(data: Data) -> Result:
    """The names are joined to the groups: a carrier has one, and the groups are few."""
    records = Records(data.inputs["flights"])
    rows = _derived(_with_weather(records.query(), data))
    counts = {"flights": pl.len(), "late": col("late").sum(), "weekend": (col("weekday") >= 6).sum(), "early": (col("hour") < 12).sum()}
    means = {name: col(name).mean() for name in ("made_up", "speed", "temp")}
    groups = _with_names(rows.group_by("carrier", "origin", "month").agg(**counts, **means), data)
    table = _run(data, "agg", records, lambda: _collect(groups.select(*GROUP, *counts, *means)))
    table.write_csv(data.output("agg.csv"))
    return Result(table.height, records=records)


def csv(data: Data) -> Result:
    records = Records(data.inputs["flights"])
    rows = _joined(_derived(records.query()), data).select(ROW)
    _run(data, "csv", records, lambda: rows.sink_csv(data.output("csv.csv"), maintain_order=False))
    return Result(records.kept, records=records)


def parquet(data: Data) -> Result:
    records = Records(data.inputs["flights"])
    rows = (
        _joined(_derived(records.query()), data)
        .with_columns(col("weekday", "hour").cast(pl.Int32), col("made_up").cast(pl.Float64), time_hour="time")
        .select(ROW)
    )
    _run(data, "parquet", records, lambda: rows.sink_parquet(data.output("parquet.parquet"), compression="snappy", maintain_order=False))
    return Result(records.kept, records=records)


def read(data: Data) -> Result:
    return _table(_flights(data.inputs))


def filter_(data: Data) -> Result:
    return _table(data.tables.flights.filter(col("arr_delay") > 15, col("distance") >= 500))


def join(data: Data) -> Result:
    return _table(_joined(data.tables.flights.with_columns(time="time_hour"), data).drop("time"))


def write_table(data: Data) -> Result:
    data.tables.flights.select(FLIGHT).sink_csv(data.output("write.csv"), datetime_format=INSTANT, engine="streaming")
    return Result(data.units)


STEPS = {"agg": agg, "csv": csv, "parquet": parquet, "read": read, "filter": filter_, "join": join, "write": write_table}


def check(step: str, result: Result) -> Check:
    if result.records:
        return {"rows": result.rows, "sums": result.records.tally()}
    if result.table is None:
        return {"rows": result.rows, "sums": {}}
    sums = result.table.select(pl.exclude(KEYS).cast(pl.Float64).sum())
    return {"rows": result.rows, "sums": sums.row(0, named=True)}


def phases(step: str, result: Result) -> Mapping[str, int]:
    """What the source did itself; the engine derives, joins and writes meanwhile, and does not tell these apart."""
    return {"read": result.records.read_ns, "parse": result.records.parse_ns} if result.records else {}


def write(step: str, result: Result, path: Path) -> int:
    assert result.table is not None  # only such results are asked for
    names = [name for name in (*FLIGHT[:6], "name", *FLIGHT[6:], *WEATHER) if name in result.table.columns]
    result.table.select(names).write_csv(path, datetime_format=INSTANT)
    return result.rows


def _run(data: Data, step: str, records: Records, work: Callable[[], Made]) -> Made:
    try:
        made = work()
    except Exception:
        if records.failure:
            raise records.failure from None  # the engine tells of it in words of its own
        raise
    write_rejects(data.output(f"{step}.rejects.csv"), records.rejects)
    data.units = records.read
    return made


def _derived(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.with_columns(
        weekday=col("time").dt.weekday(),
        hour=col("time").dt.hour(),
        speed=col("distance").cast(pl.Float64) * 60 / col("air_time"),
        made_up=col("dep_delay") - col("arr_delay"),
        late=(col("arr_delay") > 15).cast(pl.Int32),
    )


def _joined(rows: pl.LazyFrame, data: Data) -> pl.LazyFrame:
    return _with_weather(_with_names(rows, data), data)


def _with_names(rows: pl.LazyFrame, data: Data) -> pl.LazyFrame:
    return rows.join(data.tables.airlines, on="carrier", how="left")


def _with_weather(rows: pl.LazyFrame, data: Data) -> pl.LazyFrame:
    return rows.with_columns(_of_any_year(col("time"))).join(data.tables.weather, on=WEATHER_HOUR, how="left").drop(WEATHER_HOUR[1:])


def _of_any_year(time: pl.Expr) -> list[pl.Expr]:
    """The parts of an instant that the weather is joined by."""
    return [part.alias(name) for name, part in zip(WEATHER_HOUR[1:], (time.dt.month(), time.dt.day(), time.dt.hour()), strict=True)]


def _flights(inputs: Mapping[str, str]) -> pl.LazyFrame:
    rows = pl.scan_csv(inputs["flights"], schema={name: SCHEMA[name] for name in COLUMNS}, null_values="NA")
    return rows.with_columns(time_hour=TIME)


def _airlines(inputs: Mapping[str, str]) -> pl.LazyFrame:
    return pl.scan_csv(inputs["airlines"], schema={"carrier": pl.String, "name": pl.String})


def _weather(inputs: Mapping[str, str]) -> pl.LazyFrame:
    """By origin and hour of any year, with the columns that are joined."""
    types = dict.fromkeys(WEATHER, pl.Float64) | {"time_hour": pl.String}
    rows = pl.scan_csv(inputs["weather"], schema_overrides=types, null_values="NA")
    return rows.with_columns(_of_any_year(TIME)).select(*WEATHER_HOUR, *WEATHER)


def _collect(query: pl.LazyFrame) -> pl.DataFrame:
    return query.collect(engine="streaming")


def _table(query: pl.LazyFrame) -> Result:
    table = _collect(query)
    return Result(table.height, table)
