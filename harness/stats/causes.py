"""Runs of one server on one case -> what its slow requests fell on, over all of its runs together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import geometric_mean

from harness.model import Blame, Run
from harness.stats.gate import counts

RARE = 0.05
"""Below this the shifts of the permutation test hardly ever hit as many."""


@dataclass(frozen=True, slots=True)
class Cause:
    """`spans` a phase and their milliseconds; the shares of the slow requests and of all that they hit; `lift` is the one over the other.

    In `rare` of `phases` (those with spans at all) the hits were more than chance gives in 95 %. The percentiles are geometric means.
    """

    name: str
    phases: int
    spans: float
    total_s: float
    slow_share: float
    share: float
    lift: float | None
    rare: int
    tested: int
    p99_s: float
    without_s: float | None


def causes(runs: Sequence[Run]) -> tuple[Cause, ...]:
    """In the order of the records; nothing where no phase bore a blame. Runs that don't count are left out."""
    found: dict[str, list[Blame]] = {}
    for run in filter(counts, runs):
        for sample in run.samples:
            for blame in sample.blame:
                found.setdefault(blame.cause, []).append(blame)
    return tuple(_cause(name, blames) for name, blames in found.items())


def _cause(name: str, blames: Sequence[Blame]) -> Cause:
    slow, all_of_them = (sum(n) for n in zip(*((b.slow, b.requests) for b in blames), strict=True))
    slow_share = sum(b.slow_hit for b in blames) / slow if slow else 0.0
    share = sum(b.hit for b in blames) / all_of_them
    tests = [b.p for b in blames if b.p is not None]
    without = [b.p99_without_ns for b in blames if b.p99_without_ns is not None]
    return Cause(
        name, len(blames), _mean(b.spans for b in blames), _mean(b.total_ns for b in blames) / 1e9, slow_share, share,
        slow_share / share if share else None, sum(p <= RARE for p in tests), len(tests),
        geometric_mean(b.p99_ns for b in blames) / 1e9, geometric_mean(without) / 1e9 if len(without) == len(blames) else None,
    )  # fmt: skip


def _mean(values: Iterable[float]) -> float:
    held = list(values)
    return sum(held) / len(held)
