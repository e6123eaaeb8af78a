"""Slow requests over what held the server up: of one run an implementation a stretch of time, each slow request at its due instant.

Causes lie in lanes under the responses, each with a hatch of its own, and shade the time above them: place, hatch and shade read in
grey, and causes that overlap stay apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness import blame, stats
from harness.model import Session
from harness.report import loads, style, words
from harness.report.findings import Findings, Row
from harness.report.stretch import Records, Stretch, stretch

SHADE = "#EEEEEE"
LANES: dict[str, dict[str, Any]] = {
    "collector": {"facecolor": style.INK},
    "runtime": {"facecolor": "white", "hatch": "///////"},
    "machine": {"facecolor": "white"},
}
"""Solid, hatched, open: told apart in grey, and the open one weighs least, for the machine's are the ones that excuse."""
NOTE = (
    "Of each the run with the median p99, and of it the second with the most slow requests: not what is usual, but what they fell on. "
    "Marks: requests beyond the 99th percentile of their phase (dashed), at the instant each was due. Strokes: least to greatest of all "
    "others. Lanes: the collector's pauses (solid), oversleeps of the server's own runtime (hatched) and of a sleeper beside it on its "
    "CPU, the machine's (open); grey above: any of them. Responses are logarithmic and shared."
)
SCHEMA = {
    "implementation": pl.String, "block": pl.Int64, "what": pl.String, "from_s": pl.Float64, "to_s": pl.Float64,
    "low_s": pl.Float64, "high_s": pl.Float64,
}  # fmt: skip


def borne(found: Findings, records: Records) -> dict[str, Stretch]:
    """Name -> stretch, of those whose requests were kept; nothing of a closed loop, where nothing is due."""
    if not loads.arrivals(found) - {"closed"}:
        return {}
    made = {row.name: stretch(row, records) for row in found.rows}
    return {name: one for name, one in made.items() if one}


def telling(found: Sequence[Findings], records: Records) -> Findings | None:
    """The case to show where only one is: where what was recorded hit most of the slow requests beyond its share of all requests.

    Of the slow ones alone it would be an overloaded server, whose queue outlives every pause.
    """
    return next((one for one in sorted(found, key=_told, reverse=True) if borne(one, records)), None)


def _told(found: Findings) -> float:
    causes = [cause for row in found.rows if row.contest for cause in stats.causes(row.runs) if cause.name == blame.ANY]
    return fmean(cause.slow_share - cause.share for cause in causes) if causes else 0.0


def draw(session: Session, found: Findings, given: dict[str, Stretch]) -> tuple[Figure, pl.DataFrame]:
    """The figure and its data: slow requests, the range of the others, and the spans of each cause."""
    shown = [row for row in found.rows if row.name in given]
    fig = style.sheet(8.0, 1.95 * len(shown) + 1.5, f"{found.title}, slow {session.unit}s: {_finding(shown)}", NOTE)
    grid = fig.subplots(2 * len(shown), 1, squeeze=False, height_ratios=[2, 1] * len(shown))[:, 0]
    took = [y for one in given.values() for y in (*(y for _, y in one.slow), *(y for _, _, *ends in one.others for y in ends))]
    for row, ax, lanes in zip(shown, grid[::2], grid[1::2], strict=True):
        _responses(ax, row, given[row.name], took)
        _lanes(lanes, given[row.name])
    for ax in grid:
        ax.set_xlim(0, max(one.length for one in given.values()))
        ax.tick_params(axis="x", bottom=ax is grid[-1], labelbottom=ax is grid[-1])
    grid[-1].set_xlabel("seconds", labelpad=1)
    return fig, pl.DataFrame([line for row in shown for line in _data(row.name, given[row.name])], schema=SCHEMA, orient="row")


def _responses(ax: Axes, row: Row, one: Stretch, took: Sequence[float]) -> None:
    style.log_axis(ax, took, words.seconds, most=4, axis="y", room=2.0)
    look = style.look(row.language, contest=row.contest)
    for begin, end in (span for spans in one.spans.values() for span in spans):
        ax.axvspan(begin, end, color=SHADE, linewidth=0.5, zorder=0)
    # One path for all strokes; each a little longer than its range, so that a single request is seen too.
    across = [at for begin, end, *_ in one.others for at in (*[(begin + end) / 2] * 2, math.nan)]
    up = [value for *_, low, high in one.others for value in (low / 1.05, high * 1.05, math.nan)]
    ax.plot(across, up, color=style.SOFT, linewidth=0.9, zorder=2)
    ax.axhline(one.p99, color=style.INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=3)
    ax.plot([at for at, _ in one.slow], [y for _, y in one.slow], look.marker, color=look.colour, markersize=4.5,
            markeredgecolor=style.INK, markeredgewidth=0.5, zorder=4)  # fmt: skip
    _say(ax, row, one)


def _lanes(ax: Axes, one: Stretch) -> None:
    """A lane a cause, also where it has no span: that none fell here is a finding; one that was not recorded says so."""
    ax.set_ylim(len(LANES) - 0.4, -0.6)
    ax.set_yticks(range(len(LANES)), [*LANES])
    ax.tick_params(axis="y", labelsize=8.5, labelcolor=style.SOFT)
    ax.xaxis.set_major_formatter(lambda value, _: words.short(words.number(value)))
    for at, (cause, how) in enumerate(LANES.items()):
        ax.axhline(at, color=style.FAINT, linewidth=0.7, zorder=0)
        spans = [(begin, end - begin) for begin, end in one.spans.get(cause, ())]
        ax.broken_barh(spans, (at - 0.36, 0.72), edgecolor=style.INK, linewidth=0.6, zorder=2, **how)
        if cause not in one.spans:
            ax.text(one.length / 100, at, _absent(cause, one), size=8, style="italic", color=style.SOFT, va="center",
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})  # fmt: skip


def _absent(cause: str, one: Stretch) -> str:
    return "there is none" if cause == "collector" and one.run.pauses and one.run.pauses.collector == "none" else "not recorded"


def _say(ax: Axes, row: Row, one: Stretch) -> None:
    """The name, and under it the run with what its slow requests fell on."""
    name = row.name if row.contest else f"{row.name}, outside the contest"
    ax.set_title(name, loc="left", size=10, pad=16, color=style.INK if row.contest else style.SOFT)
    hits = [f"{b.cause} {words.percent(b.slow_hit / b.slow, 0)}" for b in one.sample.blame if b.cause in LANES and b.slow]
    said = f"block {one.run.block}, from {words.short(words.number(one.begin))} s of its phase; p99 {words.seconds(one.p99)}"
    said += f"; slow ones hit by {', '.join(hits)}" if hits else ""
    ax.annotate(said, (0, 1), (0, 3), "axes fraction", "offset points", size=8.5, color=style.SOFT)


def _finding(shown: Sequence[Row]) -> str:
    """How much of them the collector hit, over all runs."""
    told = {row.name: cause.slow_share for row in shown for cause in stats.causes(row.runs) if cause.name == "collector"}
    if not told:
        return "no collector's pause was recorded"
    least, most = (sorted(told, key=told.__getitem__)[end] for end in (0, -1))
    if len(told) == 1:
        return f"the collector hit {words.percent(told[most], 0)} of those of {most}"
    return f"the collector hit from {words.percent(told[least], 0)} ({least}) to {words.percent(told[most], 0)} ({most}) of them"


def _data(name: str, one: Stretch) -> list[tuple[object, ...]]:
    """To the microsecond and a tenth: more digits than the picture has, at half the weight."""
    slow = [("slow", at, at + took, took, took) for at, took in one.slow]
    others = [("others", *ends) for ends in one.others]
    spans = [(cause, begin, end, None, None) for cause, spans in one.spans.items() for begin, end in spans]
    return [(name, one.run.block, what, *(v and round(v, 7) for v in values)) for what, *values in (*slow, *others, *spans)]
