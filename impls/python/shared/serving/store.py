"""The feature store: a dict of records, which one loop's handlers alone touch.

Promise: no update is lost. A record is read and written between two awaits, so no lock is needed.
Each worker process has a store of its own.
"""

from __future__ import annotations

KEPT = 8


class Record:
    """What is known of one entity. NaN is weather that is not known, as the model takes it."""

    __slots__ = ("last", "recent", "seen", "temp", "visib", "wind_speed")

    def __init__(self, temp: float, wind_speed: float, visib: float) -> None:
        self.temp = temp
        self.wind_speed = wind_speed
        self.visib = visib
        self.seen = 0
        self.last: float | None = None
        self.recent: list[float] = []

    def update(self, probability: float) -> None:
        """Notes one prediction."""
        self.seen += 1
        self.last = probability
        recent = self.recent
        recent.append(probability)
        if len(recent) > KEPT:
            del recent[0]


Store = dict[str, Record]
