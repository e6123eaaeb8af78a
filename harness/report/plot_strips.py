"""Plots that are panels of figures side by side, an implementation a line: throughput, peak memory, phases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.model import Session
from harness.report import frames, rows, style, words
from harness.report.findings import Findings
from harness.report.headline import LOAD, MEMORY, TIME, title

NOTE = "A dot is a block, the stroke the geometric mean, the bar its 95 % interval (cut at the edge, it goes on); axes are logarithmic."


@dataclass(frozen=True, slots=True)
class Strip:
    """A panel: a figure, what stands above it, and how its values are written."""

    figure: str
    heading: str
    text: Callable[[float | None], str]


def throughput(session: Session, found: Findings) -> tuple[Figure, pl.DataFrame]:
    """Units a second, of the load and of the steps."""
    unit = session.unit
    strips = (
        Strip("load_units_per_s", f"load: {unit}s read a second", words.rate),
        Strip("units_per_s", f"steps: {unit}s a second, over all steps", words.rate),
    )
    return _draw(found, strips, f"{found.title}, throughput: {_both(found)}", own_axes=True)


def peak(session: Session, found: Findings) -> tuple[Figure, pl.DataFrame]:
    """Peak memory: anonymous, and the cgroup's own, which counts the page cache too."""
    strips = (
        Strip("anon_peak_bytes", "anonymous memory, peak", words.size),
        Strip("cgroup_peak_bytes", "cgroup, peak (with page cache)", words.size),
    )
    return _draw(found, strips, f"{found.title}, peak memory: {title(found, MEMORY)}", base=2.0)


def phases(session: Session, found: Findings) -> tuple[Figure, pl.DataFrame]:
    """Where the time goes: start-up, load, first pass, steady pass, on one scale."""
    strips = tuple(
        Strip(name, heading, words.seconds)
        for name, heading in (("ready_s", "start-up"), ("load_s", "load"), ("first_total_s", "first pass"), ("total_s", "steady pass"))
    )
    return _draw(found, strips, f"{found.title}, phases: {_both(found)}")


def _both(found: Findings) -> str:
    steps = title(found, TIME)
    return f"{title(found, LOAD)}; in the steps {steps}" if len(found.ranking.order) > 1 else steps


def _draw(
    found: Findings, strips: Sequence[Strip], heading: str, *, own_axes: bool = False, base: float = 10.0
) -> tuple[Figure, pl.DataFrame]:
    names = [strip.figure for strip in strips]
    fig = style.sheet(2 + 2.6 * max(3, len(strips)), rows.height(rows.lines(found)) + 1.5, heading, NOTE)
    axes = rows.panels(fig, [strip.heading for strip in strips], len(strips))
    together = [v for row in found.rows for name in names for v in row.blocks[name].values()]
    for ax, strip in zip(axes, strips, strict=True):
        _strip(ax, found, strip, names=ax is axes[0])
        own = [v for row in found.rows for v in row.blocks[strip.figure].values()]
        style.log_axis(ax, own if own_axes else together, strip.text, most=max(4, 10 // len(strips)), base=base)
    return fig, frames.summaries(found, names)


def _strip(ax: Axes, found: Findings, strip: Strip, *, names: bool) -> None:
    shown = rows.lines(found)
    at = rows.lay(ax, shown, names=names)
    for line, row in zip(shown, found.rows, strict=True):
        values = row.blocks[strip.figure]
        rows.dots(ax, line, at[row.name] - 0.08, values)
        rows.interval(ax, at[row.name] + 0.33, row.figures.get(strip.figure))
        if not values:
            rows.absent(ax, at[row.name], row.fate or "not measured", failed=bool(row.why))
    centres = {row.name: strip.text(row.figures[strip.figure].centre) for row in found.rows if strip.figure in row.figures}
    rows.beside(ax, at, centres)
