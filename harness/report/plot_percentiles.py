"""Response times by percentile on the scale of HDR histograms, a panel an implementation, a line an invocation.

The dashed line is timed from the sending of each request: what the same runs would have told to a tool without a schedule.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl
from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped]
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from harness import stats
from harness.model import Run, Session
from harness.report import rows, style, words
from harness.report.findings import Findings, Row

COLUMNS, STEPS = 4, 12
NOTE = (
    "Thin: an invocation, as far as ten requests lie beyond. Thick: all requests together, from the instant each was due. "
    "Dashed: the same timed from its sending, which hides what waited. Dotted: how late the load generator itself was, which the "
    "response has in it. Both axes are shared; milliseconds are logarithmic."
)
TICKS = (0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999)


def borne(found: Findings) -> bool:
    """Whether any run of it was under load."""
    return any(_held(run, "response") for row in found.rows for run in row.runs)


def draw(session: Session, found: Findings) -> tuple[Figure, pl.DataFrame]:
    """The figure and its data: implementation, block (none: all together), timed from, quantile, seconds."""
    shown = [row for row in found.rows if any(_held(run, "response") for run in row.runs)]
    lines = -(-len(shown) // COLUMNS)
    columns = -(-len(shown) // lines)
    fig = style.sheet(max(8.0, 3.1 * columns), 2.4 * lines + 1.1, f"{found.title}, response by percentile: {_finding(shown)}", NOTE)
    axes = rows.panels(fig, [row.name if row.contest else f"{row.name}, outside the contest" for row in shown], columns)
    data = [point for row in shown for point in _points(row)]
    deepest = max((point[3] for point in data), default=0.9)
    for number, (ax, row) in enumerate(zip(axes, shown, strict=True)):
        _panel(ax, row, [point for point in data if point[0] == row.name], deepest)
        style.log_axis(ax, [point[4] for point in data if point[2] != "generator"], words.seconds, most=5, axis="y")
        ax.tick_params(axis="y", labelleft=number % columns == 0)
    schema = {"implementation": pl.String, "block": pl.Int64, "from": pl.String, "quantile": pl.Float64, "seconds": pl.Float64}
    return fig, pl.DataFrame(data, schema=schema, orient="row")


Point = tuple[str, int | None, str, float, float]


def _points(row: Row) -> Iterator[Point]:
    runs = [run for run in row.runs if _held(run, "response")]
    for run in runs:
        yield from _curve(row.name, run.block, "due", _held(run, "response"))
    for name, start in (("response", "due"), ("service", "sent"), ("lateness", "generator")):
        yield from _curve(row.name, None, start, [one for run in runs for one in _held(run, name)])


def _held(run: Run, name: str) -> list[HdrHistogram]:
    """The histograms of the steady phases of a run that counts."""
    if not stats.counts(run):
        return []
    held = [one for one in stats.phases([run]) if name != "lateness" or one.scheduled]
    return [stats.decoded(getattr(one, name)) for one in held]


def _curve(name: str, block: int | None, start: str, held: Sequence[HdrHistogram]) -> Iterator[Point]:
    """Quantiles evenly spaced in the logarithm of what lies beyond them, as far as they are borne."""
    merged = stats.histogram([])
    for one in held:
        merged.add(one)
    for step in range(1, 5 * STEPS + 1):
        q = 1 - 10 ** (-step / STEPS)
        if (ns := stats.quantile(merged, q)) is None:
            return
        yield name, block, start, q, ns / 1e9


def _panel(ax: Axes, row: Row, points: Sequence[Point], deepest: float) -> None:
    look = style.look(row.language, contest=row.contest)
    for block in sorted({point[1] for point in points if point[1] is not None}):
        _line(ax, [p for p in points if p[1] == block], color=look.colour, linewidth=0.6, alpha=0.55)
    _line(ax, [p for p in points if p[1] is None and p[2] == "due"], color=look.colour, linewidth=2.2)
    _line(ax, [p for p in points if p[1] is None and p[2] == "sent"], color=style.INK, linewidth=1.1, linestyle=(0, (4, 2)))
    _line(ax, [p for p in points if p[2] == "generator"], color=style.INK, linewidth=0.9, linestyle=(0, (1, 2)))
    ax.set_xlim(math.log10(1 / (1 - 0.3)), -math.log10(1 - deepest) * 1.02)
    ax.xaxis.set_major_locator(FixedLocator([-math.log10(1 - q) for q in TICKS]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * (1 - 10**-x):.5g} %"))
    ax.grid(visible=True, axis="x", color=style.FAINT, linewidth=0.7)


def _line(ax: Axes, points: Sequence[Point], **how: Any) -> None:
    ax.plot([-math.log10(1 - p[3]) for p in points], [p[4] for p in points], **how)


def _finding(shown: Sequence[Row]) -> str:
    p99 = {row.name: row.figures["response_p99_s"].centre for row in shown if row.contest and "response_p99_s" in row.figures}
    if len(p99) < 2:
        return "one server, nothing to compare with" if shown else "nothing measured"
    best, worst = min(p99, key=p99.__getitem__), max(p99, key=p99.__getitem__)
    return f"p99 from {words.seconds(p99[best])} ({best}) to {words.seconds(p99[worst])} ({worst})"
