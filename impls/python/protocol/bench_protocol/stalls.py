"""The stall meter: a Python thread that sleeps a fixed short time and notes by how much it overslept.

A thread of the interpreter and no native one: to wake it must take the interpreter's lock, as a waiting request would.
A server has a task of its loop in the thread's place, which notes into the same record.
"""

from threading import Thread
from time import monotonic_ns, sleep
from typing import Any

from bench_protocol.longest import Longest


class Stalls:
    """The record of one meter, or of several."""

    def __init__(self, interval_ns: int, threshold_ns: int) -> None:
        self.interval_ns = interval_ns
        self.threshold_ns = threshold_ns
        self._count = self._total_ns = self._max_ns = 0
        self._histogram: list[int] = []
        self._longest = Longest()

    def note(self, due_ns: int, over_ns: int) -> None:
        """One sleep: when it should have ended, and how much later it did."""
        self._count += 1
        self._total_ns += over_ns
        self._max_ns = max(self._max_ns, over_ns)
        bucket = max((over_ns // 1000).bit_length() - 1, 0)
        self._widen(bucket + 1)
        self._histogram[bucket] += 1
        if over_ns > self.threshold_ns:
            self._longest.add(due_ns, over_ns)

    def absorb(self, report: dict[str, Any]) -> None:
        """Takes over the report of another process."""
        self._count += report["count"]
        self._total_ns += report["total_over_ns"]
        self._max_ns = max(self._max_ns, report["max_over_ns"])
        self._widen(len(report["histogram"]))
        for bucket, count in enumerate(report["histogram"]):
            self._histogram[bucket] += count
        self._longest.absorb(report)

    def report(self) -> dict[str, Any]:
        """The fields of the event."""
        return {
            "interval_ns": self.interval_ns,
            "threshold_ns": self.threshold_ns,
            "count": self._count,
            "total_over_ns": self._total_ns,
            "max_over_ns": self._max_ns,
            "histogram": self._histogram,
            **self._longest.report(),
        }

    def _widen(self, buckets: int) -> None:
        self._histogram.extend([0] * (buckets - len(self._histogram)))


class StallMeter:
    """Sleeps and measures from its making to its report."""

    def __init__(self, interval_ns: int, threshold_ns: int) -> None:
        self._stalls = Stalls(interval_ns, threshold_ns)
        self._running = True
        self._thread = Thread(target=self._sleep_again_and_again, daemon=True)
        self._thread.start()

    def report(self) -> dict[str, Any]:
        """Stops the meter after the sleep that is under way."""
        self._running = False
        self._thread.join()
        return self._stalls.report()

    def _sleep_again_and_again(self) -> None:
        interval_ns, note = self._stalls.interval_ns, self._stalls.note
        seconds = interval_ns / 1e9
        while self._running:
            due = monotonic_ns() + interval_ns
            sleep(seconds)
            note(due, max(monotonic_ns() - due, 0))
