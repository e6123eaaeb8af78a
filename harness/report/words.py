"""Figures -> text, the same wherever they are shown: three significant digits, an interval beside its centre, never an exponent."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from harness.model import Comparison, Summary
from harness.report.findings import Row

UNKNOWN = "–"


def number(value: float | None) -> str:
    """Three significant digits: 0.0123, 1.23, 12.3, 123, 1,234."""
    if value is None:
        return UNKNOWN
    if value == 0:
        return "0"
    digits = 2 - math.floor(math.log10(abs(float(f"{value:.3g}"))))
    return f"{value:,.{max(0, digits)}f}"


def seconds(value: float | None) -> str:
    """With the unit that fits: 12.3 ms, 1.23 s."""
    if value is None:
        return UNKNOWN
    for unit, scale in (("s", 1.0), ("ms", 1e-3)):
        if value >= scale:
            return f"{number(value / scale)} {unit}"
    return f"{number(value / 1e-6)} µs"


def size(value: float | None) -> str:
    """Bytes in MiB, or GiB from 1,000 MiB on."""
    if value is None:
        return UNKNOWN
    mib = value / (1 << 20)
    return f"{number(mib)} MiB" if mib < 1000 else f"{number(mib / 1024)} GiB"


def rate(value: float | None) -> str:
    """A count a second, with k, M or G: 12.3 M."""
    if value is None:
        return UNKNOWN
    for letter, scale in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= scale:
            return f"{number(value / scale)} {letter}"
    return number(value)


def percent(value: float | None, digits: int = 1) -> str:
    """A relative difference: 5 %, 0.5 %, 12.3 %."""
    return UNKNOWN if value is None else f"{value * 100:.{digits}f}".removesuffix(".0") + " %"


def span(figure: Summary | Comparison | None, between: str = "–", scale: float = 1.0) -> str:
    """The interval alone, or nothing where there is none."""
    if figure is None or figure.low is None or figure.high is None:
        return ""
    return f"{number(figure.low / scale)}{between}{number(figure.high / scale)}"


def with_interval(figure: Summary | Comparison | None, between: str = "–", scale: float = 1.0) -> str:
    """A centre and its interval: 1.23 (1.20–1.26)."""
    if figure is None:
        return UNKNOWN
    centre = figure.ratio if isinstance(figure, Comparison) else figure.centre
    interval = span(figure, between, scale)
    return f"{number(centre / scale)} ({interval})" if interval else number(centre / scale)


def short(text: str) -> str:
    """Without the zeros that only show precision, for the labels of an axis: 10.0 ms gives 10 ms."""
    return re.sub(r"\.0+(?=\D|$)|(\.\d*?[1-9])0+(?=\D|$)", r"\1", text)


def clipped(text: str, most: int) -> str:
    """At most so many characters, cut between words where that is near, with a mark where some are missing."""
    if len(text) <= most:
        return text
    kept = text[: most - 1]
    return f"{(kept[: kept.rfind(' ')] if kept.rfind(' ') > most // 2 else kept).rstrip(' ,;(')}…"


def listed(names: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def label(row: Row) -> str:
    """The name with what a comparison must say of it: its track, and the language of its hot path where that is another."""
    said = [row.track or "", f"{row.inside} inside" if row.inside else ""]
    return f"{row.name} ({', '.join(filter(None, said))})" if any(said) else row.name
