"""Figures -> Comparison: how many times one label takes what another takes. Taken on the logs, so always a ratio of geometric means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from harness.model import Comparison, Run
from harness.stats.estimate import Estimate, difference, estimate, log
from harness.stats.figures import FEW, by_block
from harness.stats.metrics import FLOOR, METRICS, Inputs, figure


def logs_by_block(base_by_block: Mapping[int, float], other_by_block: Mapping[int, float]) -> dict[int, float]:
    """Block -> ln(other/base) over the blocks that have both, in their order. ValueError where a figure isn't positive."""
    blocks = sorted(base_by_block.keys() & other_by_block.keys())
    return {b: log(other_by_block[b]) - log(base_by_block[b]) for b in blocks}


Side = tuple[str, str]
"""A label, and the case on which it is taken."""


def paired(
    runs: Sequence[Run], metric: str, of: Side, to: Side, steps: Sequence[str] | None = None, inputs: Inputs | None = None
) -> dict[int, float]:
    """Block -> ln(`of`/`to`) of a metric of kind `run` in one session, over the runs that pass the gate.

    `estimate` of the values is the paired comparison; it is empty where no block has both sides.
    """
    mine = [run for run in runs if (run.label, run.case) in {of, to}]
    blocks = by_block(mine, lambda run: figure(run, metric, steps, inputs), METRICS[metric].quantile)
    return logs_by_block(blocks.get(to, {}), blocks.get(of, {}))


def comparison(base: str, other: str, found: Estimate, unit: str = "blocks") -> Comparison:
    """An estimate of ln(other/base) as a Comparison with its 95 % interval, and a warning where n is small."""
    low, high = found.limits() or (None, None)
    return Comparison(base, other, found.ratio, low, high, found.n, (f"only {found.n} {unit}",) if found.n < FEW else ())


def compare(base: str, other: str, base_by_block: Mapping[int, float], other_by_block: Mapping[int, float]) -> Comparison | None:
    """The paired ratio other/base of geometric means over the blocks that have both; None where there is no such block.

    The interval is scipy.stats.ttest_rel's on the logs, exponentiated. Raises ValueError where a figure isn't positive.
    """
    logs = logs_by_block(base_by_block, other_by_block)
    return comparison(base, other, estimate([*logs.values()])) if logs else None


def welch(of: Sequence[float], to: Sequence[float]) -> Estimate | None:
    """ln(`of`/`to`) of figures that share no block, such as builds: Welch's t on the logs; None where a side has none.

    The interval is scipy.stats.ttest_ind(equal_var=False)'s. Raises ValueError where a figure isn't positive.
    """
    return difference(estimate([log(f) for f in of]), estimate([log(f) for f in to])) if of and to else None


Standing = Literal["more", "less", "floor", "open", "unknown"]
"""What a Comparison allows to say of `other`: it takes more than `base`; it takes less; they differ, but no further than the floor
can tell; the interval holds 1, so no difference is shown; there is no interval."""


def standing(comparison: Comparison | None, floor: float = FLOOR) -> Standing:
    """The strongest word that the interval allows above a noise floor, which is a relative difference: 0.03 is 3 %."""
    if comparison is None or comparison.low is None or comparison.high is None:
        return "unknown"
    if comparison.low > 1 + floor:
        return "more"
    if comparison.high < 1 / (1 + floor):
        return "less"
    return "open" if comparison.low <= 1 <= comparison.high else "floor"
