"""Every judged ratio on one logarithmic axis: the interval against 1, the noise floor as a band, the claim's bounds, and the A/A rows.

Each row has a floor band of its own, because floors differ by metric. The A/A rows compare a program with itself: they show by eye
what a difference of nothing looks like here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from harness.model import Comparison, Judgement
from harness.report import rows, style, words

WIDE, FAR = 10.0, 3.0
"""FAR: an interval is drawn at most this many times beyond its centre; one of two blocks may span decades and would flatten the rest."""
NOTE = (
    "How many times as much the first takes as the second; the bar is the 95 % interval (cut at the edge, it goes on). "
    "Grey band: the noise floor of that metric. Dotted strokes: the bounds that the claim sets. The axis is logarithmic."
)


@dataclass(frozen=True, slots=True)
class Effect:
    """A row: what was compared by which metric, under which heading, and what is said of it. `name` tells it from its neighbours."""

    heading: str
    name: str
    metric: str
    case: str
    ratio: Comparison
    floor: float
    word: str
    least: float | None = None
    most: float | None = None


def judged(judgement: Judgement) -> list[Effect]:
    """A row for every cell that has a ratio, in the order of the claims."""
    return [
        Effect(
            f"{v.claim.id}  {v.claim.title}", c.contrast.name, c.contrast.metric, c.case or "", c.comparison,
            c.floor.value if c.floor else 0.0, c.word,
            c.contrast.least, c.contrast.most,
        )
        for v in judgement.verdicts
        for c in (*v.cells, *([v.overall] if v.overall else []))
        if c.comparison
    ]  # fmt: skip


def draw(effects: Sequence[Effect], finding: str) -> tuple[Figure, pl.DataFrame]:
    """The figure and its data."""
    at, headings = _places(effects)
    bottom = max(at, default=0) + 0.7
    fig = style.sheet(WIDE, 0.3 * (bottom + 1) + 1.1, finding, NOTE)
    ax = fig.subplots()
    ax.set_ylim(bottom, -0.9)
    ax.set_yticks([])
    _axis(ax, effects)
    for y, heading in headings:
        ax.annotate(
            words.clipped(heading, 96), (0, y), (-190, 0), ("axes fraction", "data"), "offset points", weight="bold", size=9, va="center"
        )
    for y, effect in zip(at, effects, strict=True):
        _row(ax, y, effect)
    ax.axvline(1, color=style.SOFT, linewidth=0.8, zorder=1)
    ax.set_xlabel("ratio (logarithmic)")
    return fig, data(effects)


def _places(effects: Sequence[Effect]) -> tuple[list[float], list[tuple[float, str]]]:
    """The height of each row, and of each heading above its rows."""
    at, headings, y, above = list[float](), list[tuple[float, str]](), -0.4, ""
    for effect in effects:
        if effect.heading != above:
            above = effect.heading
            y += 0.4
            headings.append((y, above))
            y += 1
        at.append(y)
        y += 1
    return at, headings


def _axis(ax: Axes, effects: Sequence[Effect]) -> None:
    ends = [1 / 1.2, 1.2]
    for effect in effects:
        r = effect.ratio
        ends += [r.ratio, max(r.low or r.ratio, r.ratio / FAR), min(r.high or r.ratio, r.ratio * FAR)]
    style.log_axis(ax, ends, words.number, base=2.0, room=1.06)


def _row(ax: Axes, y: float, effect: Effect) -> None:
    r, look = effect.ratio, style.look(effect.ratio.other.partition("/")[0])
    wide = 1 + effect.floor
    ax.add_patch(Rectangle((1 / wide, y - 0.42), wide - 1 / wide, 0.84, facecolor="#EEEEEE", linewidth=0, zorder=0))
    for bound in (effect.least, effect.most):
        if bound is not None and bound > 0:
            ax.plot([bound, bound], [y - 0.34, y + 0.34], color=style.INK, linewidth=1.1, linestyle=(0, (1, 1.2)), zorder=2)
    if r.low is not None and r.high is not None:
        ax.plot([r.low, r.high], [y, y], color=style.INK, linewidth=1.8, solid_capstyle="butt", zorder=3)
    ax.plot([r.ratio], [y], look.marker, color=look.colour, markersize=6.5, markeredgecolor="white", markeredgewidth=0.6, zorder=4)
    rows.left(ax, y, words.clipped(f"{r.other} : {r.base}", 38), 4, size=8.5)
    rows.left(ax, y, f"{words.clipped(effect.name, 44 - len(effect.case))}, {effect.case}".strip(", "), -5, size=7, color=style.SOFT)
    where = ("axes fraction", "data")
    ax.annotate(words.with_interval(r), (1, y), (8, 0), where, "offset points", size=9, va="center")
    ax.annotate(effect.word, (1, y), (118, 0), where, "offset points", size=9, va="center", color=style.SOFT)


def data(effects: Sequence[Effect]) -> pl.DataFrame:
    """A row an effect."""
    text, real = pl.String, pl.Float64
    columns = {
        "group": text, "contrast": text, "of": text, "to": text, "metric": text, "case": text, "ratio": real, "low95": real, "high95": real,
        "n": pl.Int64,
        "floor": real, "least": real, "most": real, "word": text,
    }  # fmt: skip
    return pl.DataFrame(
        [
            (e.heading, e.name, e.ratio.other, e.ratio.base, e.metric, e.case, e.ratio.ratio, e.ratio.low, e.ratio.high, e.ratio.n, e.floor,
             e.least, e.most, e.word)
            for e in effects
        ],
        schema=columns,
        orient="row",
    )  # fmt: skip
