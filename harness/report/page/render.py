"""Content -> HTML in one file, and Markdown with its figures beside it. The words stand in templates/; nothing here knows the world.

The page forbids itself the network: no source is allowed but the one script and the one style sheet, each by its digest, so that even
markup that slipped through could neither run nor load.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness import stats
from harness.model import Cell
from harness.report import words
from harness.report.asked import COUNTED
from harness.report.page import verdicts
from harness.report.page.content import Content, Material, gather
from harness.report.page.text import SYMBOLS, clean, marked, slug
from harness.report.reached import ABOUT


def html(material: Material) -> str:
    """The page as one HTML document that needs nothing else. The same input gives the same text."""
    return _html(gather(material))


def markdown(material: Material) -> str:
    """The same, condensed, in GitHub's Markdown; figures are links into `report/`, where `write` puts them."""
    return _markdown(gather(material))


def write(folder: Path, material: Material, *, put: Callable[[Path, bytes], None]) -> list[Path]:
    """report.html, report.md and report/*.svg, *.csv in `folder`, each by `put`; the files made.

    Figures that an earlier report left in report/ go, for nothing leads to them. OSError where there can be no folder.
    """
    page = gather(material)
    beside = folder / "report"
    beside.mkdir(parents=True, exist_ok=True)
    files = {folder / "report.html": _html(page).encode(), folder / "report.md": _markdown(page).encode()}
    for drawn in page.drawn:
        files |= {beside / f"{drawn.key}.svg": drawn.file, beside / f"{drawn.key}.csv": drawn.csv}
    for path, data in files.items():
        put(path, data)
    for stale in {*beside.glob("*.svg"), *beside.glob("*.csv")} - files.keys():
        stale.unlink()
    return [*files]


def _html(page: Content) -> str:
    env = _environment(_cleaned, escaped=True)
    style, script = Markup(_source(env, "page.css") + page.style), Markup(_source(env, "page.js"))  # noqa: S704 - both are ours
    return env.get_template("page.html.j2").render(
        page=page, style=style, script=script, style_digest=_digest(style), script_digest=_digest(script)
    )


def _markdown(page: Content) -> str:
    return _environment(_plain, escaped=False).get_template("page.md.j2").render(page=page)


def _environment(finalize: Callable[[object], object], *, escaped: bool) -> Environment:
    env = Environment(
        loader=PackageLoader("harness.report.page"), autoescape=escaped,  # noqa: S701 - Markdown has another escape, `_plain`
        finalize=finalize, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    env.filters |= {
        "ratio": verdicts.ratio, "bounds": verdicts.bounds, "number": words.number, "seconds": words.seconds, "size": words.size,
        "percent": words.percent, "link": _link, "slug": slug, "metric": _metric, "p": _p, "symbol": lambda word: SYMBOLS.get(word, "–"),
        "compared": _compared, "sampled": verdicts.sampled, "chance": verdicts.chance, "clipped": words.clipped,
    }  # fmt: skip
    env.globals |= {"about_counts": COUNTED, "policy": stats.FLOOR, "confidence": stats.CONFIDENCE, "few": stats.FEW, "about_rates": ABOUT}
    return env


def _cleaned(value: object) -> object:
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _plain(value: object) -> object:
    return marked(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _source(env: Environment, name: str) -> str:
    """A file of templates/ as it stands; through the loader, for a report reads no files of its own."""
    return env.loader.get_source(env, name)[0] if env.loader else ""


def _digest(text: str) -> Markup:
    """As Content-Security-Policy level 3 wants it: over the element's text to the byte."""
    return Markup("'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'")  # noqa: S704 - base64


def _link(data: bytes) -> Markup:
    return Markup("data:text/csv;base64," + base64.b64encode(data).decode())  # noqa: S704 - base64


def _p(value: float | None) -> str:
    if value is None:
        return words.UNKNOWN
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}" if value < 0.001 else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def _metric(name: str) -> str:
    return stats.METRICS[name].title if name in stats.METRICS else name


def _compared(cell: Cell) -> str:
    against = f" on {cell.contrast.against}" if cell.contrast.against else ""
    return f"{cell.contrast.of} : {cell.contrast.to}{against}"
