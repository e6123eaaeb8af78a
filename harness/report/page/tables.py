"""Findings -> the page's tables of results: each cell as text and, where it can be sorted by number, as that number."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from harness import stats
from harness.report.findings import Findings, Row
from harness.report.words import UNKNOWN, number, rate, with_interval


@dataclass(frozen=True, slots=True)
class Cell:
    """`value` is what it is sorted by, None where the text serves; `heat` 0 to 4 says how far from the best of its column."""

    text: str
    value: float | None = None
    heat: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table, with what it is filtered by."""

    name: str
    note: str
    language: str
    track: str
    cells: tuple[Cell, ...]


_MIB = float(1 << 20)


def _centre(figure: str, scale: float = 1.0, text: Callable[[float | None], str] = number) -> Callable[[Row], Cell]:
    def cell(row: Row) -> Cell:
        found = row.figures.get(figure)
        value = found.centre / scale if found else None
        return Cell(text(value), value)

    return cell


def _held(value: float | None, scale: float) -> Cell:
    return Cell(number(None if value is None else value / scale), None if value is None else value / scale)


def _total(scale: float) -> Callable[[Row], Cell]:
    def cell(row: Row) -> Cell:
        found = row.figures.get("total_s")
        return Cell(with_interval(found, scale=scale), found.centre) if found else Cell(row.fate or UNKNOWN)

    return cell


_SOMETIMES = (
    ("first_answer_s", "first answer s", _centre("first_answer_s")),
    ("query_p90_s", "query p90 ms", _centre("query_p90_s", 1e-3)),
)
"""Figures that few workloads tell of."""


def results(found: Findings, unit: str) -> tuple[list[str], list[Line]]:
    """One case: a line an implementation."""
    first = found.ranking.order[0] if found.ranking.order else None

    def ratio(row: Row) -> Cell:
        return Cell("1", 1.0) if row.name == first else Cell(with_interval(row.ratio), row.ratio.ratio if row.ratio else None)

    scale, total, first_total = (1e-6, "a request µs (95 %)", "first µs") if found.served else (1.0, "total s (95 %)", "first total s")
    columns: tuple[tuple[str, Callable[[Row], Cell]], ...] = (
        (total, _total(scale)),
        ("times the fastest (95 %)", ratio),
        (first_total, _centre("first_total_s", scale)),
        ("load s", _centre("load_s")),
        ("start-up s", _centre("ready_s")),
        *((text, cell) for figure, text, cell in _SOMETIMES if any(figure in row.figures for row in found.rows)),
        (f"{unit}s a second", _centre("units_per_s", text=rate)),
        ("peak MiB", _centre("anon_peak_bytes", _MIB)),
        ("pauses a job", lambda r: _held(r.interruptions.pauses, 1.0)),
        ("longest pause ms", lambda r: _held(r.interruptions.longest_pause_ns, 1e6)),
        ("longest stall ms", lambda r: _held(r.interruptions.longest_stall_ns, 1e6)),
        ("control stall ms", lambda r: _held(r.interruptions.control_stall_ns, 1e6)),
    )
    lines = [line(row, [cell(row) for _, cell in columns]) for row in found.rows]
    return [text for text, _ in columns], lines


def line(row: Row, cells: Sequence[Cell]) -> Line:
    """The cells of an implementation with its name, and what a reader must know of it."""
    said = [row.track or "", f"{row.inside} inside" if row.inside else "", "" if row.contest else "outside the contest", row.why or ""]
    return Line(row.name, ", ".join(filter(None, said)), row.language, row.track or "", tuple(cells))


def steps(found: Findings) -> tuple[list[str], list[Line]]:
    """One case: seconds a step, geometric means over the blocks, shaded by their distance from the step's best contestant."""
    means = {row.name: _step_means(row) for row in found.rows}
    best: dict[str, float] = {}
    for row in found.rows:
        if row.contest and not row.why:
            for step, value in means[row.name].items():
                best[step] = min(best.get(step, value), value)
    lines = [line(row, [_step_cell(means[row.name].get(step), best.get(step)) for step in found.steps]) for row in found.rows]
    return list(found.steps), lines


def _step_means(row: Row) -> dict[str, float]:
    """Step -> the geometric mean over the blocks of a block's mean steady pass, in seconds."""
    logs: dict[str, list[float]] = {}
    for run in row.runs:
        if not stats.counts(run):
            continue
        passes: dict[str, list[int]] = {}
        for s in run.samples:
            if not s.warmup:
                passes.setdefault(s.step, []).append(s.wall_ns)
        for step, found in passes.items():
            if (total := sum(found)) > 0:
                logs.setdefault(step, []).append(math.log(total / len(found) / 1e9))
    return {step: math.exp(fmean(values)) for step, values in logs.items()}


def _step_cell(value: float | None, best: float | None) -> Cell:
    if value is None:
        return Cell(UNKNOWN)
    heat = None if not best else min(4, max(0, math.floor(math.log2(value / best) + 0.5)))
    return Cell(number(value), value, heat)


def phases(found: Findings) -> tuple[list[str], list[Line]]:
    """One case: the share of each phase that a step tells of in its steady passes, median over the runs; no line of none."""
    told = ("load", *found.steps)
    shares = {(row.name, step): _shares(row, step) for row in found.rows for step in told}
    names = list(dict.fromkeys(name for parts in shares.values() for name in parts))
    lines = [
        line(row, [Cell(step), *(_share_cell(shares[row.name, step].get(name)) for name in names)])
        for row in found.rows
        for step in told
        if shares[row.name, step]
    ]
    return ["step", *names], lines


def _shares(row: Row, step: str) -> dict[str, float]:
    seen: dict[str, list[float]] = {}
    for run in filter(stats.counts, row.runs):
        steady = [s for s in run.samples if s.step == step and not s.warmup]
        wall = sum(s.wall_ns for s in steady)
        for name in dict.fromkeys(name for s in steady for name in s.phases):
            seen.setdefault(name, []).append(sum(s.phases.get(name, 0) for s in steady) / wall if wall else 0.0)
    return {name: median(values) for name, values in seen.items()}


def _share_cell(share: float | None) -> Cell:
    return Cell(UNKNOWN) if share is None else Cell(f"{share * 100:.0f} %", share)
