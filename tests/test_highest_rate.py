"""The search for the highest rate: it ends, ends at what the server can do, and takes neither luck nor a lagging generator for proof."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from makers import run
from page_sessions import KNOWN, NOTHING, runs, session
from rich.console import Console

from harness import pace
from harness.highest_rate import CONFIRMING, HighestRate, following, result
from harness.model import Latency, Run, Sample, Session, UserError
from harness.pace import LEAST, Try, judged, objective, seconds, written
from harness.report import page, terminal
from harness.report.held import held
from harness.report.reached import reached, told
from harness.stats import allowed, histogram

MS = 1_000_000
Server = Callable[[float, int], Try]


def simple(capacity: float) -> Server:
    """Keeps the objective up to its capacity, and never above."""
    return lambda rate, _: Try(rate, "passed" if rate <= capacity else "failed", None, 2000, 3)


def searched(server: Server, closed: float, guess: float = 2000, seed: int = 1) -> list[Try]:
    tries: list[Try] = []
    while (wanted := following(tries, guess, seed)) is not None:
        tries.append(server(wanted.rate or closed / 2, wanted.seed))
        assert len(tries) < 150
    return tries


@given(st.floats(70, 100_000), st.floats(0.6, 20))
def test_the_search_ends_within_two_percent_of_the_true_rate(capacity: float, closed: float) -> None:
    """`closed` is what the closed loop gets through, as a multiple of that rate."""
    tries = searched(simple(capacity), capacity * closed)
    found = result(tries, 2000)
    assert found.settled and found.highest and found.below
    assert capacity / 1.021 <= found.highest <= capacity < found.below <= found.highest * 1.021
    assert (found.passed, found.confirming, found.requests, found.over) == (5, 5, 10_000, 15)
    assert found.probes == len(tries) <= 40


@given(st.floats(70, 100_000), st.floats(0.6, 4))
def test_every_schedule_is_a_fresh_one(capacity: float, closed: float) -> None:
    seeds: list[int] = []
    server = simple(capacity)
    searched(lambda rate, seed: (seeds.append(seed), server(rate, seed))[1], capacity * closed, seed=77)
    assert len(set(seeds)) == len(seeds) and 77 not in seeds


@given(st.floats(70, 100_000), st.floats(0.6, 4), st.integers(0, 10**6))
def test_a_search_that_was_broken_off_goes_on_from_its_tries(capacity: float, closed: float, seed: int) -> None:
    tries = searched(simple(capacity), capacity * closed, seed=seed)
    for cut in range(1, len(tries)):
        wanted = following(tries[:cut], 2000, seed)
        assert wanted and (wanted.rate, wanted.seed) == (tries[cut].rate, seed + cut + 1)
        assert not result(tries[:cut], 2000).settled


@settings(deadline=None)
@given(st.integers(0, 10**6), st.floats(200, 20_000), st.floats(0.005, 0.2))
def test_under_noise_it_ends_and_what_it_says_was_confirmed(seed: int, capacity: float, blur: float) -> None:
    """The chance to pass falls from 1 to 0 about the capacity, over a range of `blur`."""
    rng = random.Random(seed)

    def server(rate: float, _: int) -> Try:
        chance = 1 / (1 + math.exp(min(700, (math.log(rate / capacity)) / blur * 4)))
        return Try(rate, "passed" if rng.random() < chance else "failed")

    tries = searched(server, capacity * 1.2)
    found = result(tries, 2000)
    assert found.settled
    if found.highest:
        at = [t for t in tries if t.rate == found.highest][-CONFIRMING:]
        assert sum(t.verdict == "passed" for t in at) >= 4
        assert found.below is None or found.below > found.highest


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10**6), st.floats(0, 0.4))
def test_a_generator_that_lags_by_chance_ends_no_search(seed: int, share: float) -> None:
    rng, server = random.Random(seed), simple(5000)
    tries = searched(lambda r, s: Try(r, "void", "lag") if rng.random() < share else server(r, s), 6000)
    found = result(tries, 2000)
    assert found.settled and (found.highest is None or found.highest <= 5000)


def queue(rate: float, served: float, lasting: float, rng: np.random.Generator) -> list[float]:
    """Responses of an M/M/1 queue that begins empty, in seconds."""
    n = rng.poisson(rate * lasting)
    arrived, ends = np.sort(rng.random(n) * lasting), np.cumsum(rng.exponential(1 / served, n))
    waited = np.maximum.accumulate(arrived - np.concatenate([[0], ends[:-1]]))
    return (ends + waited - arrived).tolist()


@pytest.mark.parametrize("seed", range(3))
def test_of_a_queue_whose_tail_is_known_the_rate_is_found(seed: int) -> None:
    """M/M/1: a response's 99th percentile is ln(100) / (served - rate)."""
    served, within = 5000.0, 0.010
    true = served - math.log(100) / within

    def server(rate: float, own: int) -> Try:
        seen = queue(rate, served, seconds(rate, 10 * MS), np.random.default_rng([seed, own]))
        over = sum(s > within for s in seen)
        return Try(rate, "passed" if over <= allowed(len(seen), 0.99) else "failed", None, len(seen), over)

    found = result(searched(server, served), 2000)
    assert found.highest and 0.94 * true < found.highest < 1.01 * true


def test_one_void_probe_is_made_again_and_a_second_one_counts() -> None:
    tries = [Try(1000, "passed"), Try(1250, "void", "lagged")]
    assert following(tries, 1, 0).rate == 1250  # type: ignore[union-attr]
    assert following([*tries, Try(1250, "passed")], 1, 0).rate == 1562  # type: ignore[union-attr]
    again = [*tries, Try(1250, "void", "lagged")]
    assert (result(again, 1).below, result(again, 1).why) == (1250, "lagged")
    assert following(again, 1, 0).rate == 1118  # type: ignore[union-attr]


def test_what_does_not_hold_with_fresh_schedules_is_stepped_down_from() -> None:
    bracket = [Try(1000, "passed"), Try(1020, "failed", "f")]
    assert following(bracket, 1, 0).rate == 1000  # type: ignore[union-attr]
    fell = [*bracket, Try(1000, "passed"), Try(1000, "failed", "g"), Try(1000, "failed", "g")]
    assert following(fell, 1, 0).rate == 980.4  # type: ignore[union-attr]
    held_on = [
        *fell,
        *[Try(980.4, "passed", None, 5000, 20, 8.0 * MS)] * 3,
        Try(980.4, "failed"),
        Try(980.4, "passed", None, 4000, 10, 9.0 * MS),
    ]
    assert following(held_on, 1, 0) is None
    assert result(held_on, 1) == HighestRate(980.4, 1000, "g", 8.0 * MS, 19_000, 70, 4, 5, 10, True)


def test_a_server_that_never_holds_is_given_up() -> None:
    bracket = [Try(1000, "passed"), Try(1020, "failed", "f")]
    turns = searched(lambda rate, _: bracket.pop(0) if bracket else Try(rate, "failed", "g"), 2000)
    found = result(turns, 1)
    assert (found.highest, found.settled, found.probes) == (None, True, 2 + 10 * 2) and found.below and found.below < 850


def test_an_objective_that_nothing_can_meet_takes_few_probes() -> None:
    tries = searched(simple(0), 40_000)
    found = result(tries, 2000)
    assert (found.highest, found.below, found.settled) == (None, LEAST, True) and len(tries) <= 8


def test_where_nothing_fails_the_search_ends_all_the_same() -> None:
    found = result(searched(simple(10**9), 1000), 2000)
    assert (found.highest, found.below, found.settled) == (200_000, None, True)


def test_a_server_that_is_too_slow_to_tell_is_tried_at_the_least_rate() -> None:
    """Half of its closed loop's rate gives too few requests for a verdict."""
    tries = searched(lambda r, _: Try(r, "void", "too few") if r < 40 else simple(75)(r, 0), 50)
    assert [t.rate for t in tries[:2]] == [25, LEAST]
    assert LEAST < (result(tries, 2000).highest or 0) <= 75


def test_a_server_that_dies_in_the_closed_loop_is_tried_at_the_cases_own_rate() -> None:
    wanted = following([Try(None, "failed", "crash")], 2000, 5)
    assert wanted and (wanted.rate, wanted.seed) == (2000, 7)


# Whether one probe passed.
def probe(durations_ns: list[int], **changes: object) -> Run:
    late_ns = changes.pop("late_ns", 1000)
    encoded, late = (histogram(each).encode().decode() for each in (durations_ns, [late_ns]))  # type: ignore[list-item]
    failed = changes.pop("failed", {})
    n = len(durations_ns)
    seen = Latency("poisson", 1000.0, n, n, failed, {"200": 1}, 0, 0, encoded, encoded, late)  # type: ignore[arg-type]
    sample = Sample(2, "open", 2, False, 0, 10**9, None, None, n, None, latency=seen)
    return run(**{"kind": "probe", "samples": (replace(sample, warmup=True), sample), **changes})


COUNTS = {0: 459, 1: 662, 2: 838, 5: 1307, 10: 2010}
"""Requests that bear so many over-long ones, for the 99th percentile at 99 % confidence: MLPerf's own."""


@pytest.mark.parametrize(("over", "requests"), COUNTS.items())
def test_a_probe_passes_by_the_published_counts(over: int, requests: int) -> None:
    def verdict(n: int, t: int) -> Try:
        return judged(probe([5 * MS] * (n - t) + [11 * MS] * t), 10 * MS)

    assert (verdict(requests, over).verdict, verdict(requests, over).over) == ("passed", over)
    assert verdict(requests, over + 1).verdict == "failed"
    assert verdict(requests - 1, over).verdict == ("failed" if over else "void")


def test_a_probe_tells_why_it_failed() -> None:
    good = [5 * MS] * 1500
    late = judged(probe([*good, *[20 * MS] * 30]), 10 * MS)
    assert (late.verdict, late.why, late.rate) == ("failed", "30 of 1530 took longer, 6 may", 1000.0)
    wrong = judged(probe(good, outcome="wrong", reason="7 answers differ"), 10 * MS)
    assert (wrong.verdict, wrong.why) == ("failed", "wrong: 7 answers differ")
    lost = judged(probe(good, outcome="wrong", reason="lost", failed={"timeout": 4}), 10 * MS)
    assert (lost.requests, lost.over) == (1504, 4)
    lagged = judged(probe(good, suspect=("the load generator lagged",)), 10 * MS)
    assert (lagged.verdict, lagged.why) == ("void", "the load generator lagged")
    for limit, verdict in ((20 * MS, "passed"), (10 * MS, "void")):
        assert judged(probe(good, late_ns=600_000), limit).verdict == verdict
    assert judged(run(kind="probe", outcome="crash", reason="exit code 3", params={"rate": 700}), MS).rate == 700
    assert judged(run(kind="probe", outcome="crash", reason="exit code 3", params={"share": 0.5}), MS).rate is None


def test_a_request_in_a_bucket_that_reaches_beyond_the_objective_counts_as_beyond() -> None:
    assert judged(probe([9_990_000] * 500), 10 * MS).over == 0
    assert judged(probe([9_999_000] * 500), 10 * MS).over == 500  # Its bucket reaches from 9.994 to 10.002 ms.


@given(st.floats(LEAST, 200_000), st.integers(pace.LEAST_NS, pace.MOST_NS))
def test_a_phase_is_long_enough_and_bounded(rate: float, ns: int) -> None:
    lasting = seconds(rate, ns)
    assert 5 <= lasting <= 10 and lasting * rate >= 600 and lasting >= 50 * ns / 1e9 - 1e-9


# What a person types.
@pytest.mark.parametrize(
    ("text", "ns"), [("10ms", 10 * MS), ("1.5ms", 1_500_000), ("500us", 500_000), ("0.1s", 100 * MS), ("200ms", 200 * MS)]
)
def test_an_objective(text: str, ns: int) -> None:
    assert objective(text) == ns
    assert objective(written(ns)) == ns


@pytest.mark.parametrize(
    "text", ["", "10", "ms", "10 ms", "-1ms", "1e3us", "10msec", "0ms", "99us", "201ms", "1s", "nan", "inf", "١ms", "10ms\n"]
)
def test_no_objective(text: str) -> None:
    with pytest.raises(UserError, match="--highest-rate"):
        objective(text)


# What is told of it.
def made_up() -> tuple[Session, list[Run], list[Run]]:
    """Of the first label a settled search, of the second one that was broken off, of the third nothing that passed."""
    made = session(blocks=2)
    recorded = runs(made)
    first, second, third = made.labels[:3]

    def at(label: str, *tries: tuple[float, int]) -> list[Run]:
        like = next(r for r in recorded if r.label == label and r.case == "1e6")
        kept = ("implementation", "language", "variant", "case", "threads", "arm", "workload")
        own = {name: getattr(like, name) for name in kept}
        return [probe([5 * MS] * 2000 + [20 * MS] * over, **own, params={"rate": rate}, objective_ns=10 * MS) for rate, over in tries]

    found = [
        *at(first, (1000, 0), (1020, 500), *[(1000, 2)] * 5), *at(second, (64, 0)),
        *at(third, (500, 900), (400, 900), (LEAST, 900)),
    ]  # fmt: skip
    return made, recorded, found


def test_what_was_searched_is_told_on_the_terminal_and_on_the_page() -> None:
    made, recorded, found = made_up()
    first, second, third = made.labels[:3]
    assert held(made, found) == []
    assert told(reached(made, found)) == [
        f"1e6: highest rate a second at which 99 % are answered within 10 ms: {first} 1,000; {third} did not keep 10 ms at any rate "
        f"that was tried; the search of {second} was broken off: bench run --resume DIR --highest-rate 10ms."
    ]
    material = page.Material(made, recorded, NOTHING, KNOWN, probes=found)
    text = page.html(material)
    assert "Highest rate" in text and "500 of 2500 took longer, 13 may" in text and "Least memory" not in text
    line = f"| {first} | 1e6 | 10.0 ms | 1,000 | 1,020 | 500 of 2500 took longer, 13 may | 5.00 ms | 10,010 | 10 | 5 of 5 | 7 |"
    assert line in page.markdown(material)
    out = StringIO()
    terminal.render(replace(made, blocks=0), [], Console(file=out, width=200), (), found)
    assert f"{first}: 1,000 a second, p99 5.00 ms, 10 of 10,010 took longer in 5 of 5 that passed; failed at 1,020" in out.getvalue()
    (row, *_) = terminal.as_json(made, recorded, found)["highest_rate"]
    assert (row["label"], row["objective_ns"], row["found"]["highest"], row["found"]["probes"]) == (first, 10 * MS, 1000, 7)
