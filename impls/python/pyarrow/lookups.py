"""What is joined: the airlines' names, and the weather of each hour of a year, as arrays to take from.

Road not taken: Acero's hash join, which builds its table anew for each block and copies every column. Here the key of the weather is
made for a block's few different hours and origins, and each row takes by position.
"""

from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

DAYS, CLOCK = pa.scalar(32, pa.int64()), pa.scalar(24, pa.int64())
HOURS = pa.scalar(13 * 32 * 24, pa.int32())
"""Places for the hours of a year: month, day, hour."""
VALUES = ("temp", "wind_speed", "visib")


class Lookups(NamedTuple):
    """The two small tables."""

    carriers: pa.Array
    names: pa.Array
    origins: pa.Array
    weather: dict[str, pa.Array]
    """Each value by `place`."""

    def name(self, carriers: pa.Array) -> pa.Array:
        """The name of each row of a dictionary array, itself one; null for an airline that is not known."""
        known = pc.index_in(carriers.dictionary, self.carriers)
        return pa.DictionaryArray.from_arrays(known.take(carriers.indices), self.names)

    def place(self, origins: pa.Array, instants: pa.Array, time: pa.Array) -> pa.Array:
        """Where the weather of each row stands, for a dictionary array and indices into `instants`; null for an unknown origin."""
        base = pc.multiply(pc.index_in(origins.dictionary, self.origins), HOURS)
        return pc.add(base.take(origins.indices), _hour(instants).take(time))


def read(airlines: str, weather: str) -> Lookups:
    """Raises what Arrow raises for a file that is not as the spec has it."""
    names = _csv(airlines, {"carrier": pa.string(), "name": pa.string()})
    hours = _csv(weather, {"origin": pa.string(), "time_hour": pa.timestamp("s", "UTC"), **dict.fromkeys(VALUES, pa.float64())})
    origins = hours["origin"].combine_chunks().dictionary_encode()
    places = pc.add(pc.multiply(origins.indices, HOURS), _hour(hours["time_hour"].combine_chunks()))
    rows = pc.index_in(pa.array(range(len(origins.dictionary) * HOURS.as_py()), places.type), places)
    values = {name: hours[name].combine_chunks().take(rows) for name in VALUES}
    return Lookups(names["carrier"].combine_chunks(), names["name"].combine_chunks(), origins.dictionary, values)


def _hour(instants: pa.Array) -> pa.Array:
    days = pc.add(pc.multiply(pc.month(instants), DAYS), pc.day(instants))
    return pc.add(pc.multiply(days, CLOCK), pc.hour(instants)).cast(pa.int32())


def _csv(path: str, types: dict[str, pa.DataType]) -> pa.Table:
    convert = csv.ConvertOptions(column_types=types, include_columns=list(types), null_values=["NA"], strings_can_be_null=True)
    return csv.read_csv(path, csv.ReadOptions(use_threads=False), csv.ParseOptions(quote_char=False), convert)
