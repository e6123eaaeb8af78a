"""Courses of passes whose truth is planted, and how often a change is seen where there is none."""

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.stats import course

NOISE = 0.01


def passes(*levels: tuple[int, float], seed: int = 1) -> list[float]:
    """So many passes at each level, with 1 % of noise."""
    flat = np.concatenate([np.full(n, level) for n, level in levels])
    return [*(flat * np.exp(np.random.default_rng(seed).normal(0, NOISE, len(flat))))]


@pytest.mark.parametrize(
    ("levels", "word", "changes"),
    [
        ([(100, 1.0)], "flat", ()),
        ([(30, 1.5), (70, 1.0)], "warm-up", (30,)),
        ([(20, 2.0), (20, 1.5), (60, 1.0)], "warm-up", (20, 40)),
        ([(30, 1.0), (70, 1.5)], "slowdown", (30,)),
        ([(20, 1.5), (30, 1.0), (50, 1.2)], "slowdown", (20, 50)),
        ([(90, 1.0), (10, 1.5)], "no steady state", (90,)),
        ([(40, 1.0), (20, 1.5), (25, 1.0), (15, 1.5)], "no steady state", (40, 60, 85)),
        ([(74, 1.5), (26, 1.0)], "warm-up", (74,)),
        ([(77, 1.5), (23, 1.0)], "no steady state", (77,)),
    ],
)
def test_a_planted_course_is_named(levels: list[tuple[int, float]], word: str, changes: tuple[int, ...]) -> None:
    found = course(passes(*levels))
    assert found and (found.word, found.changes) == (word, changes)
    assert found.levels == pytest.approx([level for _, level in levels], rel=0.02)


def test_a_change_below_one_per_cent_is_seen_and_still_flat() -> None:
    """0.8 % on so little noise is a change point, and too small to be called a slowdown."""
    found = course([1.0 + 1e-5 * (i % 2) for i in range(50)] + [1.008 + 1e-5 * (i % 2) for i in range(50)])
    assert found and (found.word, found.changes) == ("flat", (50,))


def test_times_that_never_vary_are_flat_and_a_bare_step_is_none_the_less_seen() -> None:
    still, step = course([2.0] * 40), course([2.0] * 20 + [1.0] * 20)
    assert still and (still.word, still.changes) == ("flat", ()) and still.levels == (pytest.approx(2.0),)
    assert step and (step.word, step.changes) == ("warm-up", (20,))


def test_spikes_and_a_slow_first_pass_are_no_levels() -> None:
    spiky = passes((100, 1.0))
    for at in (0, 17, 18, 50, 83):
        spiky[at] *= 5
    found = course(spiky)
    assert found and found.word == "flat" and found.changes == ()


def test_too_few_passes_have_no_course() -> None:
    assert course(passes((19, 1.0))) is None and course([]) is None
    found = course(passes((20, 1.0)))
    assert found and found.word == "flat"


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        course([0.0] * 30)


def correlated(series: int, n: int, share: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """First-order autoregressive noise of 3 %, each pass keeping `share` of the one before."""
    made = rng.normal(0, 0.03, (series, n))
    for i in range(1, n):
        made[:, i] += share * made[:, i - 1]
    return made


@pytest.mark.parametrize(
    ("n", "share", "spikes", "most"), [(100, 0.0, 0.0, 0.01), (100, 0.0, 0.02, 0.02), (100, 0.5, 0.0, 0.08), (400, 0.5, 0.0, 0.04)]
)
def test_flat_noise_is_seldom_called_anything_else(n: int, share: float, spikes: float, most: float) -> None:
    """300 flat series: plain, with a spike of up to 10x in fifty passes, or correlated: there 4 % were seen for 100 passes, 2 for 500."""
    rng, series = np.random.default_rng(20_261_123), 300
    logs = correlated(series, n, share, rng) + (rng.random((series, n)) < spikes) * rng.uniform(0.5, 2.3, (series, n))
    found = [course([*np.exp(row)]) for row in logs]
    assert sum(bool(c and c.changes) for c in found) <= most * series


@pytest.mark.parametrize("spikes", [0.0, 0.02])
def test_a_warm_up_of_ten_per_cent_is_found_in_three_per_cent_of_noise(spikes: float) -> None:
    """With spikes among the passes too, which unclipped would hide seven of eight."""
    rng = np.random.default_rng(20_261_123)
    logs = rng.normal(0, 0.03, (200, 100)) + np.where(np.arange(100) < 30, 0.1, 0.0)
    logs += (rng.random(logs.shape) < spikes) * rng.uniform(0.5, 2.3, logs.shape)
    words = [found.word for row in logs if (found := course([*np.exp(row)]))]
    assert words.count("warm-up") >= 0.97 * len(logs)
