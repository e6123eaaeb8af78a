"""Statistics against numbers worked by hand or published, and against simulations whose truth is known."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from makers import run, sample
from scipy.stats import ttest_rel

from harness.model import Comparison, Sample
from harness.stats import FLOOR, by_block, compare, counts, first_seconds, rank, standing, steady_seconds, summarise

SLEEP = (1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4)
"""Hours of sleep gained, ten patients paired (Student 1908): mean 1.58; R's t.test gives 0.7001142 to 2.4598858."""


def test_a_mean_of_logs_has_the_interval_worked_by_hand() -> None:
    """Logs 1, 2, 3, 4: mean 2.5, sd 1.290994, t(0.975, 3) = 3.182446, half width 3.182446 * 1.290994 / 2 = 2.054260."""
    found = summarise([math.e, math.e**2, math.e**3, math.e**4])
    assert found.low and found.high
    assert math.log(found.centre) == pytest.approx(2.5)
    assert math.log(found.low) == pytest.approx(0.445740, abs=1e-6)
    assert math.log(found.high) == pytest.approx(4.554260, abs=1e-6)
    assert (found.n, found.warnings) == (4, ("only 4 invocations",))


def test_students_sleep_data_give_the_published_interval() -> None:
    found = compare("a", "b", dict.fromkeys(range(10), 1.0), {b: math.exp(d) for b, d in enumerate(SLEEP)})
    assert found and found.low and found.high
    assert math.log(found.ratio) == pytest.approx(1.58)
    assert math.log(found.low) == pytest.approx(0.7001142, abs=1e-7)
    assert math.log(found.high) == pytest.approx(2.4598858, abs=1e-7)
    assert (found.base, found.other, found.n, found.warnings) == ("a", "b", 10, ())


def test_a_pair_needs_its_block() -> None:
    found = compare("a", "b", {1: 1.0, 2: 2.0, 9: 5.0}, {1: 2.0, 2: 4.0, 3: 7.0})
    assert found and found.ratio == pytest.approx(2) and (found.n, found.warnings) == (2, ("only 2 blocks",))
    assert compare("a", "b", {1: 1.0}, {2: 1.0}) is None
    assert compare("a", "b", {}, {}) is None


def test_pairing_takes_out_what_a_block_shares() -> None:
    """A machine twice as slow in some blocks says nothing of the ratio."""
    drift = [1.0, 2.0, 0.5, 1.7, 3.0]
    found = compare("a", "b", dict(enumerate(drift)), {b: d * 1.5 for b, d in enumerate(drift)})
    assert found and found.low and found.high
    assert found.low == pytest.approx(1.5) and found.high == pytest.approx(1.5)


@given(st.lists(st.tuples(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6)), min_size=2, max_size=20))
def test_the_interval_is_that_of_the_paired_t_test(pairs: list[tuple[float, float]]) -> None:
    found = compare("a", "b", {b: p[0] for b, p in enumerate(pairs)}, {b: p[1] for b, p in enumerate(pairs)})
    assert found and found.low and found.high
    logs = np.log(pairs)
    if np.ptp(logs[:, 1] - logs[:, 0]) > 1e-6:
        known = ttest_rel(logs[:, 1], logs[:, 0]).confidence_interval(0.95)
        assert math.log(found.low) == pytest.approx(known.low, rel=1e-6, abs=1e-6)
        assert math.log(found.high) == pytest.approx(known.high, rel=1e-6, abs=1e-6)
    assert found.low <= found.ratio * (1 + 1e-9) and found.ratio <= found.high * (1 + 1e-9)
    turned = compare("b", "a", {b: p[1] for b, p in enumerate(pairs)}, {b: p[0] for b, p in enumerate(pairs)})
    assert turned and turned.high and turned.ratio == pytest.approx(1 / found.ratio) and turned.high == pytest.approx(1 / found.low)


def test_no_variance_gives_an_interval_of_one_point() -> None:
    found = summarise([3.0] * 6)
    assert (found.low, found.centre, found.high) == (pytest.approx(3.0),) * 3 and found.warnings == ()
    pair = compare("a", "b", dict.fromkeys(range(5), 2.0), dict.fromkeys(range(5), 3.0))
    assert pair and (pair.low, pair.ratio, pair.high) == (pytest.approx(1.5),) * 3


@pytest.mark.filterwarnings("error")
def test_almost_no_variance_warns_of_nothing() -> None:
    almost = compare("a", "b", dict.fromkeys(range(5), 1.0), {b: 1.0 + b * 1e-16 for b in range(5)})
    assert almost and almost.low == pytest.approx(1.0)


def test_one_invocation_has_a_centre_and_no_interval() -> None:
    found, pair = summarise([2.0]), compare("a", "b", {1: 1.0}, {1: 2.0})
    assert (found.centre, found.low, found.high, found.n) == (pytest.approx(2.0), None, None, 1) and found.warnings
    assert pair and (pair.ratio, pair.low, pair.high, pair.n) == (pytest.approx(2.0), None, None, 1) and pair.warnings


@pytest.mark.parametrize("figures", [[], [0.0], [1.0, -1.0], [math.nan], [1.0, math.nan], [math.inf]])
def test_what_has_no_logarithm_is_refused(figures: list[float]) -> None:
    with pytest.raises(ValueError, match="mean"):
        summarise(figures)
    if figures:
        with pytest.raises(ValueError, match="mean"):
            compare("a", "b", dict.fromkeys(range(len(figures)), 1.0), dict(enumerate(figures)))


def simulated(ratio: float, sessions: int = 1500, blocks: int = 10) -> list[Comparison]:
    """Sessions with a drift over blocks and 5 % noise an invocation, of a known ratio; the seed fixes them."""
    rng = np.random.default_rng(20_261_101)
    drift = np.cumsum(rng.normal(0, 0.05, (sessions, blocks)), axis=1)
    a, b = (np.exp(drift + rng.normal(0, 0.05, (sessions, blocks))) for _ in range(2))
    found = [compare("a", "b", dict(enumerate(x)), dict(enumerate(y * ratio))) for x, y in zip(a.tolist(), b, strict=True)]
    return [c for c in found if c]


def binomial_bounds(n: int, p: float) -> tuple[float, float]:
    """3.3 standard deviations: a thousandth of a chance to fail on another seed."""
    half = 3.3 * math.sqrt(n * p * (1 - p))
    return n * p - half, n * p + half


def test_without_a_difference_one_comparison_in_twenty_shows_one() -> None:
    found = simulated(1.0)
    false = sum(not c.low <= 1 <= c.high for c in found if c.low and c.high)
    low, high = binomial_bounds(len(found), 0.05)
    assert low <= false <= high, f"{false} of {len(found)}"


def test_a_planted_ratio_lies_in_its_interval_nineteen_times_in_twenty() -> None:
    found = simulated(1.2)
    covered = sum(c.low <= 1.2 <= c.high for c in found if c.low and c.high)
    low, high = binomial_bounds(len(found), 0.95)
    assert low <= covered <= high, f"{covered} of {len(found)}"
    assert sum(standing(c) == "less" for c in found) == 0


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (1.1, 1.2, "more"),
        (1 + FLOOR + 1e-9, 2, "more"),
        (1.01, 1.5, "floor"),
        (0.9, 1.1, "open"),
        (1.0, 1.0, "open"),
        (0.5, 0.99, "floor"),
        (0.5, 1 / (1 + FLOOR) - 1e-9, "less"),
        (None, None, "unknown"),
    ],
)
def test_no_word_is_stronger_than_its_interval(low: float | None, high: float | None, word: str) -> None:
    assert standing(Comparison("a", "b", 1.05, low, high, 10)) == word


def test_nothing_is_said_of_no_comparison() -> None:
    assert standing(None) == "unknown"


def test_a_ranking_begins_with_the_least_and_names_its_rivals() -> None:
    def around(level: float) -> dict[int, float]:
        return {b: level * (1 + 0.001 * (-1) ** b) for b in range(6)}

    found = rank({"slow": around(3), "fast": around(1), "near": around(1.01), "none": {}})
    assert found.order == ("fast", "near", "slow") and found.rivals == ("near",)
    assert found.ratios["slow"] and found.ratios["slow"].ratio == pytest.approx(3, rel=0.01)
    assert rank({}).order == () and rank({"x": {}}).rivals == ()


# --- from runs to figures


def passes() -> tuple[Sample, ...]:
    return (
        sample("load", 1, 9_000_000_000),
        sample("s1", 1, 5_000_000_000, warmup=True),
        sample("s1", 2, 1_000_000_000),
        sample("s1", 3, 3_000_000_000),
        sample("s2", 1, 7_000_000_000, warmup=True),
        sample("s2", 2, 500_000_000),
    )


def test_steady_seconds_add_the_mean_of_each_step_without_warm_up_and_load() -> None:
    assert steady_seconds(run(samples=passes())) == pytest.approx(2.0 + 0.5)
    assert first_seconds(run(samples=passes())) == pytest.approx(5.0 + 7.0)
    assert steady_seconds(run(samples=passes()), ["s1"]) == pytest.approx(2.0)
    assert steady_seconds(run(samples=passes()), ["load"]) == pytest.approx(9.0)


def test_a_sum_over_fewer_steps_is_no_figure() -> None:
    assert steady_seconds(run(samples=passes()), ["s1", "s2", "s3"]) is None
    assert steady_seconds(run(samples=())) is None
    assert steady_seconds(run(samples=passes()[:2])) is None
    assert steady_seconds(run(samples=passes(), outcome="wrong")) is None


def test_only_timed_right_and_unsuspected_runs_count() -> None:
    assert counts(run())
    spoilt = [run(kind="verify"), run(outcome="timeout"), run(suspect=("throttled",))]
    assert not any(map(counts, spoilt))
    assert by_block(spoilt, steady_seconds) == {}


def test_figures_stand_by_implementation_case_and_block() -> None:
    runs = [run(block=b, implementation=i, case=c, samples=passes()) for b in (1, 2) for i in ("x/a", "x/b") for c in ("small", "big")]
    found = by_block(runs, lambda r: steady_seconds(r, ["s2"]))
    assert found == {(i, c): {1: 0.5, 2: 0.5} for i in ("x/a", "x/b") for c in ("small", "big")}


@pytest.mark.parametrize("figure", [lambda _: None, lambda _: 0.0, lambda _: -1.0, lambda _: math.nan])
def test_what_is_not_positive_is_left_out_of_the_figures(figure: Callable[[object], float | None]) -> None:
    assert by_block([run()], figure) == {}
