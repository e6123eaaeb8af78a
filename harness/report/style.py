"""The looks that all plots share, and saving: the same data gives the same bytes, in SVG and PNG.

Colours are Okabe and Ito's, told apart by the colour-blind; the three differ in lightness and each language has a marker of its own,
so a grey print reads too. Rows are labelled directly: there is no legend to look up.
"""

from __future__ import annotations

import textwrap
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter, NullLocator

from harness.report.words import short


@dataclass(frozen=True, slots=True)
class Look:
    """A colour and a marker; never the one without the other."""

    colour: str
    marker: str


LANGUAGES = {"python": Look("#0072B2", "o"), "go": Look("#009E73", "^"), "rust": Look("#E69F00", "s")}
SPARE = (Look("#CC79A7", "P"), Look("#56B4E9", "v"), Look("#D55E00", "X"))
YARDSTICK = Look("#7A7A7A", "D")
INK, SOFT, FAINT, ALARM = "#222222", "#666666", "#DDDDDD", "#A02020"

RC: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "bench",
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.labelsize": 9.5,
    "axes.labelcolor": SOFT,
    "axes.edgecolor": "#AAAAAA",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "xtick.labelsize": 9,
    "ytick.labelsize": 10,
    "xtick.color": "#AAAAAA",
    "xtick.labelcolor": INK,
    "ytick.left": False,
    "text.color": INK,
    "text.parse_math": False,
    "figure.facecolor": "white",
}


@contextmanager
def styled() -> Iterator[None]:
    """Everything drawn and saved inside looks alike, whatever the user's own matplotlib settings."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(RC)
        yield


def look(language: str, *, contest: bool = True) -> Look:
    """The language's own; one that is not listed gets a spare by its name, the same in every plot."""
    if not contest:
        return YARDSTICK
    return LANGUAGES.get(language) or SPARE[zlib.crc32(language.encode()) % len(SPARE)]


def sheet(width: float, height: float, title: str, note: str = "") -> Figure:
    """An empty figure with the finding above and a note on how to read it below, both wrapped to its width."""
    fig = Figure(figsize=(width, height), layout="constrained")
    fig.suptitle(textwrap.fill(title, int(width * 9.6)), x=0.008, ha="left", weight="bold", size=12)
    if note:
        fig.supxlabel(textwrap.fill(note, int(width * 14.5)), x=0.008, ha="left", size=8.5, color=SOFT)
    return fig


def log_axis(
    ax: Axes, values: Sequence[float], text: Callable[[float], str], most: int = 7, axis: str = "x", base: float = 10.0, room: float = 1.25
) -> None:
    """A logarithmic axis over the values with at most `most` labels: at 1, 2, 5 times powers of ten, or at powers of two.

    It ends at `room` times the greatest and the least.
    """
    low, high = min(values, default=1.0) / room, max(values, default=10.0) * room
    ax.set(**{f"{axis}scale": "log", f"{axis}lim": (low, high)})
    side = ax.xaxis if axis == "x" else ax.yaxis
    side.set_major_locator(FixedLocator(_ticks(low, high, most, base) if values else []))
    side.set_major_formatter(FuncFormatter(lambda value, _: short(text(value))))
    side.set_minor_locator(NullLocator())
    side.set_minor_formatter(NullFormatter())
    side.grid(visible=True, color=FAINT, linewidth=0.7)
    ax.set_axisbelow(True)


def _ticks(low: float, high: float, most: int, base: float) -> list[float]:
    found: list[float] = []
    for series in ((1, 2, 5), (1, 3), (1,)) if base == 10 else ((1, 1.5), (1,)):
        found = [m * base**e for e in range(-30, 60) for m in series if low <= m * base**e <= high]
        if len(found) <= most:
            break
    if len(found) < 2:
        found = [float(tick) for tick in MaxNLocator(3, steps=[1, 2, 5, 10]).tick_values(low, high) if low <= tick <= high]
    return found[:: -(-len(found) // most)] if found else [low, high]


def save(fig: Figure, stem: Path) -> list[Path]:
    """Both files. Dates and versions of programs stay out of them, so that a redrawn plot differs only where its data does.

    The canvases are called directly: `savefig` draws every figure twice.
    """
    svg, png = stem.with_name(f"{stem.name}.svg"), stem.with_name(f"{stem.name}.png")
    vector: Any = FigureCanvasSVG(fig)
    vector.print_svg(str(svg), metadata={"Date": None, "Creator": None})
    fig.set_layout_engine("none")
    fig.set_dpi(144)
    raster: Any = FigureCanvasAgg(fig)
    raster.print_png(str(png), metadata={"Software": None})
    return [svg, png]
