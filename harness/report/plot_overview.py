"""The result at a glance: each implementation's total time, every block as a dot, with the interval and the ratio in figures."""

from __future__ import annotations

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.model import Session
from harness.report import frames, rows, style, words
from harness.report.findings import Findings, Row
from harness.report.headline import TIME, title


def draw(session: Session, found: Findings) -> tuple[Figure, pl.DataFrame]:
    """The figure and its data."""
    shown = rows.lines(found)
    fig = style.sheet(9.5, rows.height(shown, 0.44) + 1.5, f"{found.title}: {title(found, TIME)}", _note(session, found))
    ax = fig.subplots()
    at = rows.lay(ax, shown, under=True)
    style.log_axis(ax, [v for row in found.rows for v in row.blocks["total_s"].values()], words.seconds)
    for line, row in zip(shown, found.rows, strict=True):
        rows.dots(ax, line, at[row.name] - 0.1, row.blocks["total_s"], size=5, room=0.26)
        rows.interval(ax, at[row.name] + 0.33, row.figures.get("total_s"))
        if row.why:
            rows.absent(ax, at[row.name], row.why, right=_on_the_left(ax, row))
    ax.set_xlabel("seconds for all steps (steady pass, logarithmic)")
    rows.beside(ax, at, {row.name: words.with_interval(row.figures.get("total_s")) for row in found.rows}, "seconds (95 %)")
    rows.beside(ax, at, {row.name: _ratio(row, found) for row in found.rows}, "times the fastest", points=140)
    return fig, frames.figures(found, ["total_s"])


def _on_the_left(ax: Axes, row: Row) -> bool:
    total, (low, high) = row.figures.get("total_s"), ax.get_xlim()
    return total is not None and total.centre**2 < low * high


def _ratio(row: Row, found: Findings) -> str:
    return "1" if row.name in found.ranking.order[:1] else words.with_interval(row.ratio)


def _note(session: Session, found: Findings) -> str:
    return (
        "A dot is a block (one fresh start), the stroke the geometric mean, the bar its 95 % interval (cut at the edge, it goes on). "
        f"Ratios are paired by block. {session.engine}, {found.threads} thread{'s' * (found.threads != 1)}, seed {session.seed}."
    )
