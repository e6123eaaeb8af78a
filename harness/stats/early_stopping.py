"""MLPerf's estimate of a quantile from few queries: a bound that holds with 99 % confidence (MLPerf Inference rules, early stopping).

Of n queries the worst t - 1 are dropped and the longest of the rest is reported, t being the most that n allows: those for which
P[Bin(n, 1 - q) <= t] <= 1 - confidence, so that no more over-long ones would hardly come by chance if the true quantile lay higher.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import bdtr

CONFIDENCE = 0.99


def early_stopping(durations: Sequence[int], q: float) -> int | None:
    """The bound on quantile `q` of the durations, in their unit; None with too few of them for t = 1. ValueError unless 0 < q < 1."""
    t = allowed(len(durations), q)
    return sorted(durations)[-t] if t >= 1 else None


def allowed(count: int, q: float) -> int:
    """The most of `count` queries that may be over-long; -1 where not even 0 may be, as they are too few. ValueError unless 0 < q < 1."""
    if not 0 < q < 1:
        raise ValueError(f"{q} is no quantile between 0 and 1")
    # No more than the mean can be allowed, as half of the chance lies there: with 100,000 queries a hundredth of the work.
    chance = bdtr(np.arange(min(count, math.ceil(count * (1 - q)) + 1), dtype=np.float64), count, 1 - q)
    return int(np.count_nonzero(chance <= 1 - CONFIDENCE)) - 1
