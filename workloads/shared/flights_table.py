"""Flights joined with their weather, as numbers: what the models on flights are made of."""

from pathlib import Path

import nycflights
import polars as pl

CATEGORIES = ("carrier", "origin", "dest")
WEATHER = ("temp", "wind_speed", "visib")
NUMBERS = ("month", "weekday", "minute_of_day", "distance", *WEATHER)
LATE_MINUTES = 15


def table(cache: Path) -> pl.DataFrame:
    """A row a flight: NUMBERS, CATEGORIES as codes in alphabetical order, `late` (missing where it never arrived)."""
    flights, weather = (_read(nycflights.table(cache, name)) for name in ("flights", "weather"))
    weather = weather.select("origin", "time_hour", *WEATHER).unique(["origin", "time_hour"], keep="first", maintain_order=True)
    joined = flights.join(weather, on=["origin", "time_hour"], how="left", maintain_order="left")
    hour = pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ")
    minutes = pl.col("sched_dep_time") // 100 * 60 + pl.col("sched_dep_time") % 100
    codes = [pl.col(name).rank("dense").cast(pl.Int32) - 1 for name in CATEGORIES]
    return joined.with_columns(
        *codes, weekday=hour.dt.weekday(), minute_of_day=minutes, late=(pl.col("arr_delay") > LATE_MINUTES).cast(pl.Int8)
    ).select(*NUMBERS, *CATEGORIES, "late")


def names(cache: Path) -> dict[str, list[str]]:
    """Of each of CATEGORIES its names; a name's place is its code."""
    flights = _read(nycflights.table(cache, "flights"))
    return {name: flights[name].unique().sort().to_list() for name in CATEGORIES}


def _read(text: bytes) -> pl.DataFrame:
    return pl.read_csv(text, null_values="NA", infer_schema_length=None)
