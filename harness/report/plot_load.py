"""Response against what was offered, a panel an implementation: p50 and p99 over the cases that differ in their load alone.

Both axes are shared and logarithmic: a saturated server is a thousand times slower, and one server's capacity ten times another's.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.model import Session, Summary
from harness.report import rows, style, words
from harness.report.findings import Findings, Row
from harness.report.loads import Load, Point

COLUMNS, NAMED, BEYOND = 3, 3, 2.0
NOTE = (
    "Response runs from the instant a request was due. Thick, filled: p99; thin, hollow: p50; whiskers: 95 % intervals over the blocks "
    "(cut at the edge, they go on). Dashed: what the closed loop got through. A red cross: less was answered than offered; its line "
    "reaches back to what was answered. Both axes are shared and logarithmic."
)
SCHEMA = {
    "implementation": pl.String, "case": pl.String, "offered": pl.Float64, "saturated": pl.Boolean, "closed": pl.Float64,
    **{f"{name}{end}": pl.Float64 for name in ("answered", "p50_s", "p99_s") for end in ("", "_low", "_high")},
}  # fmt: skip


def draw(session: Session, load: Load) -> tuple[Figure, pl.DataFrame]:
    """The figure and its data, a row an implementation and case."""
    shown = load.rows
    lines = -(-len(shown) // COLUMNS)
    columns = -(-len(shown) // lines)
    heading = f"Response against load{f' ({load.name})' if load.name else ''}: {_finding(load)}"
    fig = style.sheet(max(8.0, 3.3 * columns), 2.5 * lines + 1.3, heading, NOTE)
    axes = rows.panels(fig, [""] * len(shown), columns)
    points = {row.name: load.points(row.name) for row in shown}
    across, up = _extent(load, [point for held in points.values() for point in held])
    for number, (ax, row) in enumerate(zip(axes, shown, strict=True)):
        style.log_axis(ax, across, words.rate, most=5)
        style.log_axis(ax, up, words.seconds, most=7, axis="y", room=4.0)
        _panel(ax, row, points[row.name], _capacity(load, row.name))
        _say(ax, load, row)
        ax.tick_params(axis="y", labelleft=number % columns == 0)
        ax.set_xlabel(f"{session.unit}s offered a second" if number >= len(shown) - columns else "", labelpad=1)
    data = [line for row in shown for line in _data(row.name, points[row.name], _capacity(load, row.name))]
    return fig, pl.DataFrame(data, schema=SCHEMA, orient="row")


def _extent(load: Load, points: Sequence[Point]) -> tuple[list[float], list[float]]:
    """What the axes must hold. A whisker may widen the upright one by BEYOND at most: two blocks can give an endless one."""
    closed = [one.centre for row in load.rows if (one := _capacity(load, row.name))]
    centres = [one.centre for point in points for one in (point.p50, point.p99) if one]
    ends = [end for point in points for one in (point.p50, point.p99) if one for end in (one.low, one.high) if end]
    low, high = min(centres, default=1.0) / BEYOND, max(centres, default=1.0) * BEYOND
    answered = [point.answered.centre for point in points if point.answered and point.saturated]
    return [*(point.offered for point in points), *closed, *answered], [*centres, *(min(max(end, low), high) for end in ends)]


def _capacity(load: Load, name: str) -> Summary | None:
    return next((row.figures.get("units_per_s") for row in load.closed.rows if row.name == name), None) if load.closed else None


def _panel(ax: Axes, row: Row, points: Sequence[Point], capacity: Summary | None) -> None:
    look = style.look(row.language, contest=row.contest)
    if capacity:
        ax.axvline(capacity.centre, color=style.SOFT, linewidth=1.1, linestyle=(0, (4, 3)), zorder=1)
    for of, width, fill in ((_p50, 0.9, "white"), (_p99, 2.0, look.colour)):
        held = [(point.offered, one) for point in points if (one := of(point))]
        ax.plot([x for x, _ in held], [one.centre for _, one in held], f"{look.marker}-", color=look.colour, linewidth=width,
                markersize=5, markerfacecolor=fill, markeredgecolor=look.colour, zorder=3)  # fmt: skip
        for x, one in held:
            if one.low is not None and one.high is not None:
                ax.plot([x, x], [one.low, one.high], color=style.INK, linewidth=1.3, solid_capstyle="butt", zorder=2.5)
    for point in points:
        _saturated(ax, point)
    _label(ax, points)


def _saturated(ax: Axes, point: Point) -> None:
    if point.saturated and point.answered and (one := point.p99 or point.p50):
        ax.plot([point.answered.centre, point.offered], [one.centre] * 2, color=style.ALARM, linewidth=1.1, zorder=5)
        ax.plot([point.offered], [one.centre], "x", color=style.ALARM, markersize=8, markeredgewidth=1.8, zorder=6)


def _label(ax: Axes, points: Sequence[Point]) -> None:
    """At the left end, where the lines are farthest from what saturates."""
    for of, text, rise, align in ((_p99, "p99", 6, "bottom"), (_p50, "p50", -6, "top")):
        if first := next(((point.offered, one.centre) for point in points if (one := of(point))), None):
            ax.annotate(text, first, (0, rise), textcoords="offset points", ha="center", va=align, size=8.5, color=style.SOFT)


def _p50(point: Point) -> Summary | None:
    return point.p50


def _p99(point: Point) -> Summary | None:
    return point.p99


def _say(ax: Axes, load: Load, row: Row) -> None:
    """The name, and under it the capacity and what is missing."""
    name = row.name if row.contest else f"{row.name}, outside the contest"
    ax.set_title(name, loc="left", size=10, pad=16, color=style.INK if row.contest else style.SOFT)
    capacity, fates = _capacity(load, row.name), list(dict.fromkeys(load.fates(row.name)))
    said = [f"closed loop {words.rate(capacity.centre)} a second"] if capacity else []
    said += [f"{len(load.fates(row.name))} of {len(load.cases)} loads: {', '.join(fates)}"] if fates else []
    ax.annotate("; ".join(said), (0, 1), (0, 3), "axes fraction", "offset points", size=8.5, color=style.ALARM if fates else style.SOFT)


def _finding(load: Load) -> str:
    names = [row.name for row in load.rows if row.contest] or [row.name for row in load.rows]
    full = [name for name in names if any(point.saturated for point in load.points(name))]
    said = words.listed(full) if len(full) <= NAMED else f"{len(full)} of {len(names)}"
    return f"{_apart(load, names)}; {said} answered less than was offered at the highest loads" if full else _apart(load, names)


def _apart(load: Load, names: Sequence[str]) -> str:
    """The p99s at the greatest load that all of them bore."""
    every = {name: {p.case: p for p in load.points(name) if p.p99 and not p.saturated} for name in names}
    borne = [case for case in load.cases if all(case.case.name in held for held in every.values())]
    if len(names) < 2 or not borne:
        return "no load that all of them bore" if len(names) > 1 else f"{names[0]} alone"
    most = max(borne, key=lambda case: min(held[case.case.name].offered for held in every.values()))
    p99 = {name: one.centre for name, held in every.items() if (one := held[most.case.name].p99)}
    best, worst = min(p99, key=p99.__getitem__), max(p99, key=p99.__getitem__)
    return f"{_at(most)} p99 from {words.seconds(p99[best])} ({best}) to {words.seconds(p99[worst])} ({worst})"


def _at(found: Findings) -> str:
    rate, share = (found.case.params.get(name) for name in ("rate", "share"))
    if isinstance(share, int | float):
        return f"at {words.percent(share)} of its own closed loop"
    return f"at {words.short(words.rate(rate))} a second" if isinstance(rate, int | float) else f"on {found.case.name}"


def _data(name: str, points: Sequence[Point], capacity: Summary | None) -> list[tuple[object, ...]]:
    closed = capacity.centre if capacity else None
    return [(name, p.case, p.offered, p.saturated, closed, *_ends(p.answered), *_ends(p.p50), *_ends(p.p99)) for p in points]


def _ends(figure: Summary | None) -> tuple[float | None, float | None, float | None]:
    return (figure.centre, figure.low, figure.high) if figure else (None, None, None)
