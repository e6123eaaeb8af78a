"""A run and the records of its requests -> how many of the slow ones fell on a pause, a stall or a marking phase, and whether by chance.

A request that arrives in the queue behind a pause is slow too, so a pause counts until the queue that stood at its end is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from harness.model import Blame, Run, Sample, Span

Instants = NDArray[np.int64]
SLOW = 0.99
"""Slow is what took longer than this quantile of its own phase."""
LEAST = 1000
"""Requests that bear that quantile: ten beyond it."""
SHIFTS = 1000
ANY = "any"


@dataclass(frozen=True, slots=True)
class Requests:
    """Answered requests of one phase, in the order of `due`: nanoseconds of CLOCK_MONOTONIC."""

    due: Instants
    done: Instants

    @property
    def response(self) -> Instants:
        """Nanoseconds from due to done."""
        return self.done - self.due

    def between(self, begin: int, end: int) -> Requests:
        """Those that were due in [begin, end)."""
        there = (self.due >= begin) & (self.due < end)
        return Requests(self.due[there], self.done[there])


def requests(due: Instants, done: Instants) -> Requests:
    """Records in any order; those never answered (`done` is 0) are left out."""
    there = np.flatnonzero(done)
    order = there[np.argsort(due[there], kind="stable")]
    return Requests(due[order], done[order])


def blamed(run: Run, sample: Sample, served: Requests, seed: int) -> tuple[Blame, ...]:
    """One Blame a cause that was recorded, then for all causes together; nothing where the phase bears no 99th percentile."""
    begin, end = sample.start_ns, sample.start_ns + sample.wall_ns
    there = served.between(begin, end)
    if len(there.due) < LEAST:
        return ()
    found = {cause: _within(spans, begin, end) for cause, spans in causes(run)}
    if not found:
        return ()
    found[ANY] = tuple(sorted({span for spans in found.values() for span in spans}, key=_start))
    return tuple(blame(cause, spans, there, begin, end, seed) for cause, spans in found.items())


def causes(run: Run) -> Iterator[tuple[str, tuple[Span, ...]]]:
    """What was recorded: the collector's events (and by kind, where it tells several), the server's own stalls, the machine's."""
    if run.pauses and run.pauses.count is not None:
        events = sorted(run.pauses.events, key=_kind)
        kinds = [(kind, tuple(spans)) for kind, spans in groupby(events, _kind)]
        yield "collector", tuple(events)
        if len(kinds) > 1:
            yield from ((f"collector: {kind}", spans) for kind, spans in kinds)
    if run.stalls:
        yield "runtime", run.stalls.events
    if run.control:
        yield "machine", run.control.events


def _kind(span: Span) -> str:
    return span.kind or ""


def _start(span: Span) -> int:
    return span.start_ns


def _within(spans: Iterable[Span], begin: int, end: int) -> tuple[Span, ...]:
    return tuple(sorted((s for s in spans if s.start_ns < end and s.start_ns + s.wall_ns > begin), key=_start))


def blame(cause: str, spans: Sequence[Span], served: Requests, begin: int, end: int, seed: int) -> Blame:
    """The counts, and by a permutation test how likely as many would be if the same spans had come at another time."""
    threshold = np.quantile(served.response, SLOW, method="higher")
    slow = served.response > threshold
    starts = np.array([s.start_ns for s in spans], np.int64)
    walls = np.array([s.wall_ns for s in spans], np.int64)
    periods = _busy(served)
    hit = _overlap(served.due, served.done, starts, _extended(starts + walls, periods))
    due, done = served.due[slow], served.done[slow]
    observed = int(np.count_nonzero(hit & slow))
    left = served.response[~hit]
    return Blame(
        cause=cause, spans=len(spans), total_ns=int(walls.sum()), requests=len(hit), hit=int(np.count_nonzero(hit)), slow=len(due),
        slow_hit=observed, slow_direct=int(np.count_nonzero(_overlap(due, done, starts, starts + walls))),
        p=_chance(starts, walls, (begin, end), periods, (due, done), observed, seed) if len(spans) and len(due) else None,
        p99_ns=int(threshold), p99_without_ns=int(np.quantile(left, SLOW, method="higher")) if len(left) >= LEAST else None,
    )  # fmt: skip


def _busy(served: Requests) -> tuple[Instants, Instants]:
    """Begin and end of each time in which at least one request was open (a busy period of queueing theory)."""
    until = np.maximum.accumulate(served.done)
    fresh = np.flatnonzero(np.concatenate(([True], served.due[1:] > until[:-1])))
    return served.due[fresh], until[np.concatenate((fresh[1:] - 1, [len(until) - 1]))]


def _extended(ends: Instants, periods: tuple[Instants, Instants]) -> Instants:
    """Each end moved to the end of the busy period it falls into."""
    begins, until = periods
    period = np.searchsorted(begins, ends, "right") - 1
    return np.where(period < 0, ends, np.maximum(ends, until[np.maximum(period, 0)]))


def _overlap(due: Instants, done: Instants, starts: Instants, ends: Instants) -> NDArray[np.bool_]:
    """Which of [due, done] meet one of [starts, ends]; `starts` ascend."""
    if not len(starts):
        return np.zeros(len(due), np.bool_)
    before = np.searchsorted(starts, done, "right")
    latest = np.maximum.accumulate(ends)
    return (before > 0) & (latest[np.maximum(before - 1, 0)] >= due)


def _chance(
    starts: Instants, walls: Instants, window: tuple[int, int], periods: tuple[Instants, Instants],
    slow: tuple[Instants, Instants], observed: int, seed: int,
) -> float:  # fmt: skip
    """The share of circular shifts of the spans under which as many slow requests are hit, itself counted among them.

    Shifted as a train, so that their own rhythm stays (a permutation test for point processes).
    """
    draw, length = np.random.default_rng(seed), window[1] - window[0]
    as_many = 1  # as they came
    for offset in draw.integers(0, length, SHIFTS):
        moved = window[0] + (starts - window[0] + offset) % length
        order = np.argsort(moved, kind="stable")
        moved = moved[order]
        again = np.count_nonzero(_overlap(*slow, moved, _extended(moved + walls[order], periods)))
        as_many += bool(again >= observed)
    return as_many / (SHIFTS + 1)
