"""What it costs to have an implementation: build seconds, image and binary size. One figure a session: builds know no case."""

from __future__ import annotations

from statistics import median

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.model import Build, Session
from harness.report import frames, rows, style, words
from harness.report.rows import Line

NOTE = (
    "Filled: built from nothing (bench build --clean), the median of n builds, with a tick for each. "
    "Hollow: with what the builder's caches held, no figure of a build from nothing. "
    "Yardsticks are grey. Axes are logarithmic."
)
PANELS = (
    ("seconds", "build seconds", words.seconds),
    ("image_bytes", "image", words.size),
    ("artifact_bytes", "stripped binary", words.size),
)


def draw(session: Session, yardsticks: frozenset[str]) -> tuple[Figure, pl.DataFrame]:
    """The figure and its data."""
    builds = {b.implementation: b for b in session.builds}
    order = sorted(session.implementations, key=lambda n: (n in yardsticks, _value(builds.get(n), "seconds") or float("inf"), n))
    shown = [Line(name, name not in yardsticks, name in builds and builds[name].outcome == "failed") for name in order]
    fig = style.sheet(11, rows.height(shown, 0.36) + 1.6, _title(session), NOTE)
    axes = rows.panels(fig, [heading for _, heading, _ in PANELS], len(PANELS))
    for ax, (figure, _, text) in zip(axes, PANELS, strict=True):
        at = rows.lay(ax, shown, names=ax is axes[0])
        values = {name: value for name in order if (value := _value(builds.get(name), figure))}
        for line in shown:
            _mark(ax, at[line.name], line, builds.get(line.name), figure)
        rows.beside(ax, at, {name: text(value) + _times(builds[name], figure) for name, value in values.items()})
        style.log_axis(ax, [*values.values()], text, most=4, base=10.0 if figure == "seconds" else 2.0)
    return fig, frames.builds(session)


def _value(build: Build | None, figure: str) -> float | None:
    if build is None or build.outcome == "failed":
        return None
    seconds = median(build.clean_seconds) if build.clean_seconds else build.seconds
    found = {"seconds": seconds, "image_bytes": build.image_bytes, "artifact_bytes": build.artifact_bytes}[figure]
    return float(found) if found else None


def _times(build: Build, figure: str) -> str:
    """How often it was built from nothing, where that is more than once."""
    return f" (n={len(build.clean_seconds)})" if figure == "seconds" and len(build.clean_seconds) > 1 else ""


def _mark(ax: Axes, y: float, line: Line, build: Build | None, figure: str) -> None:
    value = _value(build, figure)
    if value is None:
        rows.absent(ax, y, "build failed" if line.failed else "none recorded", failed=line.failed)
        return
    shape = style.look(line.language, contest=line.contest)
    each = build.clean_seconds if build and figure == "seconds" else ()
    hollow = figure == "seconds" and not each
    if len(each) > 1:
        ax.plot(each, [y] * len(each), "|", markersize=11, color=shape.colour, zorder=2)
    ax.plot(
        [value],
        [y],
        shape.marker,
        markersize=7,
        markerfacecolor="white" if hollow else shape.colour,
        markeredgecolor=shape.colour,
        zorder=3,
    )


def _title(session: Session) -> str:
    clean = sorted((median(b.clean_seconds), b.implementation) for b in session.builds if b.clean_seconds)
    if not clean:
        return "builds: none from nothing was timed"
    (quick, first), (slow, last) = clean[0], clean[-1]
    if first == last:
        return f"builds from nothing: {first} took {words.seconds(quick)}"
    return f"builds from nothing: {words.seconds(quick)} ({first}) to {words.seconds(slow)} ({last})"
