"""Samples -> Summary -> Comparison. Pure functions; the unit is the invocation (a container start), never the pass or the request.

Figures are compared on the logarithm, so a Comparison is a ratio of geometric means; pairs are formed by block (METHODOLOGY.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import stdtrit

from harness.model import Comparison, Run, Sample, Summary

CONFIDENCE = 0.95
FEW = 5
"""Below this many invocations an interval is still printed, but with a warning."""
FLOOR = 0.03
"""The policy's noise floor for means: no verdict is given on a difference within it (METHODOLOGY.md)."""


def steady_seconds(run: Run, steps: Sequence[str] | None = None) -> float | None:
    """Seconds of the steady (not warm-up) passes: per step their mean, summed over the steps; None for a run that isn't ok.

    `steps` restricts the sum to those, and None comes back where the run lacks one of them: a sum over fewer steps is no match.
    `load` is a phase of its own and counts only where it is named.
    """
    return _seconds(run, [s for s in run.samples if not s.warmup], steps)


def first_seconds(run: Run, steps: Sequence[str] | None = None) -> float | None:
    """The same for the first pass of each step, warm-up or not."""
    return _seconds(run, [s for s in run.samples if s.number == 1], steps)


def _seconds(run: Run, samples: Sequence[Sample], steps: Sequence[str] | None) -> float | None:
    if run.outcome != "ok":
        return None
    by_step: dict[str, list[int]] = {}
    for s in samples:
        by_step.setdefault(s.step, []).append(s.wall_ns)
    wanted = [s for s in by_step if s != "load"] if steps is None else list(steps)
    if not wanted or any(step not in by_step for step in wanted):
        return None
    return sum(sum(by_step[s]) / len(by_step[s]) for s in wanted) / 1e9


def summarise(figures: Sequence[float]) -> Summary:
    """Geometric mean of one figure an invocation with its t interval on the logs; no interval from fewer than two.

    Raises ValueError where there is none, or one that isn't positive.
    """
    if not figures:
        raise ValueError("there is no mean of nothing")
    centre, low, high = _interval([_log(f) for f in figures])
    n = len(figures)
    return Summary(centre, low, high, n, (f"only {n} invocations",) if n < FEW else ())


def _log(figure: float) -> float:
    if not 0 < figure < math.inf:
        raise ValueError(f"{figure} has no place in a geometric mean: figures are positive")
    return math.log(figure)


def _interval(logs: Sequence[float]) -> tuple[float, float | None, float | None]:
    """The mean of the logs with its t interval, exponentiated. Not from scipy.stats, which takes a second to import."""
    n, mean = len(logs), float(np.mean(logs))
    if n < 2:
        return math.exp(mean), None, None
    half = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2)) * float(np.std(logs, ddof=1)) / math.sqrt(n)
    return math.exp(mean), math.exp(mean - half), math.exp(mean + half)


def compare(base: str, other: str, base_by_block: Mapping[int, float], other_by_block: Mapping[int, float]) -> Comparison | None:
    """The paired ratio other/base over the blocks that have both; None where there is no such block.

    Raises ValueError where a figure isn't positive.
    """
    blocks = sorted(base_by_block.keys() & other_by_block.keys())
    if not blocks:
        return None
    ratio, low, high = _interval([_log(other_by_block[b]) - _log(base_by_block[b]) for b in blocks])
    n = len(blocks)
    return Comparison(base, other, ratio, low, high, n, (f"only {n} blocks",) if n < FEW else ())


def figures_by_block(runs: Sequence[Run], steps: Sequence[str] | None = None) -> dict[tuple[str, str], dict[int, float]]:
    """(implementation, case) -> block -> steady seconds, over the timed runs that are ok and not suspect."""
    return by_block(runs, lambda run: steady_seconds(run, steps))


def by_block(runs: Sequence[Run], figure: Callable[[Run], float | None]) -> dict[tuple[str, str], dict[int, float]]:
    """(implementation, case) -> block -> any figure of a run, over the same runs; those without a positive one are left out."""
    found: dict[tuple[str, str], dict[int, float]] = {}
    for run in runs:
        value = figure(run) if counts(run) else None
        if value and value > 0:
            found.setdefault((run.implementation, run.case), {})[run.block] = value
    return found


def counts(run: Run) -> bool:
    """Whether a run passes the validity gate: timed, right, and not suspect."""
    return run.kind == "timed" and run.outcome == "ok" and not run.suspect


Standing = Literal["more", "less", "floor", "open", "unknown"]
"""What a Comparison allows to say of `other`: it takes more than `base`; it takes less; they differ, but no further than the floor
can tell; the interval holds 1, so no difference is shown; there is no interval."""


def standing(comparison: Comparison | None) -> Standing:
    """The strongest word that the interval allows."""
    if comparison is None or comparison.low is None or comparison.high is None:
        return "unknown"
    if comparison.low > 1 + FLOOR:
        return "more"
    if comparison.high < 1 / (1 + FLOOR):
        return "less"
    return "open" if comparison.low <= 1 <= comparison.high else "floor"


@dataclass(frozen=True, slots=True)
class Ranking:
    """Implementations by one figure, the least first; `ratios` compares each of the others with the first."""

    order: tuple[str, ...]
    ratios: Mapping[str, Comparison | None]

    @property
    def rivals(self) -> tuple[str, ...]:
        """Those that are not shown to take more than the first. With none, the first is the least of all.

        Each comparison is at the full level: to say 'least' all of them must hold at once, so no one of them needs correcting.
        """
        return tuple(name for name in self.order[1:] if standing(self.ratios[name]) != "more")


def rank(figures: Mapping[str, Mapping[int, float]]) -> Ranking:
    """Order implementations by the geometric mean of their figures a block."""
    order = sorted((name for name in figures if figures[name]), key=lambda name: (summarise([*figures[name].values()]).centre, name))
    ratios = {name: compare(order[0], name, figures[order[0]], figures[name]) for name in order[1:]}
    return Ranking(tuple(order), ratios)
