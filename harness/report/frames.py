"""Runs -> polars frames: the data behind the plots, tidy, a row an observation, written as CSV beside each figure.

Only runs that pass the validity gate give figures; what failed is a row of `outcomes`, never a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

import polars as pl

from harness import stats
from harness.model import Run, Session
from harness.report.findings import Findings, Row

Schema = Mapping[str, type[pl.DataType]]
WHO: Schema = {"implementation": pl.String, "language": pl.String, "contest": pl.Boolean}


def _frame(rows: Iterable[tuple[object, ...]], schema: Schema) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=dict(schema), orient="row")


def _who(row: Row) -> tuple[object, ...]:
    return row.name, row.language, row.contest


def samples(found: Findings) -> pl.DataFrame:
    """Every pass of every step, warm-ups marked."""
    columns: Schema = {
        "block": pl.Int64,
        "step": pl.String,
        "pass": pl.Int64,
        "warmup": pl.Boolean,
        "seconds": pl.Float64,
        "units": pl.Int64,
    }
    return _frame(
        (
            (*_who(row), run.block, s.step, s.number, s.warmup, s.wall_ns / 1e9, s.units)
            for row in found.rows
            for run in row.runs
            if stats.counts(run)
            for s in run.samples
        ),
        {**WHO, **columns},
    )


def figures(found: Findings, names: Sequence[str]) -> pl.DataFrame:
    """One figure a block and name, in long form."""
    return _frame(
        ((*_who(row), name, block, value) for row in found.rows for name in names for block, value in sorted(row.blocks[name].items())),
        {**WHO, "figure": pl.String, "block": pl.Int64, "value": pl.Float64},
    )


def summaries(found: Findings, names: Sequence[str]) -> pl.DataFrame:
    """Centre and interval of each figure; a row for those without one too, with why."""
    columns: Schema = {
        "figure": pl.String,
        "centre": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "n": pl.Int64,
        "not_ranked": pl.String,
    }
    rows: list[tuple[object, ...]] = []
    for row in found.rows:
        for name in names:
            s = row.figures.get(name)
            rows.append((*_who(row), name, *((s.centre, s.low, s.high, s.n) if s else (None, None, None, 0)), row.why))
    return _frame(rows, {**WHO, **columns})


def memory(shown: Mapping[str, Run]) -> pl.DataFrame:
    """Anonymous memory against time, of one run an implementation."""
    return _frame(
        (
            (name, run.block, run.outcome, at / 1e9, value)
            for name, run in shown.items()
            for at, value in zip(run.memory.at_ns, run.memory.anon_bytes, strict=True)
        ),
        {"implementation": pl.String, "block": pl.Int64, "outcome": pl.String, "at_s": pl.Float64, "anon_bytes": pl.Int64},
    )


def pauses(shown: Mapping[str, Run]) -> pl.DataFrame:
    """The collector's pauses of the same runs, on the same clock."""
    return _frame(
        (
            (name, run.block, (span.start_ns - run.start_ns) / 1e9, span.wall_ns / 1e9, span.kind)
            for name, run in shown.items()
            if run.pauses and run.start_ns is not None
            for span in sorted(run.pauses.events, key=lambda s: s.start_ns)
        ),
        {"implementation": pl.String, "block": pl.Int64, "at_s": pl.Float64, "seconds": pl.Float64, "kind": pl.String},
    )


def _clean(seconds: Sequence[float]) -> tuple[float | None, int, str | None]:
    """The median of the builds from nothing, how many there were, and each, in the order made."""
    return (median(seconds), len(seconds), ";".join(map(repr, seconds))) if seconds else (None, 0, None)


def builds(session: Session) -> pl.DataFrame:
    """What making each implementation ready took; one that failed or has no record is a row too."""
    found = {b.implementation: b for b in session.builds}
    columns: Schema = {
        "outcome": pl.String,
        "seconds": pl.Float64,
        "clean_seconds": pl.Float64,
        "clean_builds": pl.Int64,
        "clean_each": pl.String,
        "image_bytes": pl.Int64,
        "artifact_bytes": pl.Int64,
    }
    return _frame(
        (
            (
                name,
                name.partition("/")[0],
                *((b.outcome, b.seconds, *_clean(b.clean_seconds), b.image_bytes, b.artifact_bytes) if b else (None,) * 7),
            )
            for name in session.implementations
            for b in (found.get(name),)
        ),
        {"implementation": pl.String, "language": pl.String, **columns},
    )
