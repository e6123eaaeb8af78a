"""From a block's checked columns to its kept rows with what is derived and joined, as the steps want them."""

from functools import reduce
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from flights import Flights
from lookups import Lookups

NEEDED = ("dep_time", "arr_time", "dep_delay", "arr_delay", "air_time")
"""A row without one of them is dropped."""
NUMBERS = {
    "agg": frozenset(("month", "dep_delay", "arr_delay", "air_time", "distance")),
    "rows": frozenset(("year", "month", "day", "flight", "dep_delay", "arr_delay", "air_time", "distance")),
}
TEXTS = {"agg": frozenset(("carrier", "origin")), "rows": frozenset(("carrier", "tailnum", "origin", "dest"))}
ZERO, FAR, LATE, MINUTES = pa.scalar(0, pa.int32()), pa.scalar(500, pa.int32()), pa.scalar(15, pa.int32()), pa.scalar(60.0)


class Kept(NamedTuple):
    """A block's rows that pass the filter, and how many were clean and dropped."""

    columns: dict[str, pa.Array]
    """carrier, name and origin are dictionary arrays."""
    rows: int
    clean: int
    dropped: int


def kept(block: Flights, lookups: Lookups, output: str) -> Kept:
    """Rows for the output `agg` or `rows`."""
    columns = block.columns
    missing = reduce(pc.or_, (columns[name].is_null() for name in NEEDED))
    clean = pc.and_not(block.lawful, missing)
    wanted = pc.and_(pc.greater(columns["air_time"], ZERO), pc.greater_equal(columns["distance"], FAR))
    names = sorted(NUMBERS[output] | TEXTS[output])
    # Beside its text each row carries the index of its instant alone: all of the time is derived from the dictionary.
    batch = pa.record_batch([*(columns[name] for name in names), columns["time_hour"].indices], [*names, "time"])
    rows = batch.filter(pc.and_(clean, wanted))
    found = dict(zip(names, rows.columns, strict=False))
    found |= _derived(found, rows["time"], block, lookups, output)
    return Kept(found, rows.num_rows, clean.true_count, pc.and_(block.lawful, missing).true_count)


def _derived(rows: dict[str, pa.Array], time: pa.Array, block: Flights, lookups: Lookups, output: str) -> dict[str, pa.Array]:
    place = lookups.place(rows["origin"], block.instants, time)
    miles = pc.multiply(rows["distance"].cast(pa.float64()), MINUTES)
    derived = {
        "weekday": pc.day_of_week(block.instants, count_from_zero=False).cast(pa.int32()).take(time),
        "hour": pc.hour(block.instants).cast(pa.int32()).take(time),
        "speed": pc.divide(miles, rows["air_time"].cast(pa.float64())),
        "made_up": pc.subtract(rows["dep_delay"], rows["arr_delay"]),
        "late": pc.greater(rows["arr_delay"], LATE).cast(pa.int32()),
        **{name: values.take(place) for name, values in lookups.weather.items() if name == "temp" or output == "rows"},
    }
    if output == "rows":
        derived["name"] = lookups.name(rows["carrier"])
        derived["time_hour"] = block.columns["time_hour"].dictionary.take(time)
        derived["instant"] = block.instants.take(time)
    return derived
