"""Which runs the load generator spoilt by its own lateness, against histograms made by hand."""

from dataclasses import replace

import pytest
from makers import run, sample

from harness import traffic
from harness.model import Arrivals, Latency
from harness.stats.tails import histogram

US, MS = 1_000, 1_000_000


def encoded(ns: int) -> str:
    return str(histogram([ns] * 200).encode().decode())


def said(arrivals: Arrivals, late: int, response: int, behind: int | None = None, *, warmup: bool = False) -> tuple[str, ...]:
    text = encoded(response)
    latency = Latency(arrivals, None, 200, 200, {}, {"200": 200}, 0, 0, text, text, encoded(late))
    if behind is not None:
        latency = replace(latency, downstream=encoded(behind))
    return traffic.suspicions(run(samples=(sample("s1", 2, warmup=warmup, latency=latency),)))


@pytest.mark.parametrize(
    ("late", "response", "void"),
    [(49 * US, MS // 10, False), (52 * US, MS // 10, True), (90 * US, 2 * MS, False), (110 * US, 2 * MS, True)],
)
def test_an_open_loop_is_void_that_is_late_in_the_median_beyond_50_us_and_a_twentieth_of_the_response(
    late: int, response: int, void: bool
) -> None:
    assert bool(said("poisson", late, response)) == void
    assert not said("closed", late, response) and not said("poisson", late, response, warmup=True)


def test_lateness_beyond_the_median_leaves_the_run_its_other_figures() -> None:
    late = str(histogram([US] * 110 + [MS] * 90).encode().decode())
    latency = Latency("poisson", None, 200, 200, {}, {"200": 200}, 0, 0, encoded(2 * MS), encoded(2 * MS), late)
    assert not traffic.suspicions(run(samples=(sample("s1", 2, warmup=False, latency=latency),)))


@pytest.mark.parametrize(
    ("behind", "response", "void"), [(49 * US, MS, False), (52 * US, MS, True), (480 * US, 50 * MS, False), (520 * US, 50 * MS, True)]
)
def test_a_service_behind_that_is_late_voids_closed_loops_too(behind: int, response: int, void: bool) -> None:
    for arrivals in ("closed", "poisson"):
        found = said(arrivals, US, response, behind)
        assert bool(found) == void and all("the service behind the server lagged" in why for why in found)
    assert not said("closed", US, response, behind, warmup=True)
