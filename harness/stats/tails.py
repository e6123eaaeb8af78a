"""Requests -> quantiles that can be borne, or None; and predictability as METHODOLOGY.md defines it.

Histograms are HDR histograms of whole nanoseconds (Tene), in which every value keeps three significant digits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped]
from numpy.typing import NDArray

from harness.stats.estimate import Estimate, estimate, log

HIGHEST_NS = 3_600 * 10**9
DIGITS = 3


@dataclass(frozen=True, slots=True)
class Tail:
    """A quantile over invocations, as an Estimate of ln(nanoseconds).

    `merged` is False where each invocation bears its own quantile (a geometric mean with its t interval), True where only their
    merged histogram does (the merged quantile with a jackknife over invocations).
    """

    q: float
    estimate: Estimate
    merged: bool


@dataclass(frozen=True, slots=True)
class Predictability:
    """`within`: the mean over invocations of ln(p99.9/p50). `across`: the standard deviation of ln p99 over invocations.

    Each None where it was not borne by enough requests, or by fewer than two invocations for `across`.
    """

    within: Estimate | None
    across: float | None
    n: int


def histogram(durations_ns: Iterable[int]) -> HdrHistogram:
    """The durations of one invocation's requests. ValueError for one that isn't positive, or is longer than an hour."""
    made = HdrHistogram(1, HIGHEST_NS, DIGITS)
    for ns in durations_ns:
        if ns <= 0 or not made.record_value(ns):
            raise ValueError(f"{ns} ns is no duration between nothing and an hour")
    return made


def requests_needed(q: float) -> int:
    """The least number of requests that bears quantile `q`: ten beyond it, 10/(1-q). ValueError unless 0 < q < 1."""
    if not 0 < q < 1:
        raise ValueError(f"{q} is no quantile between 0 and 1")
    # 10 / (1 - 0.9) is 100.00000000000003 to a machine.
    return math.ceil(round(10 / (1 - q), 6))


def quantile(requests: HdrHistogram, q: float) -> float | None:
    """Quantile `q` of one invocation in nanoseconds; None with fewer requests than bear it."""
    if requests.get_total_count() < requests_needed(q):
        return None
    return value_at(requests, q)


def value_at(requests: HdrHistogram, q: float) -> float:
    """Quantile `q` in nanoseconds, however few bear it, 0 of none: as HdrHistogram.get_value_at_percentile, which walks in Python."""
    return _value(requests, np.array(requests.counts, dtype=np.int64), q)


def _value(shape: HdrHistogram, counts: NDArray[np.int64], q: float) -> float:
    below = np.cumsum(counts)
    if not below[-1]:
        return 0.0
    index = int(np.searchsorted(below, max(1, int(100 * q * int(below[-1]) / 100 + 0.5))))
    return float(shape.get_highest_equivalent_value(shape.get_value_from_index(index)))


def beyond(requests: HdrHistogram, ns: int) -> int:
    """How many took longer; one in a bucket that reaches beyond counts, since it may have."""
    return sum(int(b.count_added_in_this_iter_step) for b in requests.get_recorded_iterator() if b.value_iterated_to > ns)


def tail(invocations: Sequence[HdrHistogram], q: float) -> Tail | None:
    """Quantile `q` over invocations: each one's own where all bear it, else that of all merged, else None.

    The merged one's interval is a little short: of nominal 95 % it holds the truth in about 90 %, mostly missing it on the low side,
    and two equal tails differ in 6 to 9 % of A/A comparisons (simulated; ten invocations, p99 and p99.9).
    """
    own = [quantile(h, q) for h in invocations]
    borne = [log(x) for x in own if x is not None]
    if invocations and len(borne) == len(own):
        return Tail(q, estimate(borne), merged=False)
    if sum(h.get_total_count() for h in invocations) < requests_needed(q):
        return None
    return Tail(q, _jackknife(invocations, q), merged=True)


def _jackknife(invocations: Sequence[HdrHistogram], q: float) -> Estimate:
    """The merged log quantile with its error from leaving out one invocation at a time (Tukey 1958); the request is never the unit.

    An invocation that holds no request is none.
    """
    held = [h for h in invocations if h.get_total_count()]
    counts = np.array([_counts(h) for h in held])
    whole = counts.sum(axis=0)
    shape, n = histogram([]), len(held)
    centre = log(_value(shape, whole, q))
    if n < 2:
        return Estimate(centre, None, 0, n)
    without = [log(_value(shape, whole - one, q)) for one in counts]
    return Estimate(centre, float(np.std(without)) * math.sqrt(n - 1), n - 1, n)


def _counts(requests: HdrHistogram) -> NDArray[np.int64]:
    """Its counts in the buckets of our own; a histogram of another shape is recorded anew."""
    same = HdrHistogram(1, HIGHEST_NS, DIGITS)
    same.add(requests)
    return np.array(same.counts, dtype=np.int64)


def unevenness(requests: HdrHistogram) -> float | None:
    """ln(p99.9/p50) of one invocation: 0 where all requests take the same; None with too few of them."""
    high, middle = quantile(requests, 0.999), quantile(requests, 0.5)
    return None if high is None or middle is None else log(high) - log(middle)


def predictability(invocations: Sequence[HdrHistogram]) -> Predictability:
    """Both halves of the definition. An invocation with too few requests takes part in neither; compare only at equal load."""
    within = [u for h in invocations if (u := unevenness(h)) is not None]
    p99 = [log(x) for h in invocations if (x := quantile(h, 0.99)) is not None]
    return Predictability(estimate(within) if within else None, float(np.std(p99, ddof=1)) if len(p99) > 1 else None, len(invocations))
