"""The stall meter: a Python thread that sleeps a fixed short time and notes by how much it overslept.

A thread of the interpreter and no native one: to wake it must take the interpreter's lock, as a waiting request would.
"""

from threading import Thread
from time import monotonic_ns, sleep
from typing import Any

from bench_protocol.longest import Longest


class StallMeter:
    """Sleeps and measures from its making to its report."""

    def __init__(self, interval_ns: int, threshold_ns: int) -> None:
        self._interval_ns = interval_ns
        self._threshold_ns = threshold_ns
        self._count = self._total_ns = self._max_ns = 0
        self._histogram: list[int] = []
        self._longest = Longest()
        self._running = True
        self._thread = Thread(target=self._sleep_again_and_again, daemon=True)
        self._thread.start()

    def report(self) -> dict[str, Any]:
        """Stops the meter after the sleep that is under way."""
        self._running = False
        self._thread.join()
        return {
            "interval_ns": self._interval_ns,
            "threshold_ns": self._threshold_ns,
            "count": self._count,
            "total_over_ns": self._total_ns,
            "max_over_ns": self._max_ns,
            "histogram": self._histogram,
            **self._longest.report(),
        }

    def _sleep_again_and_again(self) -> None:
        seconds = self._interval_ns / 1e9
        while self._running:
            due = monotonic_ns() + self._interval_ns
            sleep(seconds)
            self._note(due, max(monotonic_ns() - due, 0))

    def _note(self, due_ns: int, over_ns: int) -> None:
        self._count += 1
        self._total_ns += over_ns
        self._max_ns = max(self._max_ns, over_ns)
        bucket = max((over_ns // 1000).bit_length() - 1, 0)
        self._histogram.extend([0] * (bucket + 1 - len(self._histogram)))
        self._histogram[bucket] += 1
        if over_ns > self._threshold_ns:
            self._longest.add(due_ns, over_ns)
