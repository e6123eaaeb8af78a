"""One line of a plot an implementation, the same in every plot: order, names, the yardstick set apart, absences said in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.model import Summary
from harness.report.findings import Findings
from harness.report.style import ALARM, FAINT, INK, SOFT, look

GAP = 0.7
"""Extra room above the yardsticks."""
SMALL = 4
"""Up to this size in points a white rim would eat a dot."""


@dataclass(frozen=True, slots=True)
class Line:
    """An implementation as a plot shows it; `under` stands small below its name."""

    name: str
    contest: bool
    failed: bool = False
    under: str = ""

    @property
    def language(self) -> str:
        """The first part of its name."""
        return self.name.partition("/")[0]


def lines(found: Findings) -> list[Line]:
    """All of them, in the order of the findings."""
    said = {row.name: ", ".join(filter(None, (row.track, row.inside and f"{row.inside} inside"))) for row in found.rows}
    return [Line(row.name, row.contest, bool(row.why), said[row.name]) for row in found.rows]


def places(shown: Sequence[Line]) -> dict[str, float]:
    """Name -> height, the first at the top (0) and downwards."""
    return {line.name: at + (0 if line.contest else GAP) for at, line in enumerate(shown)}


def height(shown: Sequence[Line], each: float = 0.34) -> float:
    """Inches that the lines need."""
    return each * (max(places(shown).values(), default=0) + 1)


def lay(ax: Axes, shown: Sequence[Line], *, names: bool = True, under: bool = False) -> dict[str, float]:
    """Set the vertical axis up: names, faint guide lines, and a rule above the yardsticks."""
    at = places(shown)
    ax.set_ylim(max(at.values(), default=0) + 0.6, -0.6)
    ax.set_yticks([*at.values()], [""] * len(at))
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=True, axis="y", color=FAINT, linewidth=0.7)
    for line in shown if names else ():
        _name(ax, line, at[line.name], under=under)
    outside = [at[line.name] for line in shown if not line.contest]
    if outside:
        _rule(ax, outside[0] - (1 + GAP) / 2, said=names)
    return at


def _name(ax: Axes, line: Line, y: float, *, under: bool) -> None:
    colour = ALARM if line.failed else INK if line.contest else SOFT
    left(ax, y, line.name, 4 if under else 0, color=colour, size=10, style="normal" if line.contest else "italic")
    if under:
        left(ax, y, line.under, -6, color=SOFT, size=7.5)


def left(ax: Axes, y: float, text: str, rise: float, **how: Any) -> None:
    """Text that ends at the left edge of the axes, `rise` points above the line."""
    ax.annotate(text, (0, y), (-6, rise), ("axes fraction", "data"), "offset points", ha="right", va="center", **how)


def _rule(ax: Axes, y: float, *, said: bool) -> None:
    ax.axhline(y, color=SOFT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    if said:
        left(ax, y, "outside the contest", -6, size=8, style="italic", color=SOFT)


def absent(ax: Axes, y: float, text: str, *, failed: bool = True, right: bool = False) -> None:
    """Say in place why there is nothing to see, or nothing that counts; `right` leaves room for dots on the left."""
    x, align, shift = (1, "right", -4) if right else (0, "left", 4)
    ax.annotate(text, (x, y), (shift, 0), ("axes fraction", "data"), "offset points", ha=align, va="center", size=8.5, style="italic",
                color=ALARM if failed else SOFT, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})  # fmt: skip


def dots(
    ax: Axes, line: Line, y: float, values: Mapping[int, float], *, hollow: bool = False, size: float = 4.5, room: float = 0.2
) -> None:
    """Every block's figure as a dot, the first block highest: a drift shows as a slant."""
    if not values:
        return
    shape = look(line.language, contest=line.contest)
    low, high = min(values), max(values)
    heights = [y + (room * (2 * (b - low) / (high - low) - 1) if high > low else 0) for b in values]
    rim = "white" if size > SMALL and not hollow else shape.colour
    ax.plot([*values.values()], heights, shape.marker, markersize=size, markerfacecolor="white" if hollow else shape.colour,
            markeredgecolor=rim, markeredgewidth=0.8 if hollow else 0.4, alpha=0.9, zorder=3)  # fmt: skip


def interval(ax: Axes, y: float, figure: Summary | None) -> None:
    """Under the dots: the geometric mean as a stroke, its 95 % interval as a bar."""
    if figure is None:
        return
    if figure.low is not None and figure.high is not None:
        ax.plot([figure.low, figure.high], [y, y], color=INK, linewidth=2.4, solid_capstyle="butt", zorder=4)
    ax.plot([figure.centre], [y], "|", color=INK, markersize=7, markeredgewidth=1.3, zorder=4)


def beside(ax: Axes, at: Mapping[str, float], texts: Mapping[str, str], heading: str = "", points: float = 8) -> None:
    """A column of text `points` to the right of the axes, aligned with the lines."""
    where = ("axes fraction", "data")
    ax.annotate(heading, (1, -0.75), (points, 0), where, "offset points", size=8.5, color=SOFT, va="bottom")
    for name, text in texts.items():
        ax.annotate(text, (1, at[name]), (points, 0), where, "offset points", size=9.5, va="center")


def panels(fig: Figure, titles: Sequence[str], columns: int) -> list[Axes]:
    """A grid of axes under their titles; the places that are left over stay empty."""
    grid = fig.subplots(-(-len(titles) // columns), columns, squeeze=False)
    axes = [ax for line in grid for ax in line]
    for ax in axes[len(titles) :]:
        ax.set_visible(False)
    for ax, title in zip(axes, titles, strict=False):
        ax.set_title(title, loc="left", size=9.5)
    return axes[: len(titles)]
