"""The session in the order it ran: each run against its own kind's mean, and under it the state of the machine. Drift shows as a slope.

The order counts and not the clock: a session that was continued a day later would be a gap with two dots at its ends.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from harness import stats
from harness.model import Run
from harness.report import style, words

STATES = (
    ("load_1min", "load"),
    ("pressure_cpu", "CPU pressure, %"),
    ("pressure_io", "I/O pressure, %"),
    ("steal_s", "steal since\nthe first, s"),
    ("temperature_c", "°C"),
    ("reference_ms", "the same\nwork, ms"),
)
COUNTERS = {"steal_s"}
"""States that only ever grow: what counts of them is the growth."""
NOTE = (
    "A dot is a run: its total over the geometric mean of its own kind (label and case), in the order they ran; a rule begins a block. "
    "Crosses at the foot: runs that take no part. Below: the machine before each run."
)


def draw(runs: Sequence[Run]) -> tuple[Figure, pl.DataFrame]:
    """The figure and its data."""
    order = sorted((run for run in runs if run.kind == "timed"), key=lambda run: (run.block, run.position))
    table = data(order)
    shown = [(key, text) for key, text in STATES if table[key].n_unique() > 1]
    fig = style.sheet(WIDE, 2.9 + 0.8 * len(shown) + 0.8, _finding(table), NOTE)
    axes = fig.subplots(1 + len(shown), 1, sharex=True, squeeze=False, height_ratios=[2.8, *[0.8] * len(shown)])[:, 0]
    _totals(axes[0], table)
    for ax, (key, text) in zip(axes[1:], shown, strict=True):
        values = table[key] - table[key].drop_nulls()[0] if key in COUNTERS else table[key]
        ax.plot(table["order"], values, color=style.SOFT, linewidth=1, drawstyle="steps-post")
        ax.set_ylabel(text, rotation=0, ha="right", va="center", size=8.5)
        ax.yaxis.set_major_locator(MaxNLocator(2))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: words.short(words.number(value))))
        ax.tick_params(axis="y", labelsize=8)
    axes[-1].set_xlabel("run, in the order of the session")
    return fig, table


WIDE = 10.0


def data(order: Sequence[Run]) -> pl.DataFrame:
    """A row a timed run, in that order; `relative` is its total over its kind's mean, null where it takes no part."""
    totals = [stats.steady_seconds(run) if stats.counts(run) else None for run in order]
    logs: dict[tuple[str, str], list[float]] = {}
    for run, total in zip(order, totals, strict=True):
        if total:
            logs.setdefault((run.label, run.case), []).append(math.log(total))
    means = {key: math.exp(fmean(values)) for key, values in logs.items()}
    states = [_state(run) for run in order]
    rows = [
        (number, run.job, run.label, run.language, run.contest, run.case, run.block, run.outcome, total,
         total / means[run.label, run.case] if total else None, *state)
        for number, (run, total, state) in enumerate(zip(order, totals, states, strict=True), 1)
    ]  # fmt: skip
    text, real = pl.String, pl.Float64
    columns = {"order": pl.Int64, "job": text, "label": text, "language": text, "contest": pl.Boolean, "case": text, "block": pl.Int64,
               "outcome": text, "seconds": real, "relative": real, **dict.fromkeys((key for key, _ in STATES), real)}  # fmt: skip
    return pl.DataFrame(rows, schema=columns, orient="row")


def _state(run: Run) -> list[float | None]:
    found = [run.state_before.get(key) for key, _ in STATES]
    return [float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None for value in found]


def _totals(ax: Axes, table: pl.DataFrame) -> None:
    good = table.filter(pl.col("relative").is_not_null())
    far = max([abs(math.log(r)) for r in good["relative"]] + [math.log(1 + 2 * stats.FLOOR)]) * 1.08
    ax.set(yscale="log", ylim=(math.exp(-far), math.exp(far)), xlim=(0.2, max(table.height, 1) + 0.8))
    ax.axhspan(1 / (1 + stats.FLOOR), 1 + stats.FLOOR, color="#EEEEEE", linewidth=0, zorder=0)
    ax.axhline(1, color=style.SOFT, linewidth=0.8, zorder=1)
    for (language, contest), part in good.group_by("language", "contest", maintain_order=True):
        look = style.look(str(language), contest=bool(contest))
        ax.plot(part["order"], part["relative"], look.marker, color=look.colour, markersize=4, markeredgewidth=0, alpha=0.9, zorder=3)
    lost = table.filter(pl.col("relative").is_null())["order"]
    ax.plot(lost, [0.04] * len(lost), "x", color=style.ALARM, markersize=4, transform=ax.get_xaxis_transform(), zorder=3)
    for first in table.group_by("block", maintain_order=True).first()["order"]:
        ax.axvline(first - 0.5, color=style.FAINT, linewidth=0.7, zorder=0)
    _percent(ax, far)
    ax.set_ylabel("against\nits mean", rotation=0, ha="right", va="center", size=8.5)


def _percent(ax: Axes, far: float) -> None:
    """Ticks at round percentages, as many on both sides, whatever the range."""
    step = next((s for s in (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0) if math.exp(far) - 1 < 4 * s), 20.0)
    ticks = [1 + step * k for k in range(-4, 5) if 1 + step * k > 0 and abs(math.log(1 + step * k)) <= far]
    ax.yaxis.set_major_locator(FixedLocator(ticks))
    ax.yaxis.set_minor_locator(FixedLocator([]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{(value - 1) * 100:+.0f} %" if value != 1 else "mean"))
    ax.grid(visible=True, axis="y", color=style.FAINT, linewidth=0.7)
    ax.tick_params(axis="y", labelsize=8.5)


def _finding(table: pl.DataFrame) -> str:
    good = table.filter(pl.col("relative").is_not_null())
    if not good.height:
        return "No run counts, so there is no order to look at"
    means = good.group_by("block", maintain_order=True).agg(pl.col("relative").log().mean().exp())["relative"]
    far = max(abs(r - 1) for r in good["relative"])
    said = f"the run farthest from its own mean lies {far * 100:.0f} % off"
    if len(means) < 2:
        return said.capitalize()
    return f"From the first block to the last all took {words.number(means[-1] / means[0])} times as long; {said}"
