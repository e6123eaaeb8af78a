"""The noise floor, the A/A rate, Holm and the exact binomial interval, against hand-worked and published numbers."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from makers import run, sample, session
from scipy.stats import binomtest

from harness.model import Calibration, Comparison, Floor, Run
from harness.stats import METRICS, binomial_interval, calibration, calibration_by_groups, floor, holm, null_pairs, rank, standing

MS = 1_000_000


def arms(ratios: Sequence[float], case: str = "small", first: int = 1) -> list[Run]:
    """An A/A arm: block by block its twin takes one second, and the arm `ratios` of it."""
    pairs = [(block, arm, r) for block, ratio in enumerate(ratios, first) for arm, r in (("test", 1.0), ("again", ratio))]
    return [run(block=b, case=case, arm=arm, samples=(sample("s1", 2, round(1000 * MS * r)),)) for b, arm, r in pairs]


def test_the_floor_is_the_policys_where_the_arms_lie_nearer() -> None:
    """sqrt(1.01 * 1.0302) - 1 = 2.005 %, inside 3 %."""
    found = floor("x/std", arms([1.01, 1.0302]))
    assert found == Floor(0.03, pytest.approx(math.sqrt(1.01 * 1.0302) - 1), 1) and found.value == 0.03


def test_the_floor_is_what_the_arms_show_where_they_lie_farther() -> None:
    """One case 4 % slower, one 10 % faster: the larger absolute log is ln(1/0.9), a floor of 11.1 %."""
    found = floor("x/std", arms([1.04, 1.04]) + arms([0.9, 0.9], "big"))
    assert found.arms == 2 and found.measured == pytest.approx(1 / 0.9 - 1) and found.value == found.measured


def test_of_twenty_one_arms_the_one_farthest_off_may_be_chance() -> None:
    cases = [run for i in range(21) for run in arms([1 + i / 100], f"case{i}")]
    assert floor("x/std", cases).measured == pytest.approx(0.19)
    assert floor("x/std", cases[2:]).measured == pytest.approx(0.20)


def test_without_arms_only_the_policy_holds() -> None:
    runs = arms([1.5])
    assert floor(None, runs) == floor("x/std", []) == Floor(0.03, None, 0)
    assert floor("x/std", runs, "build_clean_seconds") == Floor(0.03, None, 0)
    assert floor("x/std", runs, "code_lines") == Floor(0.0, None, 0)
    assert floor("x/std", runs, "peak_memory") == Floor(0.03, None, 0)
    with pytest.raises(KeyError):
        floor("x/std", runs, "elegance")


def test_the_arms_of_failed_runs_and_other_labels_take_no_part() -> None:
    runs = arms([1.0, 1.2])
    assert null_pairs("x/std", runs) == {"small": {1: pytest.approx(0.0), 2: pytest.approx(math.log(1.2))}}
    assert null_pairs("x/std@2", runs) == {}
    assert null_pairs("x/std", [*runs[:3], run(block=2, arm="again", outcome="crash")]) == {"small": {1: 0.0}}
    assert floor("x/std", runs, steps=["s9"]).arms == 0


def test_a_word_is_said_above_the_floor_that_is_given() -> None:
    shown = Comparison("a", "b", 1.07, 1.05, 1.09, 10)
    assert (standing(shown), standing(shown, 0.10), standing(shown, 0.0)) == ("more", "floor", "more")
    table = {"a": {b: 1.0 + b / 1000 for b in range(6)}, "b": {b: 1.07 + b / 1000 for b in range(6)}}
    assert rank(table).rivals == () and rank(table, 0.10).rivals == ("b",)


# --- families


@pytest.mark.parametrize(
    ("raw", "adjusted"),
    [
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),  # Wikipedia, Holm-Bonferroni method
        ([0.01, 0.02, 0.03], [0.03, 0.04, 0.04]),  # R: p.adjust(c(.01, .02, .03), "holm")
        ([0.5, 0.9], [1.0, 1.0]),
        ([0.04], [0.04]),
        ([], []),
    ],
)
def test_holm(raw: list[float], adjusted: list[float]) -> None:
    assert holm(raw) == pytest.approx(tuple(adjusted))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_never_helps_and_keeps_the_order(raw: list[float]) -> None:
    found = holm(raw)
    assert all(p <= q <= min(1.0, len(raw) * p) + 1e-12 for p, q in zip(raw, found, strict=True))
    order = sorted(range(len(raw)), key=raw.__getitem__)
    assert [found[i] for i in order] == sorted(found)


def test_published_binomial_intervals() -> None:
    """R's example after Conover: binom.test(682, 925) gives 0.7076683 to 0.7654066. No hit in 59: 1 - 0.05^(1/59) = 4.951 %."""
    assert binomial_interval(682, 925) == (pytest.approx(0.7076683, abs=1e-7), pytest.approx(0.7654066, abs=1e-7))
    assert binomial_interval(0, 59, 0.90) == (0.0, pytest.approx(1 - 0.05 ** (1 / 59))) and binomial_interval(0, 59, 0.90)[1] < 0.05
    assert binomial_interval(0, 58, 0.90)[1] > 0.05
    assert binomial_interval(10, 10) == (pytest.approx(0.025**0.1), 1.0)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_binomial_interval_is_scipys(rate: tuple[int, int]) -> None:
    known = binomtest(*rate).proportion_ci(0.95, method="exact")
    assert binomial_interval(*rate) == (pytest.approx(known.low, abs=1e-9), pytest.approx(known.high, abs=1e-9))


@pytest.mark.parametrize("rate", [(0, 0), (3, 2), (-1, 5)])
def test_what_is_no_rate_is_refused(rate: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="no rate"):
        binomial_interval(*rate)


EVEN, APART = (0.99, 1.01, 0.99, 1.01), (1.20, 1.21, 1.20, 1.21)


def test_the_rate_counts_a_comparison_a_case_and_session() -> None:
    one = session(id="one", again="x/std"), arms(EVEN) + arms(APART, "big")
    two = session(id="two", again="x/std"), arms(EVEN)
    old, short = (session(id="old"), arms(APART)), (session(id="short", again="x/std"), arms([1.5]))
    assert calibration([one, two, old, short]) == Calibration(3, 1, *binomial_interval(1, 3), 0.05, ("one", "two"))
    assert calibration([old]) == calibration([]) == Calibration(0, 0, None, None)


def test_a_difference_inside_the_floor_is_still_a_false_one() -> None:
    """1 % slower without doubt: far inside the floor, and a call nevertheless; the rate is the interval's own."""
    assert calibration([(session(again="x/std"), arms([1.01, 1.0101, 1.0099]))]).called == 1


def test_one_long_session_is_cut_into_groups() -> None:
    """Eleven blocks by four: blocks 1 to 4 apart, 5 to 8 even, the rest left over; a group with a hole takes no part."""
    long, runs = session(id="long", again="x/std", blocks=11), arms([*APART, *EVEN, *APART[:3]])
    assert calibration_by_groups(long, runs, 4) == Calibration(2, 1, *binomial_interval(1, 2), 0.05, ("long",))
    assert calibration_by_groups(long, [r for r in runs if r.block != 6], 4).comparisons == 1
    assert calibration_by_groups(long, runs, 11).comparisons == 1 and calibration_by_groups(long, runs, 12).comparisons == 0
    assert calibration_by_groups(session(blocks=11), runs, 4).comparisons == 0
    with pytest.raises(ValueError, match="take 2 or more"):
        calibration_by_groups(long, runs, 1)


def test_the_rate_of_another_metric() -> None:
    runs = [run(block=b, arm=arm, anon_peak_bytes=size) for b in (1, 2, 3) for arm, size in (("test", 1000 + b), ("again", 2000 + b))]
    assert "peak_memory" in METRICS and calibration([(session(again="x/std"), runs)], "peak_memory").called == 1
