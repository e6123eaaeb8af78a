"""The README's picture: one figure of each of several sessions, one under the other; the figures are those that `bench plot` draws.

.venv/bin/python scripts/picture.py OUT.png SESSION/CASE ...    e.g. results/published/groupby/1e6
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PIL import Image

from harness import store
from harness.report import plot_overview, style
from harness.report.findings import findings


def drawn(session: Path, case: str, folder: Path) -> Image.Image:
    """The overview of a case at one thread."""
    made, (runs, _) = store.read_session(session), store.read_runs(session)
    found = next(f for f in findings(made, runs) if f.case.name == case and f.threads == 1)
    with style.styled():
        fig, _ = plot_overview.draw(made, found)
        *_, png = style.save(fig, folder / f"{made.workload}-{case}")
    return Image.open(png).convert("RGB")


def stacked(images: list[Image.Image]) -> Image.Image:
    """One under the other, on white, as wide as the widest."""
    sheet = Image.new("RGB", (max(i.width for i in images), sum(i.height for i in images)), "white")
    top = 0
    for image in images:
        sheet.paste(image, (0, top))
        top += image.height
    return sheet


def main(out: str, *wanted: str) -> None:
    """Draws `SESSION/CASE` after `SESSION/CASE`."""
    with tempfile.TemporaryDirectory() as folder:
        parts = [Path(w) for w in wanted]
        stacked([drawn(p.parent, p.name, Path(folder)) for p in parts]).quantize(64).save(out, optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
