"""Session and Runs -> a folder of figures: each as SVG, PNG, and its data as CSV, one set a case; the same data, the same bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from harness.model import Run, Session
from harness.report import frames, plot_builds, plot_memory, plot_overview, plot_percentiles, plot_questions, plot_strips, style
from harness.report.findings import findings

PLOTS = {
    "overview": plot_overview.draw,
    "steps": plot_questions.draw,
    "throughput": plot_strips.throughput,
    "memory": plot_memory.draw,
    "peak": plot_strips.peak,
    "phases": plot_strips.phases,
}


def draw(session: Session, runs: Sequence[Run], folder: Path) -> list[Path]:
    """Draw all there is to draw into `folder`; the files made. OSError where it can't be written."""
    folder.mkdir(parents=True, exist_ok=True)
    made: list[Path] = []
    with style.styled():
        for found in findings(session, runs):
            for name, plot in PLOTS.items():
                stem = folder / f"{name}-{_plain(found.title)}"
                fig, data = plot(session, found)
                made += [*style.save(fig, stem), _csv(data, stem)]
            if plot_percentiles.borne(found):
                fig, data = plot_percentiles.draw(session, found)
                stem = folder / f"percentiles-{_plain(found.title)}"
                made += [*style.save(fig, stem), _csv(data, stem)]
            made.append(_csv(frames.pauses(plot_memory.chosen(found)), folder / f"pauses-{_plain(found.title)}"))
        fig, data = plot_builds.draw(session, frozenset(r.implementation for r in runs if not r.contest))
        made += [*style.save(fig, folder / "builds"), _csv(data, folder / "builds")]
    return made


def _csv(data: pl.DataFrame, stem: Path) -> Path:
    path = stem.with_name(f"{stem.name}.csv")
    data.write_csv(path)
    return path


def _plain(case: str) -> str:
    """A case's name as part of a file's: `1e6[k=10,na=5]` gives `1e6-k=10-na=5`."""
    return re.sub(r"[^\w.=-]+", "-", case).strip("-")
