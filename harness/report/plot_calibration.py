"""The same program under two labels: each block's ratio, which ought to be 1, against the noise floor that it helps to set."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from matplotlib.figure import Figure

from harness.model import Summary
from harness.report import rows, style, words
from harness.report.again import Twin
from harness.report.rows import Line

NOTE = (
    "A dot is a block: the second start of the image over the first one of the same block, the first block highest. "
    "The bar is the 95 % interval; grey: the noise floor. All of it is noise."
)


def draw(twins: Sequence[Twin], floor: float) -> tuple[Figure, pl.DataFrame]:
    """The figure and its data."""
    shown = [Line(f"{twin.label} on {twin.case}", contest=True) for twin in twins]
    fig = style.sheet(8, rows.height(shown, 0.5) + 1.5, _finding(twins, floor), NOTE)
    ax = fig.subplots()
    at = rows.lay(ax, shown)
    style.log_axis(ax, [1 / (1 + floor), 1 + floor, *(r for twin in twins for r in twin.ratios.values())], words.number, room=1.01)
    ax.axvspan(1 / (1 + floor), 1 + floor, color="#EEEEEE", linewidth=0, zorder=0)
    ax.axvline(1, color=style.SOFT, linewidth=0.8, zorder=1)
    for line, twin in zip(shown, twins, strict=True):
        rows.dots(ax, line, at[line.name] - 0.1, twin.ratios, size=5, room=0.26)
        rows.interval(ax, at[line.name] + 0.33, Summary(twin.ratio.ratio, twin.ratio.low, twin.ratio.high, twin.ratio.n))
    rows.beside(ax, at, {line.name: words.with_interval(twin.ratio) for line, twin in zip(shown, twins, strict=True)}, "ratio (95 %)")
    ax.set_xlabel("second over first (logarithmic)")
    return fig, data(twins)


def _finding(twins: Sequence[Twin], floor: float) -> str:
    called = [t for t in twins if t.ratio.low is not None and t.ratio.high is not None and not t.ratio.low <= 1 <= t.ratio.high]
    widest = max((abs(t.ratio.ratio - 1) for t in twins), default=0.0)
    return (
        f"The same program twice: {len(called)} of {len(twins)} comparisons call a difference; the largest is {widest * 100:.1f} %, "
        f"the noise floor {floor * 100:.1f} %"
    )


def data(twins: Sequence[Twin]) -> pl.DataFrame:
    """A row a block."""
    return pl.DataFrame(
        [(twin.label, twin.case, block, ratio) for twin in twins for block, ratio in twin.ratios.items()],
        schema={"label": pl.String, "case": pl.String, "block": pl.Int64, "ratio": pl.Float64},
        orient="row",
    )
