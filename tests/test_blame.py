"""Who is to blame for slow requests: planted pauses are found at their true share, and pauses that did nothing are not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from makers import run as run_of

from harness import blame
from harness.model import Blame, Pauses, Run, Sample, Span

MS = 1_000_000
SECONDS = 20


def single_server(due: np.ndarray, service: np.ndarray, pauses: Sequence[Span]) -> blame.Requests:
    """What one server makes of the arrivals: first come, first served, and nothing goes on within a pause."""
    free, done = 0, np.empty(len(due), np.int64)
    for i, (at, needs) in enumerate(zip(due, service, strict=True)):
        begin, end = max(free, int(at)), max(free, int(at)) + int(needs)
        for pause in pauses:
            if pause.start_ns < end and pause.start_ns + pause.wall_ns > begin:
                end = pause.start_ns + pause.wall_ns + int(needs)
        free = done[i] = end
    return blame.Requests(due, done)


def train(every_ms: int, wall_ms: float, offset_ms: float = 0) -> tuple[Span, ...]:
    """Spans with no rhythm: shifts of a regular train by its own period change nothing, so no chance could be told from it."""
    jitter = np.random.default_rng(every_ms).uniform(0, every_ms * 0.8, SECONDS * 1000)
    begins = range(every_ms, SECONDS * 1000 - every_ms, every_ms)
    return tuple(Span(int((t + jitter[t] + offset_ms) * MS), int(wall_ms * MS)) for t in begins)


def told(recorded: Sequence[Span], true: Sequence[Span]) -> dict[str, Blame]:
    draw = np.random.default_rng(5)
    due = np.arange(20_000) * MS + draw.integers(0, MS, 20_000)
    served = single_server(due, draw.integers(80_000, 120_000, len(due)), true)
    pauses = Pauses("planted", len(recorded), None, None, tuple(recorded), 0)
    return {b.cause: b for b in blame.blamed(made(pauses), sample(), served, 1)}


def made(pauses: Pauses | None) -> Run:
    return run_of(pauses=pauses, stalls=None, control=None)


def sample() -> Sample:
    return Sample(1, "open", 1, False, 0, SECONDS * 1000 * MS, None, None, 20_000, None)


def test_planted_pauses_are_blamed_for_what_they_did() -> None:
    """5 ms each 250 ms: 2 % of the time, so 2 % of 20,000 requests come within one, and the slowest 1 % are all among these."""
    found = told(train(250, 5), train(250, 5))["collector"]
    assert found.spans == 78 and found.total_ns == 78 * 5 * MS
    assert found.slow == pytest.approx(200, abs=1) and found.slow_hit == found.slow_direct == found.slow
    assert found.hit / found.requests == pytest.approx(78 * 5.6 / 20_000, rel=0.1)
    assert found.p is not None and found.p == 1 / 1001
    assert found.p99_ns > 2 * MS and found.p99_without_ns is not None and found.p99_without_ns < 0.3 * MS


def test_who_waits_behind_a_pause_is_its_victim_too() -> None:
    """At 90 % of what the server can do the queue that a pause leaves takes about ten times the pause to go."""
    draw = np.random.default_rng(6)
    due = np.sort(draw.integers(0, SECONDS * 1000 * MS, 180_000))
    true = train(1000, 20)
    served = single_server(due, np.full(len(due), 100_000), true)
    found = {b.cause: b for b in blame.blamed(made(Pauses("planted", 19, None, None, true, 0)), sample(), served, 1)}["collector"]
    assert found.slow_hit == found.slow > 1.4 * found.slow_direct
    assert found.hit / found.requests == pytest.approx(18 * 20 * 10 / (SECONDS * 1000), rel=0.05)
    assert found.p is not None and found.p < 0.01


def test_pauses_that_did_nothing_are_not_blamed() -> None:
    """What is recorded lies 20 ms beside what happened: it hits none of the slow requests, or no more than chance would."""
    found = told(train(250, 5, 20), train(250, 5))["collector"]
    assert found.slow_hit / found.slow < 0.1 and found.p is not None and found.p > 0.2


def test_what_was_not_recorded_is_no_cause() -> None:
    assert blame.blamed(made(None), sample(), blame.Requests(np.arange(2000), np.arange(2000) + 5), 1) == ()


def test_too_few_requests_bear_no_blame() -> None:
    few = blame.Requests(np.arange(999) * MS, np.arange(999) * MS + 5)
    assert blame.blamed(made(Pauses("planted", 1, None, None, train(250, 5), 0)), sample(), few, 1) == ()


def test_no_pause_at_all_is_said_as_none() -> None:
    found = told((), ())["collector"]
    assert (found.spans, found.hit, found.slow_hit, found.p) == (0, 0, 0, None) and found.p99_without_ns == found.p99_ns


def test_events_of_several_kinds_are_told_apart_and_together() -> None:
    spans = tuple(Span(s.start_ns, s.wall_ns, "mark" if i % 2 else "stop") for i, s in enumerate(train(250, 5)))
    found = told(spans, spans)
    assert list(found) == ["collector", "collector: mark", "collector: stop", "any"]
    assert found["collector: mark"].spans + found["collector: stop"].spans == found["collector"].spans == found["any"].spans


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 50)), min_size=1, max_size=60),
       st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 50)), max_size=20))  # fmt: skip
def test_overlap_is_what_comparing_all_with_all_gives(some: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    due, needs = (np.array(x, np.int64) for x in zip(*sorted(some), strict=True))
    spans = sorted(other)
    starts, walls = np.array([s for s, _ in spans], np.int64), np.array([w for _, w in spans], np.int64)
    slowly = [any(s <= d + n and s + w >= d for s, w in spans) for d, n in zip(due, needs, strict=True)]
    assert blame._overlap(due, due + needs, starts, starts + walls).tolist() == slowly


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 20)), min_size=1, max_size=40), st.integers(0, 320))
def test_a_busy_period_ends_when_nothing_is_open(some: list[tuple[int, int]], at: int) -> None:
    due, needs = (np.array(x, np.int64) for x in zip(*sorted(some), strict=True))
    end = at
    while later := [int(d + n) for d, n in zip(due, needs, strict=True) if d <= end < d + n]:
        end = max(later)
    assert blame._extended(np.array([at]), blame._busy(blame.Requests(due, due + needs))).tolist() == [end]
