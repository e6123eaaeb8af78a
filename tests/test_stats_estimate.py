"""Estimates on the logarithm, against scipy.stats and published examples: t intervals, Welch, two one-sided tests, sessions combined."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp, ttest_ind, ttest_rel

from harness.stats import Estimate, combine, compare, comparison, difference, estimate, welch

DRUG_1 = (0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0)
DRUG_2 = (1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4)
"""Student's sleep data (1908), as in R's `sleep`. R: Welch t = -1.8608, df = 17.776, p = 0.07939, interval -3.3654832 to 0.2054832."""

NIST = Estimate(9.261460, 0.02278881 / math.sqrt(195), 194, 195)
"""NIST/SEMATECH e-Handbook 1.3.5.2, ZARR13.DAT: 195 values, mean 9.261460, sd 0.022789; limits 9.258242 and 9.264679."""

LOGS = st.lists(st.floats(-20, 20), min_size=2, max_size=20)


def test_nists_limits_of_a_mean() -> None:
    low, high = NIST.interval() or (0, 0)
    assert low == pytest.approx(9.258242, abs=1e-6) and high == pytest.approx(9.264679, abs=1e-6)
    assert NIST.sd == pytest.approx(0.02278881)


def test_welchs_interval_on_the_sleep_data() -> None:
    found = difference(estimate(DRUG_1), estimate(DRUG_2))
    low, high = found.interval() or (0, 0)
    assert found.freedom == pytest.approx(17.776, abs=5e-4)
    assert (low, high) == (pytest.approx(-3.3654832, abs=1e-7), pytest.approx(0.2054832, abs=1e-7))
    assert 2 * found.p_below(0) == pytest.approx(0.07939, abs=1e-5)
    apart = welch([math.exp(x) for x in DRUG_1], [math.exp(x) for x in DRUG_2])
    assert apart
    made = comparison("two", "one", apart)
    assert made.low and math.log(made.low) == pytest.approx(-3.3654832, abs=1e-7)
    assert (made.base, made.other, made.n, made.warnings) == ("two", "one", 10, ())


def test_a_ratio_is_one_of_geometric_means() -> None:
    """sqrt(1 * 9) / sqrt(2 * 8) = 0.75, where the arithmetic means are equal."""
    pair, apart = compare("a", "b", {1: 2, 2: 8}, {1: 1, 2: 9}), welch([1, 9], [2, 8])
    assert pair and apart and pair.ratio == pytest.approx(0.75) and apart.ratio == pytest.approx(0.75)
    assert comparison("a", "b", apart, "figures").warnings == ("only 2 figures",)


@pytest.mark.parametrize("confidence", [0.95, 0.90])
@given(LOGS, st.integers(0, 2**32))
def test_the_paired_interval_is_scipys_to_the_twelfth_digit(confidence: float, a: list[float], seed: int) -> None:
    b = np.random.default_rng(seed).normal(0, 1, len(a))
    low, high = estimate([*(np.array(a) - b)]).interval(confidence) or (0, 0)
    known = ttest_rel(a, b).confidence_interval(confidence)
    assert (low, high) == (pytest.approx(known.low, rel=1e-12, abs=1e-12), pytest.approx(known.high, rel=1e-12, abs=1e-12))


@pytest.mark.parametrize("confidence", [0.95, 0.90])
@given(LOGS, LOGS)
def test_the_unpaired_interval_is_scipys_to_the_twelfth_digit(confidence: float, a: list[float], b: list[float]) -> None:
    assume(np.ptp(a) > 1e-3 and np.ptp(b) > 1e-3)
    low, high = difference(estimate(a), estimate(b)).interval(confidence) or (0, 0)
    known = ttest_ind(a, b, equal_var=False).confidence_interval(confidence)
    assert (low, high) == (pytest.approx(known.low, rel=1e-12, abs=1e-12), pytest.approx(known.high, rel=1e-12, abs=1e-12))


@given(LOGS, st.floats(-5, 5))
def test_one_sided_p_values_are_scipys(logs: list[float], bound: float) -> None:
    assume(np.ptp(logs) > 1e-3)
    found = estimate(logs)
    assert found.p_above(bound) == pytest.approx(ttest_1samp(logs, bound, alternative="greater").pvalue, rel=1e-9, abs=1e-12)
    assert found.p_below(bound) == pytest.approx(ttest_1samp(logs, bound, alternative="less").pvalue, rel=1e-9, abs=1e-12)


@given(LOGS, st.floats(-5, 5), st.floats(0.01, 5))
def test_p_values_and_intervals_never_disagree(logs: list[float], bound: float, width: float) -> None:
    found = estimate(logs)
    low, high = found.interval(0.95) or (0, 0)
    assume(min(abs(low - bound), abs(high - bound)) > 1e-9)
    assert (found.p_above(bound) < 0.025) == (low > bound)
    assert (found.p_below(bound) < 0.025) == (high < bound)
    narrow = found.interval(0.90) or (0, 0)
    assume(min(abs(narrow[0] - bound), abs(narrow[1] - bound - width)) > 1e-9)
    assert (found.p_within(bound, bound + width) < 0.05) == (bound < narrow[0] and narrow[1] < bound + width)


def test_two_one_sided_tests_by_hand() -> None:
    """t = 3 on nine degrees on either side: P(T > 3) = 0.007478; off the middle the nearer bound counts: P(T > 2) = 0.038276."""
    assert Estimate(0.0, 0.01, 9, 10).p_within(-0.03, 0.03) == pytest.approx(0.007478, abs=1e-6)
    assert Estimate(0.01, 0.01, 9, 10).p_within(-0.03, 0.03) == pytest.approx(0.038276, abs=1e-6)
    assert Estimate(0.05, 0.01, 9, 10).p_within(-0.03, 0.03) > 0.5


def test_figures_that_never_vary_give_a_point() -> None:
    found = estimate([0.5] * 4)
    assert found.interval() == (0.5, 0.5) and found.limits() == (pytest.approx(math.exp(0.5)),) * 2
    assert (found.p_above(0.4), found.p_above(0.5), found.p_above(0.6)) == (0, 1, 1)
    assert (found.p_below(0.4), found.p_below(0.5), found.p_below(0.6)) == (1, 1, 0)
    assert (found.p_within(0.4, 0.6), found.p_within(0.5, 0.6)) == (0, 1)
    still = difference(found, estimate([0.1] * 3))
    assert still.interval() == (pytest.approx(0.4), pytest.approx(0.4)) and still.p_above(0) == 0


def test_one_block_shows_nothing() -> None:
    found = estimate([0.5])
    assert (found.ratio, found.error, found.sd, found.interval(), found.limits()) == (math.exp(0.5), None, None, None, None)
    assert (found.p_above(-9), found.p_below(9), found.p_within(-9, 9)) == (1, 1, 1)
    assert difference(found, estimate([0.1, 0.2])).interval() is None
    assert combine([found, estimate([0.1, 0.2])]).interval() is None


def test_nothing_has_no_mean() -> None:
    for of in (estimate, combine):
        with pytest.raises(ValueError, match="mean of nothing"):
            of([])
    assert welch([], [1.0]) is None and welch([1.0], []) is None


def test_an_interval_too_wide_for_a_float_ends_at_infinity() -> None:
    assert estimate([-300.0, 300.0]).limits() == (0.0, math.inf)


def test_two_equal_sessions_halve_the_variance_and_add_their_degrees() -> None:
    """Welch-Satterthwaite by hand: errors 0.02 and 0.02 over two give sqrt(0.0008)/2; (2e)^2 / (2 e^2 / 9) = 18."""
    found = combine([Estimate(0.1, 0.02, 9, 10), Estimate(0.3, 0.02, 9, 10)])
    assert (found.mean, found.error, found.freedom, found.n) == (
        pytest.approx(0.2), pytest.approx(math.sqrt(0.0008) / 2), pytest.approx(18), 20,
    )  # fmt: skip


def test_unequal_sessions_have_the_degrees_of_the_noisier() -> None:
    """Variances 0.0004 and 0.0001, degrees 4 and 9: 0.0005^2 / (0.0004^2/4 + 0.0001^2/9) = 6.0811."""
    found = combine([Estimate(0, 0.02, 4, 5), Estimate(0, 0.01, 9, 10)])
    assert found.freedom == pytest.approx(6.0811, abs=1e-4) and found.n == 15


def test_one_session_combined_is_itself() -> None:
    one = Estimate(0.1, 0.02, 9, 10)
    found = combine([one])
    assert (found.mean, found.error, found.n) == (one.mean, one.error, one.n) and found.freedom == pytest.approx(9)


@given(st.lists(st.tuples(st.floats(0, 1e-3), st.integers(1, 30)), min_size=1, max_size=6))
def test_the_degrees_lie_between_the_least_and_the_sum(parts: list[tuple[float, int]]) -> None:
    found = combine([Estimate(0.0, error, freedom, freedom + 1) for error, freedom in parts])
    degrees = [freedom for _, freedom in parts]
    assert min(degrees) * (1 - 1e-9) <= found.freedom <= sum(degrees) * (1 + 1e-9)
