"""What the API does, without HTTP: a checked flight to its features, a prediction, and the entity's record brought up to date.

Promise: a batch changes nothing unless all of it can be answered, and what a client may have got wrong is a Refusal that names the field.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import TYPE_CHECKING, NamedTuple, Protocol

from serving.inputs import Codes
from serving.store import Record, Store

if TYPE_CHECKING:  # the API can be tried without the engine
    from serving.model import Model, Row


class Refusal(Exception):
    """A 400: the message is the answer's."""


class Flight(Protocol):
    """A body after a variant's own checks of types, ranges, and missing and unknown fields."""

    month: int
    weekday: int
    minute_of_day: int
    distance: float
    carrier: str
    origin: str
    dest: str
    temp: float | None
    wind_speed: float | None
    visib: float | None
    entity: str | None


class Service(NamedTuple):
    """Everything that requests need."""

    model: Model
    version: str
    codes: dict[str, Codes]
    store: Store
    downstream: int | None = None
    """The port of the service that requests are passed on to, where the case has one."""

    def predict(self, flight: Flight) -> float:
        """One probability; its entity is updated."""
        row, record = self._features(flight, "")
        probability = self.model.predict(row)
        if record is not None:
            record.update(probability)
        return probability

    def predict_many(self, flights: Sequence[Flight]) -> list[float]:
        """All, or a Refusal before anything has changed."""
        rows, records = zip(*(self._features(flight, f"rows[{place}].") for place, flight in enumerate(flights)), strict=True)
        probabilities = self.model.predict_many(list(rows))
        for record, probability in zip(records, probabilities, strict=True):
            if record is not None:
                record.update(probability)
        return probabilities

    def _features(self, flight: Flight, place: str) -> tuple[Row, Record | None]:
        record = self._record(flight, place)
        if record is None:
            weather = tuple(nan if x is None else x for x in (flight.temp, flight.wind_speed, flight.visib))
        else:
            weather = (record.temp, record.wind_speed, record.visib)
        row = (flight.month, flight.weekday, flight.minute_of_day, flight.distance, *self._coded(flight, place), *weather)
        return row, record

    def _coded(self, flight: Flight, place: str) -> tuple[float, float, float]:
        codes = self.codes
        try:
            return codes["carrier"][flight.carrier], codes["origin"][flight.origin], codes["dest"][flight.dest]
        except KeyError:
            name = next(name for name, known in codes.items() if getattr(flight, name) not in known)
            raise Refusal(f"{place}{name}: {_shown(getattr(flight, name))} is not known") from None

    def _record(self, flight: Flight, place: str) -> Record | None:
        if flight.entity is None:
            return None
        for name in ("temp", "wind_speed", "visib"):
            if getattr(flight, name) is not None:
                raise Refusal(f"{place}{name}: must be absent where an entity is given")
        record = self.store.get(flight.entity)
        if record is None:
            raise Refusal(f"{place}entity: {_shown(flight.entity)} is not known")
        return record


def _shown(text: str, limit: int = 40) -> str:
    """A client's text as it may stand in one line of any encoding: also where it is long, or half of a surrogate pair."""
    return ascii(text[:limit])
