"""The search for the highest Poisson rate at which 99 % are answered within an objective. Pure: what was tried decides what is tried next.

A first probe at half of what a closed loop got through; up by a quarter or down by a fifth, until one rate passed and a higher one failed;
geometric bisection to 2 %. That rate must then pass with four of five fresh schedules, else one 2 % lower must, a bounded number of times.
A search that was broken off goes on from its tries. Whether a probe passed is pace.py's to say.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from harness.pace import LEAST, Try

MOST = 200_000.0
"""More than one spinning thread sends."""
UP, DOWN, NEAR = 1.25, 0.8, 1.02
CONFIRMING, NEEDED, STEPS = 5, 4, 10


@dataclass(frozen=True, slots=True)
class Next:
    """The rate to try next and the seed of its schedule; None for half of a closed loop's throughput, which the probe finds out."""

    rate: float | None
    seed: int


@dataclass(frozen=True, slots=True)
class HighestRate:
    """`highest` a second was confirmed, `below` is the least rate over it that failed, and `why`.

    Of the confirming probes `passed`, with `requests` in all, `over` of them beyond the objective; `p99_ns` is the median of their 99th
    percentiles. `highest` is None where no rate was confirmed, or not yet; `below` where none failed.
    """

    highest: float | None
    below: float | None
    why: str | None
    p99_ns: float | None
    requests: int
    over: int
    passed: int
    confirming: int
    probes: int
    settled: bool


def following(tries: Sequence[Try], guess: float, seed: int) -> Next | None:
    """What to try next; None when the search is over. `guess` is for a server that does not survive the closed loop."""
    rate = _rate(tries, guess) if tries else None
    return None if tries and rate is None else Next(rate, seed + len(tries) + 1)


def result(tries: Sequence[Try], guess: float) -> HighestRate:
    """What the tries show so far."""
    search, rest = _parts(tries, guess)
    rate, mine = _standing(rest, _sides(_counted(search))[0])
    highest = rate if len(mine) >= CONFIRMING else None
    mine = mine if highest else []
    failed = [t for t in _counted(tries) if t.verdict != "passed" and t.rate != highest and t.rate > (highest or 0)]
    first = min(failed, key=lambda t: t.rate, default=None)
    return HighestRate(
        highest, first.rate if first else None, first.why if first else None,
        median(seen) if (seen := [t.p99_ns for t in mine if t.p99_ns is not None]) else None,
        sum(t.requests for t in mine), sum(t.over for t in mine), sum(t.verdict == "passed" for t in mine), len(mine),
        len(tries), bool(tries) and _rate(tries, guess) is None,
    )  # fmt: skip


def _rate(tries: Sequence[Try], guess: float) -> float | None:
    search, rest = _parts(tries, guess)
    if (wanted := _bracketing(search, guess)) is not None:
        return wanted
    rate, mine = _standing(rest, _sides(_counted(search))[0])
    return rate if len(mine) < CONFIRMING else None


def _parts(tries: Sequence[Try], guess: float) -> tuple[Sequence[Try], Sequence[Try]]:
    """The tries up to where passing and failing rates lie near each other, and those after, which confirm."""
    for end in range(1, len(tries) + 1):
        if _bracketing(tries[:end], guess) is None:
            return tries[:end], tries[end:]
    return tries, ()


def _bracketing(tries: Sequence[Try], guess: float) -> float | None:
    """The next rate between passing and failing ones, None where they are near enough, or where there is nothing on one side."""
    counted = _counted(tries)
    passed, failed = _sides(counted)
    if failed is None:
        return _lawful(tries[0].rate or guess) if passed is None else _lawful(passed * UP) if passed < MOST else None
    if passed is None:
        # Twice as far each time: with an objective that nothing can meet, a fifth at a time would be a score of containers.
        return _lawful(failed * DOWN ** (2 ** (len(counted) - 1))) if failed > LEAST else None
    between = _lawful(math.sqrt(passed * failed))
    return between if failed > passed * NEAR and passed < between < failed else None


def _standing(rest: Sequence[Try], rate: float | None) -> tuple[float | None, list[_Counted]]:
    """The rate that is confirmed, or is to be, with its tries; None where each that came into question fell."""
    for _ in range(STEPS if rate else 0):
        mine = _counted([t for t in rest if t.rate == rate])
        if sum(t.verdict != "passed" for t in mine) <= CONFIRMING - NEEDED:
            return rate, mine
        rate = _lawful((rate or 0) / NEAR)
    return None, []


@dataclass(frozen=True, slots=True)
class _Counted(Try):
    """A Try whose rate is known."""

    rate: float


def _counted(tries: Sequence[Try]) -> list[_Counted]:
    """Those that say something: the first void one at a rate is no evidence, but one that is void again stands for a failure."""
    void, found = Counter[float](), list[_Counted]()
    for t in tries:
        if t.rate is None or t.rate < LEAST:
            continue
        void[t.rate] += t.verdict == "void"
        if t.verdict != "void" or void[t.rate] > 1:
            found.append(_Counted(t.rate, t.verdict, t.why, t.requests, t.over, t.p99_ns))
    return found


def _sides(tries: Sequence[_Counted]) -> tuple[float | None, float | None]:
    """The highest rate that passed below all that failed, and the least that failed."""
    failed = min((t.rate for t in tries if t.verdict != "passed"), default=None)
    passed = max((t.rate for t in tries if t.verdict == "passed" and t.rate < (failed or math.inf)), default=None)
    return passed, failed


def _lawful(rate: float) -> float:
    """Four digits will do, and are the same number wherever they are read again."""
    return min(max(float(f"{rate:.4g}"), LEAST), MOST)
