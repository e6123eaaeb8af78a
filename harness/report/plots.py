"""Session and Runs -> a folder of figures: each as SVG, PNG, and its data as CSV, one set a case; the same data, the same bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
from matplotlib.figure import Figure

from harness.model import Run, Session
from harness.report import (
    frames,
    plot_builds,
    plot_capacity,
    plot_load,
    plot_memory,
    plot_overview,
    plot_percentiles,
    plot_questions,
    plot_slow,
    plot_strips,
    style,
)
from harness.report.findings import Findings, findings
from harness.report.loads import loads
from harness.report.stretch import Records, unkept

PLOTS = {
    "overview": plot_overview.draw,
    "steps": plot_questions.draw,
    "throughput": plot_strips.throughput,
    "memory": plot_memory.draw,
    "peak": plot_strips.peak,
    "phases": plot_strips.phases,
}


def draw(session: Session, runs: Sequence[Run], folder: Path, records: Records = unkept) -> list[Path]:
    """Draw all there is to draw into `folder`; the files made. OSError where it can't be written."""
    folder.mkdir(parents=True, exist_ok=True)
    made: list[Path] = []
    found = findings(session, runs)
    with style.styled():
        for one in found:
            for name, (fig, data) in _of_case(session, one, records):
                stem = folder / f"{name}-{_plain(one.title)}"
                made += [*style.save(fig, stem), _csv(data, stem)]
            made.append(_csv(frames.pauses(plot_memory.chosen(one)), folder / f"pauses-{_plain(one.title)}"))
        for load in loads(found):
            fig, data = plot_load.draw(session, load)
            stem = folder / "-".join(filter(None, ("load", _plain(load.name))))
            made += [*style.save(fig, stem), _csv(data, stem)]
        fig, data = plot_builds.draw(session, frozenset(r.implementation for r in runs if not r.contest))
        made += [*style.save(fig, folder / "builds"), _csv(data, folder / "builds")]
    return made


def _of_case(session: Session, found: Findings, records: Records) -> Iterator[tuple[str, tuple[Figure, pl.DataFrame]]]:
    for name, plot in PLOTS.items():
        yield name, plot(session, found)
    if plot_percentiles.borne(found):
        yield "percentiles", plot_percentiles.draw(session, found)
    if plot_capacity.borne(found):
        yield "capacity", plot_capacity.draw(session, found)
    if shown := plot_slow.borne(found, records):
        yield "slow", plot_slow.draw(session, found, shown)


def _csv(data: pl.DataFrame, stem: Path) -> Path:
    path = stem.with_name(f"{stem.name}.csv")
    data.write_csv(path)
    return path


def _plain(case: str) -> str:
    """A case's name as part of a file's: `1e6[k=10,na=5]` gives `1e6-k=10-na=5`."""
    return re.sub(r"[^\w.=-]+", "-", case).strip("-")
