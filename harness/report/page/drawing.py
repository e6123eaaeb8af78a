"""A matplotlib figure -> an SVG for the page: small, with ids of its own, and in colours that the style sheet may change.

What matplotlib writes has an id on every group and a style on every dot. Here ids that nothing refers to go, the others are named
after the figure, numbers keep two digits (a fiftieth of a point), and equal styles share one class, so that the page needs no inline
style and may forbid it. The file beside the Markdown stays as matplotlib wrote it: it must stand alone.
"""

from __future__ import annotations

import io
import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from markupsafe import Markup
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from harness.report import style
from harness.report.page.text import clean

SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
WIDTHS = (8, 10, 12)
"""Classes of width in inches: below the natural width a figure scrolls rather than shrinks beyond reading."""
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_LETTER = re.compile(r"\s*([MLQCz])\s*")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_FONT = re.compile(r"font-family: [^;]*;? ?")

COLOURS = {
    "#ffffff": "paper", style.INK: "ink", style.SOFT: "soft", style.FAINT.lower(): "faint", "#aaaaaa": "edge", "#eeeeee": "shade",
    style.ALARM.lower(): "alarm", style.YARDSTICK.colour.lower(): "yardstick",
    **{look.colour.lower(): language for language, look in style.LANGUAGES.items()},
    **{look.colour.lower(): f"spare{i}" for i, look in enumerate(style.SPARE)},
}  # fmt: skip
"""Colours of the figures -> custom properties of the page, which has a second set of them for dark screens."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure as both renderers take it: what it shows in a sentence, how to read it, the picture, and its data."""

    key: str
    kind: str
    finding: str
    note: str
    wide: int
    svg: Markup
    file: bytes
    csv: bytes


@dataclass(slots=True)
class Styles:
    """Every different style of the page's figures, under a class name."""

    names: dict[str, str] = field(default_factory=dict)

    def name(self, text: str) -> str:
        """The class of that style."""
        return self.names.setdefault(_themed(text), f"s{len(self.names)}")

    def sheet(self) -> str:
        """The rules, for the style sheet."""
        return "\n".join(f".{name}{{{text}}}" for text, name in self.names.items())


def _themed(text: str) -> str:
    text = _FONT.sub("", text)
    for colour, name in COLOURS.items():
        text = text.replace(colour, f"var(--{name})")
    return text


def drawing(key: str, kind: str, draw: Callable[[], tuple[Figure, pl.DataFrame]], styles: Styles) -> Drawing:
    """Draw it, with its title and note taken out: on the page they are text."""
    fig, data = draw()
    finding, note = _said(fig.get_suptitle()), _said(fig.get_supxlabel())
    fig.suptitle("")
    fig.supxlabel("")
    file = _written(fig)
    inches = float(fig.get_figwidth())
    wide = next((w for w in WIDTHS if inches <= w), WIDTHS[-1])
    return Drawing(key, kind, finding, note, wide, _inlined(file, key, finding, styles), file, data.write_csv().encode())


def _said(wrapped: str) -> str:
    return " ".join(wrapped.split())


def _written(fig: Figure) -> bytes:
    out = io.StringIO()
    canvas: Any = FigureCanvasSVG(fig)
    with warnings.catch_warnings():
        # Of names too long for the figure, and letters that the font lacks: in the SVG they are text, and the reader's fonts have them.
        warnings.simplefilter("ignore", UserWarning)
        canvas.print_svg(out, metadata={"Date": None, "Creator": None, "Type": None, "Format": None})
    return clean(out.getvalue()).encode()


def _inlined(file: bytes, key: str, finding: str, styles: Styles) -> Markup:
    root = ET.fromstring(file)  # noqa: S314 - our own, written a line above
    # In the order of the document: matplotlib's own names are digests that differ between versions of Python.
    used = dict.fromkeys(name for element in root.iter() for name in _references(element))
    names = {name: f"{key}-{number}" for number, name in enumerate(used)}
    parts = "".join(_element(child, names, styles) for child in root)
    title = f'<title id="{key}-t">{Markup.escape(clean(finding))}</title>'
    box = _NUMBER.sub(_short, root.get("viewBox", ""))
    return Markup(f'<svg viewBox="{box}" role="img" aria-labelledby="{key}-t" focusable="false">{title}{parts}</svg>')  # noqa: S704


def _references(element: ET.Element) -> Iterator[str]:
    if href := element.get(f"{XLINK}href"):
        yield href.removeprefix("#")
    for value in element.attrib.values():
        yield from _REFERENCE.findall(value)


def _short(found: re.Match[str]) -> str:
    return f"{float(found[0]):.2f}".rstrip("0").rstrip(".")


def _element(element: ET.Element, names: dict[str, str], styles: Styles) -> str:
    """The element as HTML takes it; groups that say nothing are gone, and so is what only a file needs."""
    tag = element.tag.removeprefix(SVG)
    if tag in {"metadata", "style"}:
        return ""
    inner = "".join(_element(child, names, styles) for child in _shown(element))
    attributes = "".join(f' {k}="{Markup.escape(v)}"' for k, v in _attributes(element, names, styles))
    text = str(Markup.escape(element.text)) if tag == "text" and element.text else ""
    if tag in {"g", "defs"} and (not inner or (tag == "g" and not attributes)):
        return inner
    return f"<{tag}{attributes}>{text}{inner}</{tag}>" if inner or text else f"<{tag}{attributes}/>"


def _shown(element: ET.Element) -> list[ET.Element]:
    """Its children without the white ground of figure and axes: the page's own shows through, and the shadow of a scrolling edge."""
    ground = element.get("id", "").startswith(("figure_", "axes_"))
    return [*element][1:] if ground and len(element) and element[0].get("id", "").startswith("patch_") else [*element]


def _attributes(element: ET.Element, names: dict[str, str], styles: Styles) -> Iterator[tuple[str, str]]:
    for key, value in element.attrib.items():
        match key.removeprefix(XLINK):
            case "id":
                if value in names:
                    yield "id", names[value]
            case "href":
                yield "href", f"#{names[value[1:]]}"
            case "style":
                yield "class", styles.name(_REFERENCE.sub(lambda found: f"url(#{names[found[1]]})", value))
            case "fill":  # of a hatch's ground, which alone has its colour outside of a style
                yield "class", styles.name(f"fill: {value}")
            case "transform" if value.startswith("rotate(-0 "):
                continue
            case plain:
                short = _LETTER.sub(r"\1", _NUMBER.sub(_short, value)) if plain == "d" else _NUMBER.sub(_short, value)
                yield plain, _REFERENCE.sub(lambda found: f"url(#{names[found[1]]})", short)
