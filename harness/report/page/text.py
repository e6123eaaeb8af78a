"""Text out of records -> text that is safe to show: visible controls, anchors, Markdown without meaning. What HTML means, Jinja2 escapes.

Whatever a job wrote (stderr, reasons, names) is hostile here: a direction override would reorder what a reader sees, and a control
character may not stand in XML at all. They are shown as their code points rather than dropped, so that nothing written is hidden.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufff9-\uffff]")
_MEANING = re.compile(r"([\\`*_\[\]<>#|~&$])")
_UNSAFE = re.compile(r"[^\w.=@-]+", re.ASCII)

SYMBOLS = {"supported": "✓", "refuted": "✕", "mixed": "◐", "inconclusive": "≈", "not measured": "–"}
"""What stands beside a verdict's word, so that shape and word carry it, and colour only helps."""


def clean(text: str) -> str:
    """The same text with controls, direction marks and lone surrogates written as code points."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def marked(text: object) -> str:
    """One line of Markdown that says just this: nothing in it starts a tag, a link, a table cell or a mention."""
    return _MEANING.sub(r"\\\1", " ".join(clean(str(text)).split()))


def slug(text: str) -> str:
    """The part of it that may stand in an anchor or a file's name."""
    return _UNSAFE.sub("-", text).strip("-.") or "x"


def anchors(prefix: str, names: Iterable[str]) -> dict[str, str]:
    """Name -> an anchor of its own, even where two names differ only in what an anchor can't hold."""
    found: dict[str, str] = {}
    taken = set[str]()
    for name in names:
        if name in found:
            continue
        stem = anchor = f"{prefix}-{slug(name)}"
        number = 2
        while anchor in taken:
            anchor, number = f"{stem}-{number}", number + 1
        taken.add(anchor)
        found[name] = anchor
    return found
