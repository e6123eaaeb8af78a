"""Logs -> Estimate: a mean on the logarithm with what is not known about it. Intervals, p-values and words all follow from it.

No use of scipy.stats here, which takes a second to import; scipy.special holds the same t distribution (tested against each other).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean of natural logs, its standard error with degrees of freedom, and the number of invocations (or blocks) behind it.

    `error` is None where n does not carry one (a single block): then there is no interval, and nothing is ever shown by it.
    An error of 0 (figures that never vary) makes the interval a point and every p-value 0 or 1.
    """

    mean: float
    error: float | None
    freedom: float
    n: int

    @property
    def sd(self) -> float | None:
        """Standard deviation of one block's log ratio: what advice on the number of blocks starts from."""
        return None if self.error is None else self.error * math.sqrt(self.n)

    @property
    def ratio(self) -> float:
        """The mean on the plain scale: a geometric mean, or a ratio of two."""
        return exp(self.mean)

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float] | None:
        """Low and high end of the two-sided t interval, on the log scale; None without an error."""
        if self.error is None:
            return None
        half = float(stdtrit(self.freedom, (1 + confidence) / 2)) * self.error
        return self.mean - half, self.mean + half

    def limits(self, confidence: float = CONFIDENCE) -> tuple[float, float] | None:
        """The same on the plain scale."""
        found = self.interval(confidence)
        return None if found is None else (exp(found[0]), exp(found[1]))

    def p_above(self, bound: float) -> float:
        """One-sided p of 'the mean is at most `bound`' (a log): small where it is shown to lie above.

        Below (1 - c) / 2 exactly where the c interval lies wholly above the bound. 1 without an error.
        """
        return self._p(self.mean - bound)

    def p_below(self, bound: float) -> float:
        """One-sided p of 'the mean is at least `bound`' (a log): small where it is shown to lie below."""
        return self._p(bound - self.mean)

    def p_within(self, low: float, high: float) -> float:
        """p of 'the mean lies outside (low, high)', logs: two one-sided tests, the larger p (Schuirmann 1987).

        At most .05 exactly where the 90 % interval lies within the two.
        """
        return max(self.p_above(low), self.p_below(high))

    def _p(self, beyond: float) -> float:
        if self.error is None:
            return 1.0
        if self.error == 0:
            return 0.0 if beyond > 0 else 1.0
        return float(stdtr(self.freedom, -beyond / self.error))


def exp(log: float) -> float:
    """The exponential, infinite where a float ends: the interval of two blocks can be as wide as that."""
    try:
        return math.exp(log)
    except OverflowError:
        return math.inf


def log(figure: float) -> float:
    """The logarithm of a figure. ValueError where it isn't positive and finite."""
    if not 0 < figure < math.inf:
        raise ValueError(f"{figure} has no place in a geometric mean: figures are positive")
    return math.log(figure)


def estimate(logs: Sequence[float]) -> Estimate:
    """The mean of independent logs, one an invocation or one a block. ValueError where there is none.

    On log ratios by block this is scipy.stats.ttest_rel; the mean is then the log of a ratio of geometric means.
    """
    if not logs:
        raise ValueError("there is no mean of nothing")
    n = len(logs)
    # Taken from the first one, equal logs have an error of 0 and not of a rounding.
    apart = np.subtract(logs, logs[0])
    error = float(np.std(apart, ddof=1)) / math.sqrt(n) if n > 1 else None
    return Estimate(logs[0] + float(np.mean(apart)), error, n - 1, n)


def difference(of: Estimate, to: Estimate) -> Estimate:
    """Independent `of` minus `to` with Welch's degrees of freedom (Welch 1947); n is that of the smaller side."""
    return _weighted([(1.0, of), (-1.0, to)], min(of.n, to.n))


def combine(estimates: Sequence[Estimate]) -> Estimate:
    """The plain mean of independent estimates, of sessions say, with Welch-Satterthwaite degrees of freedom; n is their sum.

    Weighting each by its own variance was the road not taken: a session of few blocks that happened to agree would rule the others.
    ValueError where there is none.
    """
    if not estimates:
        raise ValueError("there is no mean of nothing")
    return _weighted([(1 / len(estimates), e) for e in estimates], sum(e.n for e in estimates))


def _weighted(parts: Sequence[tuple[float, Estimate]], n: int) -> Estimate:
    mean = sum(weight * e.mean for weight, e in parts)
    known = [(weight * e.error, e.freedom) for weight, e in parts if e.error is not None]
    if len(known) < len(parts):
        return Estimate(mean, None, 0, n)
    # Shares of the variance, not its fourth powers: those of errors below 1e-81 would be 0.
    error = math.hypot(*(e for e, _ in known))
    if error == 0:
        return Estimate(mean, 0.0, sum(freedom for _, freedom in known), n)
    return Estimate(mean, error, 1 / sum((e / error) ** 4 / freedom for e, freedom in known), n)
