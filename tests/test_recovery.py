"""How long a backlog lasts after the offered rate fell: worked by hand, and of queues whose arithmetic is known."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from makers import run, sample

from harness import blame, stats, store
from harness.model import Latency, Recovery, Sample, Turn
from harness.recovery import recovered

MS, S = 10**6, 10**9
START = 5 * S


def latency(rate: float, turn: Turn | None, recovery: Recovery | None = None) -> Latency:
    return Latency("step", rate, 1, 1, {}, {"200": 1}, 0, 0, "", "", "", turn=turn, recovery=recovery)


def phase(turn: Turn | None, rate: float = 1500) -> Sample:
    return replace(sample("s1", 2, 60 * S, latency=latency(rate, turn)), start_ns=START)


def queue(due: np.ndarray, service_ns: int) -> blame.Requests:
    """One server, first come, first served."""
    free, done = 0, []
    for at in due.tolist():
        free = max(free, at) + service_ns
        done.append(free)
    return blame.Requests(START + due, START + np.array(done))


def even(*parts: tuple[float, float]) -> np.ndarray:
    """Due instants of each (seconds, rate a second) in turn, evenly spaced."""
    begin, made = 0.0, []
    for seconds, rate in parts:
        made.append((begin + np.arange(round(seconds * rate)) / rate) * S)
        begin += seconds
    return np.concatenate(made).astype(np.int64)


def test_four_requests_at_once_and_then_few() -> None:
    """Due at 0, 1, 2, 3, 6 and 14, each 2 under way: done at 2, 4, 6, 8, 10, 16.

    Before 4 one was answered and three were open. At 8 that of 6 is open still, at 10 none is: 6 after the fall.
    """
    served = queue(np.array([0, 1, 2, 3, 6, 14]) * MS, 2 * MS)
    assert recovered(phase(Turn(4 * MS, 500)), served) == Recovery(1, 3, 6 * MS, False)
    without = blame.Requests(served.due[:-1], served.done[:-1])
    assert recovered(phase(Turn(4 * MS, 500)), without) == Recovery(1, 3, 6 * MS, True), "nothing came any more"


@pytest.mark.parametrize(("after", "takes"), [(1000.0, 1.0), (800.0, 1.4 * 5 / 3), (600.0, 9.0)])
def test_an_ideal_queue_needs_what_arithmetic_says(after: float, takes: float) -> None:
    """Offered 1,500 for a second: at a capacity of 1,000 the 500 left over drain at 500 a second, in a second.

    At one of 800 there are 700 and 300, at one of 600 900 and 100. The last hundredth is not waited for.
    """
    found = recovered(phase(Turn(S, 500, 1000)), queue(even((1, 1500), (12, 500)), round(S / after)))
    assert found and not found.outlasted
    assert found.overloaded == pytest.approx(after, abs=2) and found.backlog == pytest.approx(1500 - after, abs=2)
    assert found.wall_ns / S == pytest.approx(0.99 * takes, rel=0.02)


def test_a_few_always_under_way_and_a_later_pause_change_nothing() -> None:
    """Three more open at any time, and an open backlog of 50 long after: a hundredth of 500 is five."""
    ideal = queue(even((1, 1500), (5, 500)), MS)
    late = ideal.done + 3 * MS
    held = (ideal.due > START + 4 * S) & (ideal.due < START + 4 * S + 100 * MS)
    late[held] = START + 4 * S + 100 * MS
    found, plain = (recovered(phase(Turn(S, 500)), blame.Requests(ideal.due, done)) for done in (late, ideal.done))
    assert found and plain and found.wall_ns == pytest.approx(plain.wall_ns, rel=0.02)


def test_who_kept_up_has_nothing_to_recover_from() -> None:
    found = recovered(phase(Turn(S, 500)), queue(even((1, 1500), (2, 500)), S // 3000))
    assert found and found.backlog <= 1 and found.wall_ns < MS
    nothing = recovered(phase(Turn(S, 500)), queue(np.array([0, 2 * S]), MS))
    assert nothing == Recovery(1, 0, 0, False)


def test_what_did_not_fall_has_no_recovery() -> None:
    served = queue(even((1, 1500), (1, 500)), MS)
    for one in (phase(None), phase(Turn(S, 1500)), phase(Turn(S, 2000)), sample("load", 1)):
        assert recovered(one, served) is None
    other = blame.Requests(served.due + 3600 * S, served.done + 3600 * S)
    assert recovered(phase(Turn(S, 500)), other) is None, "another phase's requests"


def test_the_figures_of_a_fall() -> None:
    """A second at 1.5 times 1,000 leaves 500 to an ideal queue, which drain at 500 a second: a second. This one took two."""
    turn, recovery = Turn(S, 500, 1000), Recovery(900, 600, 2 * S, False)

    def figures(turn: Turn) -> list[float | None]:
        warm = sample("s1", 1, S, warmup=True, latency=latency(1500, turn, replace(recovery, wall_ns=9 * S)))
        one = run(samples=(warm, sample("s1", 2, S, latency=latency(1500, turn, recovery))))
        return [stats.figure(one, metric) for metric in ("recovery_seconds", "recovery_over_ideal", "overload_goodput")]

    assert figures(turn) == [2.0, 2.0, 0.9]
    assert figures(replace(turn, capacity=None)) == [2.0, None, None]
    assert figures(replace(turn, capacity=1600)) == [2.0, None, 900 / 1600], "that was no overload"


def test_records_from_before_are_read_and_the_schema_tells_of_it() -> None:
    old = {name: value for name, value in msgspec.to_builtins(latency(1, None)).items() if name not in {"turn", "recovery"}}
    assert msgspec.convert(old, Latency) == latency(1, None)
    assert {"Turn", "Recovery"} <= set(store.schema()["$defs"])
