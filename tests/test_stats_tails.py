"""Quantiles that are borne or are not there; the jackknife against the plain way; predictability by its definition."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given as generated
from hypothesis import strategies as st

from harness.stats import Estimate, difference, estimate, histogram, predictability, quantile, requests_needed, tail, unevenness, value_at


@pytest.mark.parametrize(("q", "requests"), [(0.5, 20), (0.9, 100), (0.99, 1000), (0.999, 10_000), (0.9999, 100_000)])
def test_ten_requests_beyond_the_quantile_bear_it(q: float, requests: int) -> None:
    assert requests_needed(q) == requests


@pytest.mark.parametrize("q", [0.0, 1.0, 1.5, -0.1, math.nan])
def test_what_is_no_quantile_is_refused(q: float) -> None:
    with pytest.raises(ValueError, match="no quantile"):
        requests_needed(q)


@pytest.mark.parametrize("ns", [0, -1, 8000 * 10**9])
def test_what_is_no_duration_is_refused(ns: int) -> None:
    with pytest.raises(ValueError, match="no duration"):
        histogram([ns])


def test_a_quantile_counts_up_to_its_request() -> None:
    """Of 1, 2, ... 1,000 ns the 990th; below 2,048 ns every value has a bucket of its own."""
    assert quantile(histogram(range(1, 1001)), 0.99) == 990
    assert quantile(histogram(range(1, 1000)), 0.99) is None
    assert quantile(histogram(range(1, 1000)), 0.9) == 899


def requests(seed: int, n: int, scale: float = 1e6) -> HdrHistogram:
    rng = np.random.default_rng(seed)
    return histogram((scale * rng.lognormal(0, 0.5, n)).astype(int).tolist())


def test_invocations_that_bear_it_have_a_quantile_each() -> None:
    given = [requests(seed, 1000) for seed in range(4)]
    found = tail(given, 0.99)
    assert found and not found.merged and (found.q, found.estimate.n) == (0.99, 4)
    assert found.estimate == estimate([math.log(h.get_value_at_percentile(99)) for h in given])


def plain_jackknife(given: Sequence[HdrHistogram], percent: float) -> tuple[float, float]:
    """The log quantile of all, and Tukey's error from pseudo-values: theta_i = n * all - (n - 1) * without i."""

    def merged(these: Sequence[HdrHistogram]) -> float:
        whole = HdrHistogram(1, 3_600 * 10**9, 3)
        for h in these:
            whole.add(h)
        return math.log(whole.get_value_at_percentile(percent))

    n, everything = len(given), merged(given)
    pseudo = [n * everything - (n - 1) * merged([*given[:i], *given[i + 1 :]]) for i in range(n)]
    return everything, float(np.std(pseudo, ddof=1)) / math.sqrt(n)


@pytest.mark.parametrize("q", [0.99, 0.98])
def test_fewer_requests_are_merged_with_a_jackknife_over_invocations(q: float) -> None:
    given = [requests(seed, 300, 1e6 * (1 + seed / 20)) for seed in range(5)]
    found, (centre, error) = tail(given, q), plain_jackknife(given, 100 * q)
    assert found and found.merged and found.estimate.error
    assert found.estimate.mean == pytest.approx(centre) and found.estimate.error == pytest.approx(error)
    assert (found.estimate.freedom, found.estimate.n) == (4, 5)


def test_one_short_invocation_makes_all_of_them_merge() -> None:
    given = [requests(1, 2000), requests(2, 2000), requests(3, 900)]
    found = tail(given, 0.99)
    assert found and found.merged and found.estimate.n == 3


def test_what_even_all_together_do_not_bear_is_none() -> None:
    assert tail([requests(seed, 199) for seed in range(5)], 0.99) is None
    assert tail([], 0.99) is None and tail([histogram([])], 0.5) is None


def test_an_invocation_without_requests_is_none() -> None:
    found = tail([requests(1, 900), requests(2, 900), histogram([])], 0.99)
    assert found and found.merged and found.estimate.n == 2
    alone = tail([requests(1, 1000), histogram([])], 0.99)
    assert alone and alone.estimate.n == 1 and alone.estimate.interval() is None


def test_a_histogram_of_another_shape_is_recorded_anew() -> None:
    finer = HdrHistogram(1, 10**9, 4)
    for ns in range(1, 601):
        finer.record_value(ns)
    found = tail([finer, histogram(range(1, 601))], 0.99)
    assert found and found.estimate.mean == pytest.approx(math.log(594))


def test_unevenness_is_the_log_of_the_last_over_the_middle() -> None:
    """9,980 requests of 100 ns and 20 of 1,000: p50 = 100, p99.9 = 1,000."""
    assert unevenness(histogram([100] * 9980 + [1000] * 20)) == pytest.approx(math.log(10))
    assert unevenness(histogram([100] * 10_000)) == 0
    assert unevenness(histogram([100] * 9999)) is None


def test_predictability_by_hand() -> None:
    """p99.9/p50 is 10 in the one and 1 in the other; p99 is 100 and 400, the sd of two logs ln(4)/sqrt(2)."""
    found = predictability([histogram([100] * 9980 + [1000] * 20), histogram([400] * 10_000)])
    assert found.within and found.within.ratio == pytest.approx(math.sqrt(10)) and found.within.n == found.n == 2
    assert found.across == pytest.approx(math.log(4) / math.sqrt(2))


def test_predictability_is_null_where_it_is_not_borne() -> None:
    few = predictability([histogram([100] * 1000), histogram([100] * 2000)])
    assert few.within is None and few.across == 0
    one = predictability([histogram([100] * 1000), histogram([100] * 999)])
    assert (one.within, one.across, one.n) == (None, None, 2) and predictability([]).n == 0


def merged_estimates(sessions: int) -> list[Estimate]:
    """Sessions of ten invocations whose levels differ by 5 %, 300 requests each: p99 rests on all 3,000."""
    rng = np.random.default_rng(20_261_123)
    logs = math.log(1e5) + rng.normal(0, 0.05, (sessions, 10, 1)) + rng.normal(0, 0.3, (sessions, 10, 300))
    found = [tail([histogram(row) for row in times], 0.99) for times in np.exp(logs).astype(int).tolist()]
    return [f.estimate for f in found if f and f.merged]


def test_the_jackknife_errs_as_often_as_its_docstring_says() -> None:
    """p99 of all requests is ln-normal's, known. About 90 % are covered of nominal 95, so both bounds may fail; A/A is near 6 %."""
    found = merged_estimates(400)
    truth = math.log(1e5) + 2.3263479 * math.hypot(0.05, 0.3)
    covered = sum(low <= truth <= high for e in found for low, high in [e.interval() or (0, 0)])
    assert len(found) == 400 and 0.855 <= covered / 400 <= 0.945, covered
    apart = [difference(a, b).interval() or (0, 0) for a, b in zip(found[::2], found[1::2], strict=True)]
    assert sum(not low <= 0 <= high for low, high in apart) / 200 <= 0.11


@generated(st.lists(st.integers(1, 10**12), max_size=30), st.floats(0.001, 1))
def test_a_value_is_the_librarys(durations: list[int], q: float) -> None:
    held = histogram(durations)
    for one in (held, HdrHistogram.decode(held.encode())):
        assert value_at(one, q) == one.get_value_at_percentile(100 * q)
