"""The verdict rule against intervals worked by hand, against itself turned round, and against the error rates that it promises.

t(9) at .975 is 2.2622 and at .95 1.8331; ln 1.03 is .0296, ln 2 .6931, ln 11 2.3979.
"""

import math
import random

import makers  # noqa: F401 - sets the profile of hypothesis
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness import stats
from harness.claims import words
from harness.claims.rule import Bounds, exact, needed, rule
from harness.stats import Estimate

FLOOR = 0.03


def of_ten(mean: float, error: float) -> Estimate:
    return Estimate(mean, error, 9, 10)


@pytest.mark.parametrize(
    ("mean", "error", "least", "most", "word", "ground"),
    [
        # least 1: 95 % interval .0548 to .1452 is beyond the floor .0296; .0248 to .1152 is not.
        (0.10, 0.02, 1, None, "supported", "beyond"),
        (0.07, 0.02, 1, None, "inconclusive", "open"),
        # least 2: low end .7095 is above .6931, .6869 is not; high end .6131 is below .6931 - .0296 = .6636, .6705 is not.
        (0.80, 0.04, 2, None, "supported", "beyond"),
        (0.80, 0.05, 2, None, "inconclusive", "open"),
        (0.50, 0.05, 2, None, "refuted", "short"),
        (0.58, 0.04, 2, None, "inconclusive", "open"),
        # the other way round: high end -.0548; and no material difference: 90 % interval -.0170 to .0270, though the 95 % reaches .0321.
        (-0.10, 0.02, 1, None, "refuted", "short"),
        (0.005, 0.012, 1, None, "refuted", "level"),
        (0.010, 0.012, 1, None, "inconclusive", "open"),
        # a least below 1 by more than the floor is held against as it is, and no difference does not refute it.
        (0.00, 0.02, 0.9, None, "supported", "beyond"),
        (0.00, 0.001, 0.99, None, "inconclusive", "open"),
        # most 2: high end .6131; low end .7321 is above .6931 + .0296 = .7227, .7021 is not. most 1 and 1.02: only below the floor.
        (0.50, 0.05, None, 2, "supported", "beyond"),
        (0.80, 0.03, None, 2, "refuted", "short"),
        (0.77, 0.03, None, 2, "inconclusive", "open"),
        (-0.10, 0.02, None, 1, "supported", "beyond"),
        (0.10, 0.02, None, 1, "refuted", "short"),
        (0.005, 0.012, None, 1, "refuted", "level"),
        (0.00, 0.004, None, 1.02, "inconclusive", "open"),
        # 2 to 11: 90 % interval .8167 to 1.1833 is inside; low end .6900 is not; high end .6131 and low end 2.4869 are out by the floor.
        (1.00, 0.10, 2, 11, "supported", "within"),
        (0.80, 0.06, 2, 11, "inconclusive", "open"),
        (0.50, 0.05, 2, 11, "refuted", "below"),
        (2.60, 0.05, 2, 11, "refuted", "above"),
        # within a tenth: 90 % interval -.0267 to .0467 is inside of .0953; a range beside 1 holds beyond the floor only.
        (0.01, 0.02, 0.9091, 1.1, "supported", "within"),
        (0.02, 0.001, 1.01, 2, "inconclusive", "open"),
        (-0.02, 0.001, 0.5, 0.99, "inconclusive", "open"),
    ],
)
def test_the_word_by_hand(mean: float, error: float, least: float | None, most: float | None, word: str, ground: str) -> None:
    found = rule(of_ten(mean, error), Bounds(least, most, FLOOR))
    assert (found.word, found.ground) == (word, ground)
    assert (found.p is None) == (word == "inconclusive")


def test_p_by_hand() -> None:
    # Student's table: t(9) exceeds 2.821 with .01 and 3.250 with .005, on one side.
    phi = math.log(1.03)
    assert rule(of_ten(phi + 0.02821, 0.01), Bounds(1, None, FLOOR)).p == pytest.approx(0.02, abs=2e-5)
    assert rule(of_ten(math.log(2) - phi - 0.0325, 0.01), Bounds(2, None, FLOOR)).p == pytest.approx(0.01, abs=2e-5)
    assert rule(of_ten(math.log(2) + 0.02821, 0.01), Bounds(2, 11, FLOOR)).p == pytest.approx(0.01, abs=1e-5)


def test_a_margin_narrower_than_the_floor_is_never_shown() -> None:
    tight = of_ten(0.0, 1e-6)
    assert rule(tight, Bounds(0.95, 1.05, 0.03)).word == "supported"
    assert rule(tight, Bounds(0.95, 1.05, 0.06)).word == "inconclusive"
    assert rule(tight, Bounds(0.90, 1.05, 0.06)).word == "inconclusive"
    assert "wider than the margin" in words.undecided(tight, Bounds(0.95, 1.05, 0.06), 10, None)
    assert rule(of_ten(1.0, 0.01), Bounds(0.95, 1.05, 0.06)).word == "refuted"


def test_one_block_says_nothing_and_figures_that_never_vary_say_all() -> None:
    assert rule(Estimate(5.0, None, 0, 1), Bounds(1, None, FLOOR)).word == "inconclusive"
    assert rule(Estimate(5.0, 0.0, 9, 10), Bounds(1, None, FLOOR)).p == 0
    assert rule(Estimate(0.0, 0.0, 9, 10), Bounds(1, None, FLOOR)).ground == "level"


def test_bounds_that_assert_nothing_are_an_error() -> None:
    with pytest.raises(ValueError, match="nothing is asserted"):
        rule(of_ten(0, 1), Bounds(None, None, FLOOR))


@pytest.mark.parametrize(
    ("ratio", "least", "most", "word"),
    [
        (1.5, 1.1, None, "supported"), (1.1, 1.1, None, "supported"), (1.09, 1.1, None, "refuted"), (1.0, 1.0, None, "refuted"),
        (1.001, 1.0, None, "supported"), (0.9, None, 1.0, "supported"), (1.0, None, 1.0, "refuted"), (2.1, None, 2.0, "refuted"),
        (2.0, 2.0, 11.0, "supported"), (1.9, 2.0, 11.0, "refuted"), (11.5, 2.0, 11.0, "refuted"), (1.0, 1.0, 2.0, "supported"),
    ],
)  # fmt: skip
def test_what_is_counted_is_held_against_the_bounds_as_it_is(ratio: float, least: float | None, most: float | None, word: str) -> None:
    found = exact(ratio, Bounds(least, most, 0.0))
    assert (found.word, found.p) == (word, 0.0)


BOUNDS = st.one_of(
    st.tuples(st.floats(0.2, 5), st.none()),
    st.tuples(st.none(), st.floats(0.2, 5)),
    st.tuples(st.floats(0.2, 5), st.floats(1.01, 6)).map(lambda b: (b[0], b[0] * b[1])),
)
ESTIMATES = st.tuples(st.floats(-2, 2), st.floats(1e-4, 0.5))
FLOORS = st.floats(0, 0.3)


def by_intervals(found: Estimate, least: float | None, most: float | None, floor: float) -> str:
    """The rule as METHODOLOGY.md tells it, by intervals and for each kind of bounds apart: another way to the same word."""
    (low95, high95), (low90, high90), phi = found.interval(0.95), found.interval(0.90), math.log(1 + floor)
    level = -phi < low90 and high90 < phi
    if least is not None and most is not None:
        bottom, top = math.log(least), math.log(most)
        narrow = bottom < 0 < top and min(-bottom, top) < phi
        if not narrow and low90 > (max(bottom, phi) if bottom >= 0 else bottom) and high90 < (min(top, -phi) if top <= 0 else top):
            return "supported"
        return "refuted" if low95 > top + phi or high95 < bottom - phi else "inconclusive"
    if least is not None:
        bottom = math.log(least)
        if low95 > (bottom if bottom <= -phi else max(bottom, phi)):
            return "supported"
        return "refuted" if high95 < bottom - phi or (bottom >= 0 and level) else "inconclusive"
    top = math.log(most)
    if high95 < (top if top >= phi else min(top, -phi)):
        return "supported"
    return "refuted" if low95 > top + phi or (top <= 0 and level) else "inconclusive"


@given(ESTIMATES, BOUNDS, FLOORS)
def test_the_p_and_the_intervals_give_one_word(drawn: tuple[float, float], bounds: tuple, floor: float) -> None:
    found = rule(of_ten(*drawn), Bounds(*bounds, floor))
    assert found.word == by_intervals(of_ten(*drawn), *bounds, floor)
    assert (found.p is not None and found.p <= 0.05) == (found.word != "inconclusive")


@given(ESTIMATES, BOUNDS, FLOORS)
def test_exchanging_the_two_with_reciprocal_bounds_gives_the_same_word(drawn: tuple[float, float], bounds: tuple, floor: float) -> None:
    least, most = bounds
    turned = Bounds(most and 1 / most, least and 1 / least, floor)
    there, back = rule(of_ten(*drawn), Bounds(least, most, floor)), rule(of_ten(-drawn[0], drawn[1]), turned)
    # 1/x rounds: an end that sits on a bound to the last bit may fall on either side.
    assume((there.p is None) == (back.p is None) or min(abs(p - 0.05) for p in (there.p, back.p) if p is not None) > 1e-9)
    assert there.word == back.word
    assert there.p == pytest.approx(back.p)


@given(ESTIMATES, st.floats(1, 50), BOUNDS, FLOORS)
def test_a_wider_interval_never_decides_what_a_narrower_left_open(
    drawn: tuple[float, float], wider: float, bounds: tuple, floor: float
) -> None:
    narrow, wide = (rule(of_ten(drawn[0], drawn[1] * by), Bounds(*bounds, floor)) for by in (1, wider))
    assert wide.word in {narrow.word, "inconclusive"}


@given(ESTIMATES, st.floats(1, 3), FLOORS, FLOORS)
def test_more_noise_never_makes_a_claim_of_more_easier_to_support(drawn: tuple[float, float], least: float, a: float, b: float) -> None:
    quiet, loud = (rule(of_ten(*drawn), Bounds(least, None, floor)).word for floor in sorted((a, b)))
    assert loud != "supported" or quiet == "supported"


@given(ESTIMATES, st.floats(1, 3), FLOORS, FLOORS)
def test_more_noise_never_makes_a_claim_of_more_easier_to_refute(drawn: tuple[float, float], least: float, a: float, b: float) -> None:
    quiet, loud = (rule(of_ten(*drawn), Bounds(least, None, max(0.03, floor), 0.03)).word for floor in sorted((a, b)))
    assert loud != "refuted" or quiet == "refuted"


def test_a_margin_written_to_four_digits_is_as_wide_as_the_floor_it_stands_for() -> None:
    """ln .9709 is -.02953 and ln 1.03 .02956; of ten with an error of .008 the 90 % interval reaches .0147 either way."""
    assert rule(of_ten(0.0, 0.008), Bounds(0.9709, 1.03, FLOOR)).ground == "within"
    assert rule(of_ten(0.0, 0.008), Bounds(0.972, 1.03, FLOOR)).ground == "open"


def test_a_session_that_is_too_noisy_calls_nothing_equal() -> None:
    found = Estimate(math.log(1.0), 0.002, 9, 10)
    assert rule(found, Bounds(1, None, 0.03, 0.03)).ground == "level"
    assert rule(found, Bounds(1, None, 0.30, 0.03)).word == "inconclusive"


def test_the_advice_is_the_nearest_way_to_a_word() -> None:
    sd, phi = 0.03, math.log(1.03)
    found = Estimate(0.04, sd / math.sqrt(5), 4, 5)
    assert needed(found, Bounds(1, None, FLOOR)) == stats.blocks_needed(sd, 0.04 - phi)
    assert needed(Estimate(0.6, sd / math.sqrt(5), 4, 5), Bounds(2, None, FLOOR)) == stats.blocks_needed(sd, math.log(2) - phi - 0.6)
    assert needed(Estimate(0.0, None, 0, 1), Bounds(1, None, FLOOR)) is None
    # Between what refutes and what supports a bound of 2 no number of blocks helps.
    assert needed(Estimate(0.68, sd, 4, 5), Bounds(2, None, FLOOR)) is None


@pytest.mark.parametrize(
    ("mean", "least", "most", "word"), [(0.0, 1, None, "refuted"), (0.06, 1, None, "supported"), (0.0, 0.95, 1.05, "supported")]
)
def test_as_many_blocks_as_advised_decide_four_times_in_five(mean: float, least: float, most: float | None, word: str) -> None:
    rng, sd, bounds = random.Random(11), 0.03, Bounds(least, most, FLOOR)
    blocks = needed(Estimate(mean, sd / math.sqrt(10), 9, 10), bounds)
    assert blocks is not None
    hits = sum(rule(stats.estimate([rng.gauss(mean, sd) for _ in range(blocks)]), bounds).word == word for _ in range(1000))
    assert 770 <= hits <= 900


def test_on_the_very_border_no_word_is_wrong_more_often_than_it_promises() -> None:
    rng, phi, n = random.Random(5), math.log(1.03), 4000
    said = [rule(stats.estimate([rng.gauss(phi, 0.03) for _ in range(10)]), Bounds(1, None, FLOOR)).word for _ in range(n)]
    # One side of a 95 % interval: 2.5 %; two one-sided tests: 5 %. The limits are three standard errors beyond.
    assert said.count("supported") / n < 0.025 + 3 * math.sqrt(0.025 * 0.975 / n)
    assert said.count("refuted") / n < 0.05 + 3 * math.sqrt(0.05 * 0.95 / n)


BY = "by more than the floor of 3.0 %"


@pytest.mark.parametrize(
    ("ratio", "error", "least", "most", "sentence"),
    [
        (1.32, 0.03, 1, None, "1.32 times (1.23 to 1.41), beyond the floor of 3.0 %"),
        (3, 0.03, 2, None, "3.00 times (2.80 to 3.21), clear of the bound: at least 2"),
        (1.3, 0.03, 2, None, f"1.30 times (1.21 to 1.39), short of the bound (at least 2) {BY}"),
        (0.8, 0.02, None, 1, f"0.80 times (0.76 to 0.84), below 1 {BY}"),
        (1.3, 0.03, None, 2, "1.30 times (1.21 to 1.39), clear of the bound: at most 2"),
        (3, 0.03, None, 2, f"3.00 times (2.80 to 3.21), over the bound (at most 2) {BY}"),
        (20, 0.03, 2, 11, f"20.0 times (18.7 to 21.4), above what is asserted (between 2 and 11) {BY}"),
        (4, 0.03, 2, 11, "4.00 times (3.74 to 4.28): the 90 % interval 3.79 to 4.23 lies between 2 and 11"),
    ],
)
def test_the_sentence_says_what_it_was_held_against(
    ratio: float, error: float, least: float | None, most: float | None, sentence: str
) -> None:
    found, bounds = of_ten(math.log(ratio), error), Bounds(least, most, FLOOR)
    assert words.decided(found, bounds, rule(found, bounds)) == sentence


def test_the_sentence_of_no_difference_has_the_interval_that_shows_it() -> None:
    found, bounds = of_ten(0, 0.01), Bounds(1, None, FLOOR)
    assert words.decided(found, bounds, rule(found, bounds)) == (
        "1.00 times (0.978 to 1.023): the 90 % interval 0.982 to 1.019 lies inside the floor of 3.0 %, so there is no material difference"
    )


def test_the_sentence_of_an_open_question_says_what_would_close_it() -> None:
    found, bounds = of_ten(0.07, 0.02), Bounds(1, None, FLOOR)
    assert words.undecided(found, bounds, 10, 24).endswith(
        "neither shows nor refutes at least 1, with a floor of 3.0 %; needs about 24 blocks to decide"
    )
    assert words.undecided(found, bounds, 10, None).endswith("no number of blocks is likely to decide it")
    assert words.undecided(found, bounds, 20, None) == "1.073 times (1.025 to 1.12) from 10 blocks; the claim asks for 20"
    assert words.undecided(found, bounds, 20, 24).endswith("the claim asks for 20, and needs about 24 to decide")
    alone = words.undecided(Estimate(0.07, None, 0, 1), bounds, 10, None)
    assert alone == "1.073 times from 1 block, which has no interval; the claim asks for 10"


def test_a_ratio_is_printed_as_finely_as_a_floor_needs() -> None:
    shown = [words.number(x) for x in (0.0123, 0.5, 0.98, 0.984, 1.0, 1.018, 1.32, 12.34, 234.5, math.inf)]
    assert shown == ["0.012", "0.50", "0.98", "0.984", "1.00", "1.018", "1.32", "12.3", "234", "inf"]
