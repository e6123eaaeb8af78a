"""Keeps the longest few of many events, in bounded memory, cheaply enough for a callback of the collector."""

from heapq import heappush, heappushpop
from typing import Any

LIMIT = 4096


class Longest:
    """A heap with the shortest on top, which gives way to any longer one."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.seen = 0
        self._limit = limit
        self._heap: list[tuple[int, int, str]] = []

    def add(self, start_ns: int, wall_ns: int, kind: str = "") -> None:
        """Counts every event and keeps it where it is long enough."""
        self.seen += 1
        if len(self._heap) < self._limit:
            heappush(self._heap, (wall_ns, start_ns, kind))
        else:
            heappushpop(self._heap, (wall_ns, start_ns, kind))

    def absorb(self, report: dict[str, Any]) -> None:
        """Takes over what another process has kept."""
        for event in report["events"]:
            self.add(event["start_ns"], event["wall_ns"], event.get("kind", ""))
        self.seen += report["dropped"]

    def report(self) -> dict[str, Any]:
        """The events in the order of their start, and how many were left out."""
        events = sorted((start, wall, kind) for wall, start, kind in self._heap)
        return {
            "events": [{"start_ns": start, "wall_ns": wall} | ({"kind": kind} if kind else {}) for start, wall, kind in events],
            "dropped": self.seen - len(events),
        }
