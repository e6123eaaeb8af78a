"""The step `csv`: the kept rows, written by whoever cleaned them.

Every worker appends whole blocks to one file: a write to a file opened for appending goes to its end at that moment, whoever else
writes (POSIX, write), and the order of rows is free. So no row goes from one process to another.
"""

from pathlib import Path
from typing import Any

from flight_etl.batches import Batch
from flight_etl.cleaning import Counts
from flight_etl.lookups import Lookups, Weather
from flight_etl.texts import quoted

Hour = tuple[str, dict[str, str]]
NAME = "csv.csv"
HEADER = (
    "carrier,name,flight,tailnum,origin,dest,year,month,day,time_hour,dep_delay,arr_delay,air_time,distance,"
    "weekday,hour,speed,made_up,late,temp,wind_speed,visib\n"
)
_TEXTS = ("carrier", "flight", "tailnum", "origin", "dest", "year", "month", "day", "time_hour")


class Rows:
    """The rows of one range; whole numbers are written as they stood, which reads back as the same value."""

    def __init__(self, lookups: Lookups, outputs: Path) -> None:
        self._names = {carrier: quoted(name) for carrier, name in lookups.names.items()}
        self._file = (outputs / NAME).open("ab", buffering=0)

    @staticmethod
    def hour(weekday: int, hour: int, weather: dict[str, Weather]) -> Hour:
        """The fields of an hour as text, and those of its weather by origin."""
        return f"{weekday},{hour}", {origin: ",".join(found) for origin, found in weather.items()}

    def take(self, batch: Batch[Hour]) -> Counts:
        """The numbers come parsed for what is derived, and as the texts that are written."""
        names = [self._names.get(carrier, "") for carrier in batch.texts["carrier"]]
        columns = [_fit(batch, name) for name in _TEXTS]
        rows = zip(zip(*columns, strict=True), names, batch.texts["origin"], *batch.numbers, batch.hours, strict=True)
        lines: list[str] = []
        dropped = 0
        for texts, name, origin, dep_time, arr_time, dep_delay, arr_delay, air_time, distance, (hour, weather) in rows:
            if dep_time is None or arr_time is None or dep_delay is None or arr_delay is None or air_time is None:
                dropped += 1
                continue
            if distance < 500 or air_time <= 0:
                continue
            carrier, flight, tailnum, start, dest, year, month, day, time_hour = texts
            lines.append(
                f"{carrier},{name},{flight},{tailnum},{start},{dest},{year},{month},{day},{time_hour},{dep_delay},{arr_delay},{air_time},"
                f"{distance},{hour},{distance * 60 / air_time!r},{dep_delay - arr_delay},{1 if arr_delay > 15 else 0},"
                f"{weather.get(origin, ',,')}\n"
            )
        self._append("".join(lines).encode())
        return Counts(dropped, len(lines))

    def result(self) -> None:
        """The rows are in the file already."""
        self._file.close()

    def _append(self, lines: bytes) -> None:
        written = self._file.write(lines)
        if written < len(lines):
            # The rest cannot follow, as others append meanwhile; but the attempt tells why it was cut off: no space, or a limit.
            self._file.write(lines[written:])
            raise OSError(f"{self._file.name}: a write was cut short; is the disk full?")


class Appended:
    """The file that all ranges append to."""

    def __init__(self, lookups: Lookups, outputs: Path) -> None:
        (outputs / NAME).write_text(HEADER, encoding="ascii")

    def add(self, result: None) -> None:
        """The rows are in the file already."""

    def close(self, kept: int) -> int:
        """Nothing is open; every row that was kept was written."""
        return kept


def _fit(batch: Batch[Any], name: str) -> list[str]:
    """The column's texts, with quotes where those of odd records need them. Of a kept row, only tailnum may be missing."""
    column = batch.texts[name]
    if batch.odd:
        column = [*column[: -batch.odd], *map(quoted, column[-batch.odd :])]
    return ["" if text == "NA" else text for text in column] if name == "tailnum" and "NA" in column else column
