"""Figures of a server under load, against histograms and passes whose truth is known by hand."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from makers import run, sample

from harness import stats
from harness.model import Arrivals, Latency, Run, Series
from harness.stats.served import decoded
from harness.stats.tails import histogram

US, MS = 1_000, 1_000_000


def latency(times: list[int], arrivals: Arrivals = "poisson", late: Sequence[int] = (US,)) -> Latency:
    text, lateness = (histogram(each).encode().decode() for each in (times, late))
    return Latency(arrivals, None, len(times), len(times), {}, {"200": len(times)}, 0, 0, text, text, lateness)


def served(*passes: tuple[Latency, int], outcome: str = "ok") -> Run:
    """A warm-up of ten seconds a request that must count for nothing, then the passes with their seconds."""
    warm = sample("s1", 1, 10**10, warmup=True, units=1, latency=latency([10**10]))
    found = [
        sample("s1", n, seconds * 10**9, warmup=False, units=held.answered, user_ns=30 * MS, system_ns=10 * MS, latency=held)
        for n, (held, seconds) in enumerate(passes, 2)
    ]
    return run(samples=(warm, *found), outcome=outcome)


def test_a_quantile_is_borne_by_ten_requests_beyond_it() -> None:
    thousand = served((latency([MS] * 985 + [50 * MS] * 15), 1))
    assert stats.figure(thousand, "response_p50_seconds") == pytest.approx(0.001, rel=1e-3)
    assert stats.figure(thousand, "response_p99_seconds") == pytest.approx(0.050, rel=1e-3)
    assert stats.figure(thousand, "response_p999_seconds") is None
    assert stats.figure(served((latency([MS] * 999), 1)), "response_p99_seconds") is None


def test_a_quantile_in_which_the_generator_was_late_is_no_figure() -> None:
    """15 of 1,000 requests late by 2 ms: of a p99 of 50 ms nobody sees it, of one of 3 ms it may be the most. The median stands."""
    late = [US] * 985 + [2 * MS] * 15
    slow, quick = (latency([MS] * 985 + [p99] * 15, late=late) for p99 in (50 * MS, 3 * MS))
    for held, q, borne in ((slow, 0.99, True), (quick, 0.99, False), (quick, 0.5, True), (replace(quick, arrivals="closed"), 0.99, True)):
        one = served((held, 1))
        assert stats.timely([one], q) == [one] * borne
    assert stats.timely([], 0.99) == []


def test_runs_are_not_chosen_by_their_own_slowness() -> None:
    """One slow run among three would pass by itself; with the others it is no figure, and the median of all three stays one."""
    late = [US] * 985 + [2 * MS] * 15
    runs = [replace(served((latency([MS] * 985 + [p99 * MS] * 15, late=late), 1)), block=b) for b, p99 in enumerate((3, 3, 50), 1)]
    side = (runs[0].label, runs[0].case)
    assert stats.paired(runs, "response_p99_seconds", side, side) == {}
    assert set(stats.paired(runs, "response_p50_seconds", side, side)) == {1, 2, 3}
    assert set(stats.paired(runs[2:], "response_p99_seconds", side, side)) == {3}


def test_a_run_in_which_the_generator_was_late_takes_no_other_with_it() -> None:
    """Of three alike at 3 ms the second had a generator late by 2 ms: it has no p99, and its median stands."""
    late = [US] * 985 + [2 * MS] * 15
    held = [latency([MS] * 985 + [3 * MS] * 15, late=late if b == 2 else (US,)) for b in (1, 2, 3)]
    runs = [replace(served((one, 1)), block=b) for b, one in enumerate(held, 1)]
    side = (runs[0].label, runs[0].case)
    assert set(stats.paired(runs, "response_p99_seconds", side, side)) == {1, 3}
    assert set(stats.paired(runs, "response_p50_seconds", side, side)) == {1, 2, 3}


def test_passes_are_one_stream_of_requests() -> None:
    both = served((latency([MS] * 500), 1), (latency([3 * MS] * 500), 1))
    assert stats.figure(both, "response_p99_seconds") == pytest.approx(0.003, rel=1e-3)
    assert stats.figure(both, "answers_per_second") == 500
    assert stats.figure(both, "cpu_seconds_per_answer") == pytest.approx(0.08 / 1000)


def test_idle_is_the_last_look_before_the_first_request() -> None:
    """The warm-up begins at 0 on the clock of the samples: at 0.9 s of a job that began a second earlier it was not there yet."""
    begun, looks = -(10**9), Series((100 * MS, 900 * MS, 1100 * MS, 2000 * MS), (5, 70, 80, 90), 10 * MS)
    found = served((latency([MS] * 500), 1))
    start = found.samples[0].start_ns
    assert stats.figure(replace(found, start_ns=start + begun, memory=looks), "idle_memory") == 70
    assert stats.figure(replace(found, start_ns=start, memory=looks), "idle_memory") is None
    assert stats.figure(replace(found, start_ns=None, memory=looks), "idle_memory") is None
    assert stats.figure(run(samples=(sample("s1", 2),), start_ns=0, memory=looks), "idle_memory") is None


@pytest.mark.parametrize(("arrivals", "taken"), [("closed", 0.002), ("poisson", 0.001)])
def test_what_a_request_takes(arrivals: Arrivals, taken: float) -> None:
    """500 answers in a second, each a millisecond under way: two connections' worth would be a rate, the median is the response."""
    found = served((latency([MS] * 500, arrivals), 1))
    assert stats.figure(found, "seconds", ["s1"]) == pytest.approx(taken, rel=1e-3)


def test_who_failed_or_served_nothing_has_no_figures() -> None:
    for one in (served((latency([MS] * 1000), 1), outcome="wrong"), run(samples=(sample("s1", 2),))):
        assert stats.figure(one, "response_p50_seconds") is None and stats.figure(one, "answers_per_second") is None


@pytest.mark.parametrize("text", ["", "no histogram", "HISTFAAAAA"])
def test_what_is_no_histogram_is_said_so(text: str) -> None:
    with pytest.raises(ValueError, match="no HDR histogram"):
        decoded(text)
