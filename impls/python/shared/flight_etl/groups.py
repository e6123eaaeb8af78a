"""The step `agg`: sums by carrier, origin and month (as text: equal numbers written differently meet when the parts are merged).

Plain sums: a range has a few hundred rows a group and ranges are added up after, so even 57 million rows lose some 1e-14 of a sum.
"""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flight_etl.batches import Batch
from flight_etl.cleaning import Counts
from flight_etl.lookups import Lookups, Weather
from flight_etl.texts import field

Key = tuple[str, str, str]
Group = list[Any]
Hour = tuple[int, dict[str, float]]
HEADER = ("carrier", "name", "origin", "month", "flights", "late", "weekend", "early", "made_up", "speed", "temp")
WEEKEND, EARLY, LATE = 1, 2, 4
"""A row adds to one counter of eight, that of its three flags together, where it would add to four."""
MADE_UP, SPEED, TEMP, NO_TEMP = 8, 9, 10, 11


def _nothing() -> Group:
    return [0] * NO_TEMP + [0]


class Groups:
    """The groups of one range."""

    def __init__(self, lookups: Lookups, outputs: Path) -> None:
        self._groups: defaultdict[Key, Group] = defaultdict(_nothing)

    @staticmethod
    def hour(weekday: int, hour: int, weather: dict[str, Weather]) -> Hour:
        """The flags of an hour, and its temperatures by origin."""
        flags = (WEEKEND if weekday >= 6 else 0) + (EARLY if hour < 12 else 0)
        return flags, {origin: float(temp) for origin, (temp, *_) in weather.items() if temp}

    def take(self, batch: Batch[Hour]) -> Counts:
        """One loop with everything in local names; the cheapest test that ends a row comes first."""
        groups = self._groups
        late, made_up, speed, warmth, no_temp = LATE, MADE_UP, SPEED, TEMP, NO_TEMP
        keys = zip(batch.texts["carrier"], batch.texts["origin"], batch.texts["month"], strict=True)
        rows = zip(keys, *batch.numbers, batch.hours, strict=True)
        dropped = kept = 0
        for key, dep_time, arr_time, dep_delay, arr_delay, air_time, distance, (flags, temps) in rows:
            if dep_time is None or arr_time is None or dep_delay is None or arr_delay is None or air_time is None:
                dropped += 1
                continue
            if distance < 500 or air_time <= 0:
                continue
            kept += 1
            group = groups[key]
            group[flags + late if arr_delay > 15 else flags] += 1
            group[made_up] += dep_delay - arr_delay
            group[speed] += distance * 60 / air_time
            temp = temps.get(key[1])
            if temp is None:
                group[no_temp] += 1
            else:
                group[warmth] += temp
        return Counts(dropped, kept)

    def result(self) -> dict[Key, Group]:
        """Groups by their keys."""
        return dict(self._groups)


class Merged:
    """The groups of all ranges, written as `agg.csv` at the end."""

    def __init__(self, lookups: Lookups, outputs: Path) -> None:
        self._names = lookups.names
        self._path = outputs / "agg.csv"
        self._groups: defaultdict[tuple[str, str, int], Group] = defaultdict(_nothing)

    def add(self, result: dict[Key, Group]) -> None:
        """Adds a range's groups."""
        for (carrier, origin, month), found in result.items():
            group = self._groups[carrier, origin, int(month)]
            group[:] = [before + more for before, more in zip(group, found, strict=True)]

    def close(self, kept: int) -> int:
        """Writes the groups; returns how many they are."""
        with self._path.open("w", encoding="utf-8", newline="") as file:
            file.write(",".join(HEADER) + "\n")
            for (carrier, origin, month), group in self._groups.items():
                file.write(",".join(map(field, (carrier, self._names.get(carrier), origin, month, *_values(group)))) + "\n")
        return len(self._groups)


def _values(group: Group) -> Iterable[float | None]:
    flights = sum(group[:MADE_UP])
    late, weekend, early = (sum(group[flags] for flags in range(MADE_UP) if flags & flag) for flag in (LATE, WEEKEND, EARLY))
    temps = flights - group[NO_TEMP]
    return flights, late, weekend, early, group[MADE_UP] / flights, group[SPEED] / flights, group[TEMP] / temps if temps else None
