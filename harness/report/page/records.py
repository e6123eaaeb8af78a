"""Runs -> the page's lists of records: every run, what failed, and what each label is filtered by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness import stats
from harness.model import Exclusion, Run, Session
from harness.report.findings import FATES, failed_alike

MOST_RUNS = 3000
"""So many runs are listed at most: more would make a page that no one reads and no phone opens. The rest is in the records."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A line of the table of runs; `lost` says why it takes no part."""

    run: Run
    anchor: str
    seconds: float | None
    first: float | None
    lost: tuple[str, ...]


def recorded(runs: Sequence[Run], anchor: Mapping[str, str], exclusions: Sequence[Exclusion]) -> list[Recorded]:
    """Every run in the order of the session, MOST_RUNS of them."""
    why: dict[str, list[str]] = {}
    for excluded in exclusions:
        for job in excluded.jobs:
            why.setdefault(job, []).append(excluded.reason)
    order = sorted(runs, key=lambda run: (run.block, run.position, run.job))[:MOST_RUNS]
    return [
        Recorded(run, anchor[run.job], stats.steady_seconds(run), stats.first_seconds(run), tuple(why.get(run.job, run.suspect)))
        for run in order
    ]


@dataclass(frozen=True, slots=True)
class Failure:
    """What failed alike; `told` is the end of what one of them wrote to standard error."""

    label: str
    case: str
    outcome: str
    reason: str
    runs: tuple[Run, ...]
    told: str


def failures(runs: Sequence[Run], most: int = 2000) -> list[Failure]:
    """One entry for what failed alike, the gravest first."""
    return [
        Failure(name, case, FATES[outcome], reason, tuple(held), next((r.stderr[-most:] for r in held if r.stderr), ""))
        for (outcome, name, case, reason), held in failed_alike(runs)
    ]


def tracks(session: Session, runs: Sequence[Run]) -> dict[str, str]:
    """Label -> track, of those that have run; the second arm's label like its twin's."""
    found = {run.label: run.track for run in runs}
    return {**dict.fromkeys(session.labels, ""), **found}
