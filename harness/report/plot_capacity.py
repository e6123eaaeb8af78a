"""What a CPU second answers in a closed loop: the server's whole process tree, system time counted; most at the top, every block a dot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl
from matplotlib.figure import Figure

from harness.model import Session, Summary
from harness.report import frames, loads, rows, style, words
from harness.report.findings import Findings, Row
from harness.report.headline import Matter, title

SPENT, ANSWERED = "cpu_per_answer_s", "answers_per_cpu_s"
CPU = Matter(SPENT, "spent the least CPU time an answer", "spent least", "spent", "as much")
NOTE = (
    "Answers over the CPU time, user and system, of the server and all its processes; the load generator's is not in it. "
    "A dot is a block, the stroke the geometric mean, the bar its 95 % interval (cut at the edge, it goes on); logarithmic."
)


def borne(found: Findings) -> bool:
    """Whether it is a closed loop whose CPU time was measured."""
    return loads.arrivals(found) == {"closed"} and any(SPENT in row.figures for row in found.rows)


def draw(session: Session, found: Findings) -> tuple[Figure, pl.DataFrame]:
    """The figure and its data."""
    given = replace(found, rows=tuple(sorted(map(_turned, found.rows), key=_place)))
    shown = rows.lines(given)
    fig = style.sheet(8.0, rows.height(shown, 0.44) + 1.6, f"{found.title}, answers a CPU second: {title(found, CPU)}", NOTE)
    ax = fig.subplots()
    at = rows.lay(ax, shown, under=True)
    style.log_axis(ax, [v for row in given.rows for v in row.blocks[ANSWERED].values()], words.rate)
    for line, row in zip(shown, given.rows, strict=True):
        rows.dots(ax, line, at[row.name] - 0.1, row.blocks[ANSWERED], size=5, room=0.26)
        rows.interval(ax, at[row.name] + 0.33, row.figures.get(ANSWERED))
        if not row.blocks[ANSWERED]:
            rows.absent(ax, at[row.name], row.why or "not measured", failed=bool(row.why))
    ax.set_xlabel(f"{session.unit}s answered a CPU second (logarithmic)")
    rows.beside(ax, at, {row.name: _said(row.figures.get(ANSWERED)) for row in given.rows}, "a CPU second (95 %)")
    return fig, frames.figures(given, [ANSWERED])


def _turned(row: Row) -> Row:
    """With the answers a second beside the seconds an answer: a geometric mean and its interval turn over with the figures."""
    blocks: Mapping[int, float] = {block: 1 / spent for block, spent in row.blocks[SPENT].items()}
    figures = {ANSWERED: _inverse(row.figures[SPENT])} if SPENT in row.figures else {}
    return replace(row, blocks={**row.blocks, ANSWERED: blocks}, figures={**row.figures, **figures})


def _inverse(spent: Summary) -> Summary:
    return replace(spent, centre=1 / spent.centre, low=spent.high and 1 / spent.high, high=spent.low and 1 / spent.low)


def _place(row: Row) -> tuple[bool, float, str]:
    return not row.contest, -row.figures[ANSWERED].centre if ANSWERED in row.figures else 0.0, row.name


def _said(figure: Summary | None) -> str:
    if figure is None or figure.low is None or figure.high is None:
        return words.rate(figure.centre if figure else None)
    return f"{words.rate(figure.centre)} ({words.rate(figure.low)}–{words.rate(figure.high)})"
