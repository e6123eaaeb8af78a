"""Spread -> number of blocks: how many would probably decide a question, or show a ratio to a wanted precision.

To be asked before a run, or of the next one. A session that is prolonged until it shows something shows something in the end
(METHODOLOGY.md), so nothing here looks at the sign of what was found.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtr, stdtrit

from harness.stats.estimate import CONFIDENCE

POWER = 0.8
MOST = 100_000
"""More blocks than this are no advice."""


def chance(blocks: int, log_sd: float, distance: float, confidence: float = CONFIDENCE) -> float:
    """The chance that the paired interval excludes a threshold which lies `distance` (a log) from the true ratio, on the true side.

    `log_sd` is the standard deviation of one block's log ratio. It is the noncentral t's tail (as in R's power.t.test): the normal one
    averaged over what the sample's own standard deviation can be. 0 below two blocks.
    """
    if blocks < 2:
        return 0.0
    if log_sd == 0:
        return float(distance != 0)
    freedom = blocks - 1
    bound = float(stdtrit(freedom, (1 + confidence) / 2))
    nodes, weights = _nodes()
    # scipy.special.nctdtr is the same in one call, but gives NaN at single points (scipy issue 25470), and a search steps on them.
    spread = np.sqrt(2 * gammaincinv(freedom / 2, nodes) / freedom)
    return float(weights @ ndtr(abs(distance) / log_sd * math.sqrt(blocks) - bound * spread))


@cache
def _nodes() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gauss-Legendre nodes and weights over probabilities from 0 to 1; 200 of them keep the error below 1e-5."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    return (nodes + 1) / 2, weights / 2


def blocks_needed(log_sd: float, distance: float, confidence: float = CONFIDENCE, power: float = POWER) -> int | None:
    """The least number of blocks with which the interval excludes the threshold with a chance of `power`.

    None where no number would: the truth sits on the threshold, or so near that more than 100,000 blocks were needed.
    Pass 0.9 as `confidence` for a claim that is decided by two one-sided tests.
    """
    return _least(lambda n: chance(n, log_sd, distance, confidence) >= power)


def blocks_for_precision(log_sd: float, half_width: float, confidence: float = CONFIDENCE) -> int | None:
    """The least number of blocks whose interval reaches up to `half_width` (relative: 0.02 is 2 %) from the ratio, if the spread stays.

    None for no width at all (unless nothing varies), or for more than 100,000 blocks.
    """
    wanted = math.log1p(half_width)
    return _least(lambda n: float(stdtrit(n - 1, (1 + confidence) / 2)) * log_sd / math.sqrt(n) <= wanted)


def _least(enough: Callable[[int], bool]) -> int | None:
    """The least number of blocks, from 2, that is enough; what is enough stays so with more of them."""
    blocks = range(2, MOST + 1)
    at = bisect_left(blocks, True, key=enough)
    return blocks[at] if at < len(blocks) else None
