"""The validity gate: every reason once, every excluded run counted once, and nothing said twice that a suspicion says already."""

from dataclasses import replace

import pytest
from makers import run

from harness import verify
from harness.model import Exclusion, Reading, Run
from harness.stats import by_block, counts, exclusions, gate

QUIET = Reading("cgroup v2", throttled_ns=0, oom_kills=0, swap_bytes=0)


def judged(made: Run) -> Run:
    """As a session records it: with what the harness suspects of it."""
    return replace(made, suspect=verify.suspicions(made))


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({}, ()),
        ({"outside": QUIET}, ()),
        ({"outside": Reading("processes")}, ()),
        ({"kind": "verify"}, ("its answers were verified, nothing was timed",)),
        ({"outcome": "wrong", "reason": "3 rows, the oracle has 2"}, ("wrong: 3 rows, the oracle has 2",)),
        ({"outcome": "timeout"}, ("timeout",)),
        ({"outcome": "oom", "suspect": ("odd",), "outside": replace(QUIET, oom_kills=1)}, ("oom",)),
        ({"suspect": ("odd", "odder")}, ("odd", "odder")),
        ({"outside": replace(QUIET, oom_kills=2)}, ("the kernel killed 2 of its processes for want of memory",)),
        ({"outside": replace(QUIET, throttled_ns=7_000_000)}, ("its CPU was throttled for 7 ms",)),
        ({"outside": replace(QUIET, swap_bytes=3 << 19)}, ("1.5 MiB of it were swapped out",)),
    ],
)
def test_a_run_passes_or_says_why_not(changes: dict[str, object], reasons: tuple[str, ...]) -> None:
    made = run(**changes)
    assert gate(made) == reasons
    assert counts(made) == (not reasons)
    assert bool(by_block([made], lambda _: 1.0)) == (not reasons)


def test_what_a_suspicion_says_already_is_not_said_twice() -> None:
    made = judged(run(outside=replace(QUIET, throttled_ns=5_000_000, swap_bytes=9 << 20, user_ns=10**9, system_ns=0)))
    assert len(made.suspect) == 2 and gate(made) == made.suspect


def test_exclusions_are_grouped_by_label_case_and_reason() -> None:
    runs = [
        run(job="fine"),
        run(job="v", kind="verify", outcome="wrong", reason="no"),
        run(job="t1", outcome="timeout"),
        run(job="t2", outcome="timeout"),
        run(job="again", outcome="timeout", arm="again"),
        run(job="threads", outcome="timeout", threads=2),
        run(job="other", outcome="timeout", case="big"),
    ]
    assert exclusions(runs) == (
        Exclusion("x/std", "small", "timeout", ("t1", "t2")),
        Exclusion("x/std (again)", "small", "timeout", ("again",)),
        Exclusion("x/std@2", "small", "timeout", ("threads",)),
        Exclusion("x/std", "big", "timeout", ("other",)),
    )


def test_each_excluded_run_is_counted_once() -> None:
    runs = [run(job="a", suspect=("odd", "odder")), run(job="b", suspect=("odd",)), run(job="c", outcome="crash"), run(job="d")]
    found = exclusions(runs)
    assert [e.reason for e in found] == ["odd; odder", "odd", "crash"]
    assert sum(e.count for e in found) == sum(not counts(r) for r in runs) == 3


def test_reasons_that_differ_in_numbers_alone_are_one() -> None:
    runs = [run(job=str(ms), outside=replace(QUIET, throttled_ns=ms * 10**6)) for ms in (7, 12)]
    assert exclusions(runs) == (Exclusion("x/std", "small", "its CPU was throttled for 7 ms (the first; numbers differ)", ("7", "12")),)
    assert exclusions([]) == ()
