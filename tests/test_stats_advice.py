"""How many blocks: published sample sizes, and the power that the advised number has in simulated sessions."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtrit
from scipy.stats import nct

from harness.stats import blocks_for_precision, blocks_needed, chance


@pytest.mark.parametrize(("effect", "power", "blocks"), [(0.2, 0.8, 199), (0.5, 0.8, 34), (0.8, 0.8, 15), (0.5, 0.9, 44)])
def test_the_published_sizes_of_a_paired_t_test(effect: float, power: float, blocks: int) -> None:
    """Cohen's small, medium and large effect at 5 % two-sided (G*Power, and R's power.t.test(type = "paired"))."""
    assert blocks_needed(1.0, effect, power=power) == blocks
    assert blocks_needed(0.04, -0.04 * effect, power=power) == blocks


def test_the_published_power_of_a_paired_t_test() -> None:
    """G*Power: effect 0.5, 34 pairs, 5 % two-sided: 0.8077775."""
    assert chance(34, 1.0, 0.5) == pytest.approx(0.8077775, abs=1e-6)


@pytest.mark.parametrize("blocks", [2, 3, 5, 10, 100, 10_000])
def test_the_power_is_the_noncentral_ts(blocks: int) -> None:
    for shift in (0.1, 1.0, 2.5, 4.0):
        known = nct.sf(stdtrit(blocks - 1, 0.975), blocks - 1, shift)
        assert chance(blocks, 1.0, shift / math.sqrt(blocks)) == pytest.approx(known, abs=1e-5)


def test_the_power_is_a_number_where_scipys_is_none() -> None:
    """nctdtr gave NaN near a shift of 38 on 37 degrees; nothing between never and always may be left out of a search."""
    found = [chance(38, 1.0, k / 64) for k in range(800)]
    assert all(0 <= p <= 1 + 1e-9 for p in found) and found == sorted(found)
    assert blocks_needed(0.5625, 0.53125, confidence=0.9, power=0.5) == 5


def test_no_number_of_blocks_decides_what_sits_on_the_threshold() -> None:
    assert blocks_needed(0.03, 0.0) is None and blocks_needed(0.03, 1e-5) is None and blocks_needed(0.0, 0.0) is None


def test_two_blocks_are_the_least() -> None:
    assert blocks_needed(0.0, 0.01) == blocks_needed(1e-12, 1e9) == blocks_needed(0.03, 9.0) == 2
    assert chance(1, 0.03, 9.0) == 0 and chance(2, 0.0, 0.01) == 1 and chance(2, 0.0, 0.0) == 0


@given(st.floats(1e-3, 1), st.floats(1e-3, 1), st.sampled_from([0.90, 0.95]), st.sampled_from([0.5, 0.8, 0.9]))
def test_the_advice_is_the_least_number_that_does(sd: float, distance: float, confidence: float, power: float) -> None:
    blocks = blocks_needed(sd, distance, confidence, power)
    if blocks is not None:
        assert chance(blocks, sd, distance, confidence) >= power > (chance(blocks - 1, sd, distance, confidence) if blocks > 2 else 0)


def test_the_precision_by_hand() -> None:
    """sd 0.04, wanted ln 1.02 = 0.019803. 2.109816 * 0.04/sqrt(18) = 0.019891 is too wide; 2.100922 * 0.04/sqrt(19) = 0.019279 is not."""
    assert blocks_for_precision(0.04, 0.02) == 19
    assert blocks_for_precision(0.0, 0.02) == blocks_for_precision(0.0, 0.0) == 2
    assert blocks_for_precision(0.04, 0.0) is None and blocks_for_precision(0.04, 1e-6) is None


@given(st.floats(1e-3, 0.5), st.floats(0.005, 0.5))
def test_the_precision_is_reached_and_not_before(sd: float, width: float) -> None:
    blocks = blocks_for_precision(sd, width)
    assert blocks
    half = [float(stdtrit(n - 1, 0.975)) * sd / math.sqrt(n) for n in (blocks - 1, blocks) if n > 1]
    assert half[-1] <= math.log1p(width) and all(h > math.log1p(width) for h in half[:-1])


@pytest.mark.parametrize(("sd", "distance"), [(0.042, 0.05), (0.042, 0.02), (0.14, 0.1)])
def test_the_advised_number_decides_four_times_in_five(sd: float, distance: float) -> None:
    """4,000 sessions of the advised size: the share whose interval excludes the threshold is the chance that was promised."""
    blocks = blocks_needed(sd, distance)
    assert blocks
    logs = np.random.default_rng(20_261_120).normal(distance, sd, (4000, blocks))
    low = logs.mean(axis=1) - stdtrit(blocks - 1, 0.975) * logs.std(axis=1, ddof=1) / math.sqrt(blocks)
    promised, seen = chance(blocks, sd, distance), float((low > 0).mean())
    assert promised >= 0.8 and abs(seen - promised) < 3.3 * math.sqrt(0.8 * 0.2 / 4000)
