"""A ratio's Estimate, the claim's bounds and the floor -> a word with its p. Numbers alone: of whom and of what is no matter here.

The bounds speak of the ratio `of`/`to`. All is done on the logarithm, so exchanging the two with reciprocal bounds gives the same word.
`p` is the least level at which the word would still be said, so a word is said where p <= .05 (METHODOLOGY.md 13):

- `least` alone: supported where the 95 % interval lies beyond the bound and beyond the floor. Refuted where it lies short of the bound
  by more than the floor, which grants the session a bias of that much; or where the 90 % interval lies inside the policy's margin (two
  one-sided tests, Schuirmann 1987), unless the bound itself allows for less than 1. That margin is the policy's and not the floor: in a
  noisy session a wide floor must not make it easier to call things equal, so where the floor is wider that is never said.
  The rule that a refutation must lie beyond the floor on the other side of 1 was not taken: by it a ratio of 1.3, however sure, would
  never refute a bound of 2.
- `most` alone: the mirror image.
- both: supported where the 90 % interval lies within the two. Refuted as above, beyond either by more than the floor. Where a bound is
  nearer to 1 than the floor it is never supported: what the session cannot tell from nothing it cannot call equal.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from harness import stats
from harness.model import Word

LEVEL = 0.05
BOTH = 0.90
"""Confidence of the interval of two one-sided tests."""
POWER = 0.8
BOTH_POWER = 0.9
"""Each of two tests is given half of the chance to fail, so that both hold with the power of one."""

Ground = Literal["beyond", "short", "level", "within", "above", "below", "exact", "open"]
"""Why. beyond, short: the one bound is met, or missed by more than the floor. level: no material difference. within, above, below:
where the ratio lies as to two bounds. exact: a counted figure against the bounds. open: none of these is shown."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the claim asserts of the ratio, and the floor as a relative difference (0.03 is 3 %). At least one bound is there.

    `policy` is the floor's least, by which things are called equal; None: the floor is no wider.
    """

    least: float | None
    most: float | None
    floor: float
    policy: float | None = None

    @property
    def margin(self) -> float | None:
        """The log within which two things are alike; None where the session is too noisy to tell."""
        policy = self.floor if self.policy is None else self.policy
        return math.log1p(policy) if self.floor <= policy else None

    @property
    def blurred(self) -> bool:
        """Whether one of two bounds around 1 is nearer to it than the floor."""
        if self.least is None or self.most is None:
            return False
        return _blurred(math.log(self.least), math.log(self.most), math.log1p(self.floor))


@dataclass(frozen=True, slots=True)
class Ruling:
    """A word with its ground and p, which is None where none is said."""

    word: Word
    ground: Ground
    p: float | None = None


def rule(found: stats.Estimate, bounds: Bounds) -> Ruling:
    """The strongest word that the estimate of ln(`of`/`to`) bears."""
    word, ground, p = min(_tests(*_upright(found, bounds), bounds.margin), key=lambda test: test[2])
    return Ruling(word, ground, p) if p <= LEVEL else Ruling("inconclusive", "open")


def exact(ratio: float, bounds: Bounds) -> Ruling:
    """The same of figures that are counted: no floor, no chance. `At least 1`, alone, is more than 1, for equal is not more."""
    alone = bounds.least is None or bounds.most is None
    short = bounds.least is not None and (ratio < bounds.least or (alone and ratio == bounds.least == 1))
    over = bounds.most is not None and (ratio > bounds.most or (alone and ratio == bounds.most == 1))
    return Ruling("refuted" if short or over else "supported", "exact", 0.0)


def needed(found: stats.Estimate, bounds: Bounds) -> int | None:
    """The least number of blocks that would probably (80 %) decide, were the ratio and the spread as they are found. None: no number."""
    sd = found.sd
    if sd is None:
        return None
    upright, least, most, phi = _upright(found, bounds)
    ways = [way for way in _ways(upright.mean, least, most, phi, bounds.margin) if way[0] > 0]
    counts = [stats.blocks_needed(sd, distance, confidence, power) for distance, confidence, power in ways]
    return min((n for n in counts if n is not None), default=None)


def _upright(found: stats.Estimate, bounds: Bounds) -> tuple[stats.Estimate, float, float | None, float]:
    """The estimate with least, most and floor as logs; `most` alone is turned over, so that there always is a least."""
    phi = math.log1p(bounds.floor)
    most = None if bounds.most is None else math.log(bounds.most)
    if bounds.least is not None:
        return found, math.log(bounds.least), most, phi
    if most is None:
        raise ValueError("neither least nor most: nothing is asserted")
    return replace(found, mean=-found.mean), -most, None, phi


def _tests(
    found: stats.Estimate, least: float, most: float | None, phi: float, margin: float | None
) -> Iterator[tuple[Word, Ground, float]]:
    """Each word that could be said, with its ground and p. At most one word has a p below .05; `refuted` may have two grounds."""
    if most is None:
        yield "supported", "beyond", _twice(found.p_above(_threshold(least, phi)))
        yield "refuted", "short", _twice(found.p_below(least - phi))
        if least >= 0 and margin is not None:
            yield "refuted", "level", found.p_within(-margin, margin)
        return
    if not _blurred(least, most, phi):
        yield "supported", "within", found.p_within(*_inside(least, most, phi))
    yield "refuted", "above", _twice(found.p_above(most + phi))
    yield "refuted", "below", _twice(found.p_below(least - phi))


def _ways(mean: float, least: float, most: float | None, phi: float, margin: float | None) -> Iterator[tuple[float, float, float]]:
    """How far the mean lies from what each of the tests asks, on the right side where positive: distance (a log), confidence, power."""
    if most is None:
        yield mean - _threshold(least, phi), stats.CONFIDENCE, POWER
        yield (least - phi) - mean, stats.CONFIDENCE, POWER
        if least >= 0 and margin is not None:
            yield margin - abs(mean), BOTH, BOTH_POWER
        return
    if not _blurred(least, most, phi):
        low, high = _inside(least, most, phi)
        yield min(mean - low, high - mean), BOTH, BOTH_POWER
    yield mean - (most + phi), stats.CONFIDENCE, POWER
    yield (least - phi) - mean, stats.CONFIDENCE, POWER


def _threshold(least: float, phi: float) -> float:
    """What the low end must exceed for `at least`: the bound or the floor; a bound that allows for less than the floor, as it is."""
    return least if least <= -phi else max(least, phi)


def _inside(least: float, most: float, phi: float) -> tuple[float, float]:
    """The range that counts: one that lies on one side of 1 holds only beyond the floor."""
    return (max(least, phi) if least >= 0 else least), (min(most, -phi) if most <= 0 else most)


ROUNDED = 1e-4
"""Bounds are written to four digits: 0.9709 stands for 1/1.03, which a floor of 3 % exceeds by less than this."""


def _blurred(least: float, most: float, phi: float) -> bool:
    return least < 0 < most and min(-least, most) < phi - ROUNDED


def _twice(one_sided: float) -> float:
    return min(1.0, 2 * one_sided)
