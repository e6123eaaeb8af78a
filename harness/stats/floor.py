"""A/A runs -> Floor: one program under two labels shows how far two equal things seem to differ here (METHODOLOGY.md)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from harness.model import Floor, Run
from harness.stats.metrics import METRICS, Inputs
from harness.stats.ratio import paired

QUANTILE = 0.95


def twin(again: str) -> str:
    """The second label of the label that runs twice."""
    return f"{again} (again)"


def null_pairs(
    again: str, runs: Sequence[Run], metric: str = "seconds", steps: Sequence[str] | None = None, inputs: Inputs | None = None
) -> dict[str, dict[int, float]]:
    """Case -> block -> log ratio of the A/A's two arms, whose truth is 0; cases without a pair are left out."""
    cases = dict.fromkeys(run.case for run in runs)
    found = {case: paired(runs, metric, (twin(again), case), (again, case), steps, inputs) for case in cases}
    return {case: logs for case, logs in found.items() if logs}


def floor(
    again: str | None, runs: Sequence[Run], metric: str = "seconds", steps: Sequence[str] | None = None, inputs: Inputs | None = None
) -> Floor:
    """The noise floor of a metric in one session: the policy, and what its A/A comparisons show, one a case.

    Builds and facts have no A/A arm. KeyError for an unknown metric.
    """
    kind, policy = METRICS[metric].kind, METRICS[metric].policy
    if again is None or kind != "run":
        return Floor(policy, None, 0)
    apart = [float(np.mean([*logs.values()])) for logs in null_pairs(again, runs, metric, steps, inputs).values()]
    return Floor(policy, spread(apart), len(apart))


def spread(apart: Sequence[float]) -> float | None:
    """How far log ratios whose truth is 0 lie from it: the 95th percentile of their sizes as a relative difference, None of none.

    It is an observed one, never interpolated: of fewer than twenty-one the largest.
    """
    return math.expm1(float(np.quantile(np.abs(apart), QUANTILE, method="higher"))) if apart else None
