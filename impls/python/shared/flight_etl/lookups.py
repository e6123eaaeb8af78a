"""What is joined and derived, remembered by the text that it belongs to: a text of the file is parsed once, not once a row.

A memo belongs to one worker. On a build without the interpreter's lock, threads that share one would fight for its reference count.
"""

from collections.abc import Callable, Iterator
from datetime import date
from operator import itemgetter
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from bench_protocol.failure import Failure
from flight_rules.rules import is_instant, is_whole

Value = TypeVar("Value")
Weather = tuple[str, str, str]
"""temp, wind_speed and visib as they stand in the file, empty where missing."""

MOST = 1 << 15
"""Texts that a memo holds between blocks: the file's hours go on and on, and memory must not."""


class Memo(dict[str, Value | None], Generic[Value]):
    """Text to its value, through `dict.__getitem__`, so that a known text costs no call; an unlawful one is a fault and is not kept."""

    faults = 0

    def __missing__(self, text: str) -> Value | None:
        if not self.lawful(text):
            self.faults += 1
            return None
        self[text] = value = self.value(text)
        return value

    def lawful(self, text: str) -> bool:
        """Whether the text has a value, or is missing and may be."""
        raise NotImplementedError

    def value(self, text: str) -> Value | None:
        """Of a lawful text; None where missing."""
        raise NotImplementedError

    def trim(self) -> None:
        """Forgets, where it has grown."""
        if len(self) > MOST:
            self.clear()


class Wholes(Memo[int]):
    """Whole numbers."""

    def lawful(self, text: str) -> bool:
        """Nothing missing is."""
        return is_whole(text)

    def value(self, text: str) -> int | None:
        """The number."""
        return int(text)


class MaybeWholes(Wholes):
    """Whole numbers that may be missing."""

    def lawful(self, text: str) -> bool:
        """NA is."""
        return text == "NA" or is_whole(text)

    def value(self, text: str) -> int | None:
        """The number, or None of NA."""
        return None if text == "NA" else int(text)


class Hours(Memo[Value]):
    """time_hour to what a step makes of its weekday, its hour and that hour's weather by origin."""

    def __init__(self, weather: "dict[str, dict[str, Weather]]", make: "Callable[[int, int, dict[str, Weather]], Value]") -> None:
        super().__init__()
        self._weather = weather
        self._make = make

    def lawful(self, text: str) -> bool:
        """Nothing missing is."""
        return is_instant(text)

    def value(self, text: str) -> Value | None:
        """What the step makes of it."""
        weekday = date.fromisoformat(text[:10]).isoweekday()
        return self._make(weekday, int(text[11:13]), self._weather.get(_month_to_hour(text), {}))


class Lookups(NamedTuple):
    """The two small tables; read once, then only looked at."""

    names: dict[str, str]
    weather: dict[str, dict[str, Weather]]
    """By month, day and hour as `MM-DDTHH`, then by origin."""

    @classmethod
    def read(cls, airlines: Path, weather: Path) -> "Lookups":
        """Both files are well formed and without quotes, as the workload says."""
        by_hour: dict[str, dict[str, Weather]] = {}
        for time, origin, *found in _columns(weather, "time_hour", "origin", "temp", "wind_speed", "visib"):
            temp, wind, visib = ("" if text == "NA" else text for text in found)
            by_hour.setdefault(_month_to_hour(time), {})[origin] = (temp, wind, visib)
        names = {carrier: name for carrier, name in _columns(airlines, "carrier", "name")}  # noqa: C416 - `dict` takes no rows of unknown width
        return cls(names, by_hour)


def _month_to_hour(instant: str) -> str:
    return instant[5:13]


def _columns(path: Path, *names: str) -> Iterator[tuple[str, ...]]:
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            header = next(file).removesuffix("\n").split(",")
            pick = itemgetter(*map(header.index, names))
            for line in file:
                yield pick(line.removesuffix("\n").split(","))
    except (OSError, ValueError, IndexError, StopIteration) as error:
        raise Failure("input", f"{path} has not the columns {', '.join(names)}: {error}; make it anew with `bench data`") from error
