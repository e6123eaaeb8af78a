"""Seconds a step by implementation, a panel a step, every sample shown: the first pass hollow above, the steady one filled below."""

from __future__ import annotations

import textwrap
from collections import Counter

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness import stats
from harness.model import Sample, Session, steps_of
from harness.report import frames, rows, style, words
from harness.report.findings import Findings, Row
from harness.report.headline import TIME, title

COLUMNS, WRAP = 5, 25
NOTE = (
    "Each dot is one sample: hollow the first pass, filled the steady one; the highest dot of a row is the first block. "
    "Both axes are shared by all panels; seconds are logarithmic."
)


def draw(session: Session, found: Findings) -> tuple[Figure, pl.DataFrame]:
    """The figure and its data."""
    steps = steps_of(found.case, session.steps)
    columns = min(COLUMNS, max(1, len(steps)))
    lines = -(-len(steps) // columns)
    fig = style.sheet(
        3 + 2.1 * columns,
        lines * (rows.height(rows.lines(found), 0.32) + 0.8) + 1,
        f"{found.title}, seconds a step: {_finding(found)}",
        NOTE,
    )
    axes = rows.panels(fig, [textwrap.fill(f"{s.name}: {s.title}", WRAP) for s in steps], columns)
    seconds = [s.wall_ns / 1e9 for row in found.rows for run in row.runs if stats.counts(run) for s in run.samples if s.step in found.steps]
    for number, (ax, step) in enumerate(zip(axes, found.steps, strict=True)):
        _panel(ax, found, step, names=number % columns == 0)
        style.log_axis(ax, seconds, words.seconds, most=4)
    return fig, frames.samples(found).filter(pl.col("step") != "load")


def _finding(found: Findings) -> str:
    """On how many steps each contestant was fastest, by the same rule as the totals, beyond the noise floor of each step."""
    if len(found.ranking.order) < 2:
        return title(found, TIME)
    led = Counter[str]()
    for step in found.steps:
        steady = {row.name: _of(row, step, warmup=False) for row in found.rows if row.contest and not row.why}
        ranking = stats.rank(steady, found.step_floors[step])
        led["none shown to be fastest" if ranking.rivals else f"{ranking.order[0]} fastest"] += 1
    return words.listed([f"{who} on {n}" for who, n in led.most_common()]) + f" of {len(found.steps)}"


def _panel(ax: Axes, found: Findings, step: str, *, names: bool) -> None:
    shown = rows.lines(found)
    at = rows.lay(ax, shown, names=names)
    for line, row in zip(shown, found.rows, strict=True):
        first, steady = _of(row, step, warmup=True), _of(row, step, warmup=False)
        rows.dots(ax, line, at[row.name] - 0.17, first, hollow=True, size=3.7, room=0.13)
        rows.dots(ax, line, at[row.name] + 0.17, steady, size=3.7, room=0.13)
        if step in row.lacks:
            rows.absent(ax, at[row.name], "lacks it", failed=False)
        elif not steady:
            rows.absent(ax, at[row.name], row.fate or "no sample", failed=bool(row.why))


def _of(row: Row, step: str, *, warmup: bool) -> dict[int, float]:
    """Block -> seconds of its (last) such pass."""

    def wanted(s: Sample) -> bool:
        return s.step == step and s.warmup == warmup

    return {run.block: s.wall_ns / 1e9 for run in row.runs if stats.counts(run) for s in run.samples if wanted(s)}
