"""Error rates on simulated sessions whose truth is known; seeds are fixed, bounds are 3.3 standard deviations of the binomial."""

import math

import numpy as np
import pytest
from makers import run, sample, session
from numpy.typing import NDArray

from harness.stats import Estimate, calibration_by_groups, combine, difference, estimate, holm

SEED = 20_261_123
SESSIONS = 2000


def blocks(ratio: float, sd: float, k: int = 10, sessions: int = SESSIONS, seed: int = SEED) -> NDArray[np.float64]:
    """Log ratios of sessions of k blocks: two arms with their own noise, and a drift that the pairing takes out."""
    rng = np.random.default_rng(seed)
    drift = np.cumsum(rng.normal(0, 0.05, (sessions, k)), axis=1)
    of, to = (drift + rng.normal(0, sd / math.sqrt(2), (sessions, k)) for _ in range(2))
    return of + math.log(ratio) - to


def estimates(logs: NDArray[np.float64]) -> list[Estimate]:
    return [estimate(row) for row in logs.tolist()]


def covers(found: Estimate, truth: float, confidence: float) -> bool:
    low, high = found.interval(confidence) or (0, 0)
    return low <= truth <= high


def check(hits: int, n: int, rate: float) -> None:
    assert abs(hits - n * rate) <= 3.3 * math.sqrt(n * rate * (1 - rate)), f"{hits} of {n}, nominal {rate}"


@pytest.mark.parametrize("k", [3, 10])
@pytest.mark.parametrize("confidence", [0.95, 0.90])
@pytest.mark.parametrize("ratio", [1.0, 1.05, 3.0])
def test_a_planted_ratio_lies_in_its_interval_as_often_as_it_says(ratio: float, confidence: float, k: int) -> None:
    found = estimates(blocks(ratio, 0.05, k))
    check(sum(covers(e, math.log(ratio), confidence) for e in found), SESSIONS, confidence)


def test_skewed_figures_spoil_the_interval_little() -> None:
    """Invocations that are 10 % slower one time in ten, as machines do it: still 3 to 7 % false."""
    rng = np.random.default_rng(SEED)
    of, to = (rng.normal(0, 0.03, (SESSIONS, 10)) + 0.1 * (rng.random((SESSIONS, 10)) < 0.1) for _ in range(2))
    assert 0.03 <= sum(not covers(e, 0, 0.95) for e in estimates(of - to)) / SESSIONS <= 0.07


def test_unpaired_figures_of_unequal_number_and_spread_hold_their_level() -> None:
    rng = np.random.default_rng(SEED)
    of, to = estimates(rng.normal(0, 0.02, (SESSIONS, 10))), estimates(rng.normal(0, 0.08, (SESSIONS, 5)))
    check(sum(not covers(difference(a, b), 0, 0.95) for a, b in zip(of, to, strict=True)), SESSIONS, 0.05)


def test_sessions_of_unequal_spread_combined_hold_their_level() -> None:
    """Three sessions of one truth, each its own number of blocks and noise."""
    each = [estimates(blocks(1.2, sd, k, seed=SEED + k)) for sd, k in ((0.03, 10), (0.06, 6), (0.03, 20))]
    check(sum(covers(combine(e), math.log(1.2), 0.95) for e in zip(*each, strict=True)), SESSIONS, 0.95)


def test_at_the_bound_equivalence_is_wrongly_said_one_time_in_twenty() -> None:
    bound = math.log(1.03)
    found = estimates(blocks(1.03, 0.03, 20))
    said = sum(e.p_within(-bound, bound) <= 0.05 for e in found)
    check(said, SESSIONS, 0.05)
    inside = [all(-bound <= x <= bound for x in e.interval(0.90) or (9, 9)) for e in found]
    assert sum(inside) == said


def test_beyond_the_bound_equivalence_is_hardly_ever_said() -> None:
    bound = math.log(1.03)
    assert sum(e.p_within(-bound, bound) <= 0.05 for e in estimates(blocks(1.05, 0.03, 10))) < 0.005 * SESSIONS


def test_a_one_sided_claim_at_its_threshold_is_wrongly_said_one_time_in_forty() -> None:
    """Beyond the threshold by the 95 % interval's one end, on the side that is claimed."""
    check(sum(e.p_above(math.log(1.2)) <= 0.025 for e in estimates(blocks(1.2, 0.05))), SESSIONS, 0.025)


def test_holm_keeps_a_family_at_one_false_word_in_twenty() -> None:
    """Families of 20 claims that are all false: some word is said in 64 % of them without it, in 1 - (1 - .05/20)^20 = 4.9 % with it."""
    families, claims = 1000, 20
    found = estimates(blocks(1.0, 0.05, sessions=families * claims))
    p = np.array([2 * min(e.p_above(0), e.p_below(0)) for e in found]).reshape(families, claims)
    check(int((p <= 0.05).any(axis=1).sum()), families, 1 - 0.95**claims)
    check(sum(min(holm(row)) <= 0.05 for row in p.tolist()), families, 1 - (1 - 0.05 / claims) ** claims)


def test_holm_keeps_it_where_half_of_the_claims_are_true() -> None:
    """Ten true of twenty, found nearly always: of the ten false ones some word is still said at most one time in twenty."""
    families = 1000
    true, null = blocks(1.3, 0.05, sessions=families * 10), blocks(1.0, 0.05, sessions=families * 10, seed=SEED + 1)
    p = np.array([2 * min(e.p_above(0), e.p_below(0)) for e in estimates(np.concatenate([true, null]))])
    adjusted = [
        holm([*a, *b]) for a, b in zip(p[: families * 10].reshape(families, 10), p[families * 10 :].reshape(families, 10), strict=True)
    ]
    assert sum(min(row[10:]) <= 0.05 for row in adjusted) <= families * 0.05 + 3.3 * math.sqrt(families * 0.05 * 0.95)
    assert sum(max(row[:10]) <= 0.05 for row in adjusted) >= 0.95 * families


def test_the_rate_of_a_long_session_is_the_nominal_one() -> None:
    """From runs to the rate: 300 comparisons of five blocks, and its interval holds 5 %; a planted 5 % is called each time."""
    rng = np.random.default_rng(SEED)
    long = session(id="long", again="x/std", blocks=1500)

    def runs(ratio: float) -> list[object]:
        arms = (("test", 1.0), ("again", ratio))
        return [
            run(block=b, arm=arm, samples=(sample("s1", 2, round(1e9 * r * math.exp(noise))),))
            for b in range(1, 1501)
            for (arm, r), noise in zip(arms, rng.normal(0, 0.01, 2), strict=True)
        ]

    found = calibration_by_groups(long, runs(1.0), 5)
    assert found.comparisons == 300 and found.low is not None and found.high is not None and found.low <= 0.05 <= found.high
    assert calibration_by_groups(long, runs(1.05), 5).called >= 299
