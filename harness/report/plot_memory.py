"""Anonymous memory against time, a panel an implementation, with the collector's pauses and the phases marked.

Each panel shows one run: the one with the median total, or, where none ended well, the last that left a series, which tells most.
Height is shared and logarithmic, so panels compare; time is each panel's own, or a slow one would flatten the others.
"""

from __future__ import annotations

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness import stats
from harness.model import Run, Session
from harness.report import frames, rows, style, words
from harness.report.findings import Findings, Row
from harness.report.headline import MEMORY, title

COLUMNS, NEAR, TICKS = 4, 0.5, 300
NOTE = (
    "The run with the median total (or the last, where none ended well); grey: load. Ticks at the top: collector pauses, the longest 300. "
    "Memory is logarithmic and shared, time is each panel's own."
)


def draw(session: Session, found: Findings) -> tuple[Figure, pl.DataFrame]:
    """The figure and its data; the pauses' data come with `pause_data`."""
    shown = chosen(found)
    lines = -(-max(1, len(found.rows)) // COLUMNS)
    columns = -(-max(1, len(found.rows)) // lines)
    fig = style.sheet(max(8.0, 3.1 * columns), 2.3 * lines + 1.1, f"{found.title}, memory: {title(found, MEMORY)}", NOTE)
    axes = rows.panels(fig, [""] * max(1, len(found.rows)), columns)
    values = [v for run in shown.values() for v in run.memory.anon_bytes if v > 1 << 20]
    for number, (ax, row) in enumerate(zip(axes, found.rows, strict=False)):
        _panel(ax, row, shown.get(row.name))
        style.log_axis(ax, [*values, 1.6 * max(values, default=1.0)], words.size, most=5, axis="y", base=2.0)
        ax.tick_params(axis="y", labelleft=number % columns == 0)
    return fig, frames.memory(shown)


def chosen(found: Findings) -> dict[str, Run]:
    """Name -> the run to show; none for an implementation that has no series at all."""
    picked = {row.name: _pick(row) for row in found.rows}
    return {name: run for name, run in picked.items() if run}


def _pick(row: Row) -> Run | None:
    good = sorted((r for r in row.runs if stats.counts(r) and r.memory.at_ns), key=lambda r: row.blocks["total_s"].get(r.block, 0.0))
    if good:
        return good[len(good) // 2]
    return next((run for run in reversed(row.runs) if run.memory.at_ns), None)


def _panel(ax: Axes, row: Row, run: Run | None) -> None:
    name = row.name if row.contest else f"{row.name}, outside the contest"
    ax.set_title(name, loc="left", size=10, pad=16, color=style.INK if row.contest else style.SOFT)
    if run is None:
        ax.text(0.5, 0.5, row.fate or "no memory series", transform=ax.transAxes, ha="center", style="italic", color=style.ALARM)
        ax.set_xticks([])
        return
    at = [t / 1e9 for t in run.memory.at_ns]
    look = style.look(row.language, contest=row.contest)
    ax.plot(at, run.memory.anon_bytes, color=look.colour, linewidth=1.3)
    ax.set_xlim(0, max(at[-1], 1e-3))
    ax.xaxis.set_major_formatter(lambda value, _: words.short(words.number(value)))
    ax.set_xlabel("seconds after start", labelpad=1)
    _load(ax, run)
    _pauses(ax, run)
    _limit(ax, run)
    _say(ax, row, run)


def _load(ax: Axes, run: Run) -> None:
    for s in run.samples:
        if s.step == "load" and run.start_ns is not None:
            begin = (s.start_ns - run.start_ns) / 1e9
            ax.axvspan(begin, begin + s.wall_ns / 1e9, color="#EEEEEE", linewidth=0, zorder=0)


def _pauses(ax: Axes, run: Run) -> None:
    if run.pauses and run.start_ns is not None:
        longest = sorted(run.pauses.events, key=lambda span: -span.wall_ns)[:TICKS]
        at = [(span.start_ns - run.start_ns) / 1e9 for span in longest]
        ax.plot(at, [0.97] * len(at), "|", color=style.INK, markersize=7, markeredgewidth=0.7, transform=ax.get_xaxis_transform())


def _limit(ax: Axes, run: Run) -> None:
    limit = run.limits.memory_bytes
    if (run.anon_peak_bytes or 0) > NEAR * limit:
        ax.axhline(limit, color=style.ALARM, linewidth=1, linestyle=(0, (4, 2)))
        ax.text(0.02, limit, f"limit {words.size(limit)}", transform=ax.get_yaxis_transform(), size=8, color=style.ALARM, va="bottom")


def _say(ax: Axes, row: Row, run: Run) -> None:
    """Under the name: peak and pauses, or what went wrong."""
    said = [f"peak {words.size(run.anon_peak_bytes)}", _said_of_pauses(run)] if run.outcome == "ok" else [row.fate or run.outcome]
    ax.annotate(", ".join(filter(None, said)), (0, 1), (0, 3), "axes fraction", "offset points", size=8.5,
                color=style.SOFT if run.outcome == "ok" else style.ALARM)  # fmt: skip


def _said_of_pauses(run: Run) -> str:
    if run.pauses is None or run.pauses.count is None:
        return ""
    longest = max((span.wall_ns for span in run.pauses.events), default=None)
    return f"{run.pauses.count} pauses" + (f", longest {words.seconds(longest / 1e9)}" if longest else "")
