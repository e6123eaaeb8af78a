"""Findings -> one JSON object for scripts: the terminal's figures as raw numbers, units in their names, null where unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from harness import stats
from harness.model import Build, Comparison, Run, Session, Summary
from harness.report.findings import Findings, Row, findings, measures
from harness.report.headline import headline
from harness.report.held import held
from harness.report.reached import reached


def as_json(session: Session, runs: Sequence[Run], probes: Sequence[Run] = ()) -> dict[str, Any]:
    """Everything that `render` prints."""
    cases = findings(session, runs)
    return {
        "session": session.id,
        "workload": session.workload,
        "question": session.question,
        "headline": headline(session, runs, cases),
        "engine": session.engine,
        "isolation": session.isolation,
        "threads": list(session.threads),
        "seed": session.seed,
        "blocks": session.blocks,
        "jobs": len(session.jobs),
        "jobs_recorded": len(runs),
        "confidence": stats.CONFIDENCE,
        "noise_floor": {figure: floor for found in cases[:1] for figure, floor in found.floors.items()},
        "cases": [_case(session, found) for found in cases],
        "failures": [_failure(run) for run in runs if run.outcome != "ok"],
        "memory_floor": [asdict(row) for row in held(session, probes)],
        "highest_rate": [asdict(row) for row in reached(session, probes)],
        "suspect": [{"job": run.job, "suspicions": list(run.suspect)} for run in runs if run.suspect],
    }


def _case(session: Session, found: Findings) -> dict[str, Any]:
    order, rivals = found.ranking.order, found.ranking.rivals
    return {
        "case": found.case.name,
        "threads": found.threads,
        "params": dict(found.case.params),
        "unit": session.unit,
        "units": found.units,
        "fastest": order[0] if len(order) > 1 and not rivals else None,
        "not_told_apart": [order[0], *rivals] if rivals else [],
        "ranked": list(order),
        "implementations": [_row(session, found, row) for row in found.rows],
    }


def _row(session: Session, found: Findings, row: Row) -> dict[str, Any]:
    build = next((b for b in session.builds if b.implementation == row.name), None)
    return {
        "implementation": row.name,
        "language": row.language,
        "track": row.track,
        "contest": row.contest,
        "inside": row.inside or None,
        "not_ranked_because": row.why,
        "lacks": list(row.lacks),
        "outcomes": dict(row.outcomes),
        **{name: _summary(row.figures.get(name)) for name in measures(found.steps)},
        "ratio_to_fastest": _ratio(row.ratio, found.ranking.floor),
        **asdict(row.interruptions),
        **_build(build),
    }


def _summary(figure: Summary | None) -> dict[str, Any] | None:
    return None if figure is None else {"centre": figure.centre, "low": figure.low, "high": figure.high, "n": figure.n}


def _ratio(ratio: Comparison | None, floor: float) -> dict[str, Any] | None:
    if ratio is None:
        return None
    return {
        "base": ratio.base,
        "ratio": ratio.ratio,
        "low": ratio.low,
        "high": ratio.high,
        "n": ratio.n,
        "standing": stats.standing(ratio, floor),
    }


def _build(build: Build | None) -> dict[str, Any]:
    return {
        "build_outcome": build.outcome if build else None,
        "build_s": build.seconds if build else None,
        "clean_build_s": list(build.clean_seconds) if build else [],
        "image_bytes": build.image_bytes if build else None,
        "artifact_bytes": build.artifact_bytes if build else None,
    }


def _failure(run: Run) -> dict[str, Any]:
    return {"job": run.job, "kind": run.kind, "implementation": run.implementation, "label": run.label, "case": run.case,
            "block": run.block,
            "outcome": run.outcome, "reason": run.reason}  # fmt: skip
