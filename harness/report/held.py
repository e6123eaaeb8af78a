"""Probes -> the least memory limit under which each label still did a case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.memory_floor import MemoryFloor, Try, result
from harness.model import Run, Session
from harness.report.words import listed, size


@dataclass(frozen=True, slots=True)
class Held:
    """One label on one case; `peak` is the most anonymous memory that it took under the least limit that passed."""

    label: str
    case: str
    floor: MemoryFloor
    peak: int | None
    input_bytes: int | None


def held(session: Session, probes: Sequence[Run]) -> list[Held]:
    """A row a label and case that was searched, in the session's order; of a case the least first, then what never passed."""
    rows = [
        _held(session, case.name, label, case.memory_bytes, mine)
        for case in session.cases
        for label in session.labels
        if (mine := [run for run in probes if run.case == case.name and run.label == label and run.objective_ns is None])
    ]
    order = [case.name for case in session.cases]
    return sorted(rows, key=lambda row: (order.index(row.case), row.floor.least or 1 << 62))


def _held(session: Session, case: str, label: str, most: int, runs: Sequence[Run]) -> Held:
    tries = [Try(run.limits.memory_bytes, run.outcome) for run in runs]
    found = result(tries, tries[0].limit, most)
    peaks = [run.anon_peak_bytes for run in runs if run.limits.memory_bytes == found.least and run.anon_peak_bytes is not None]
    size = next((data.input_bytes for data in session.datasets if data.case == case), None)
    return Held(label, case, found, max(peaks, default=None), size)


def sentences(rows: Sequence[Held]) -> list[str]:
    """The answer in words, a case each: who did with least, and what each of the others took."""
    return [f"{case}: {_sentence([row for row in rows if row.case == case])}" for case in dict.fromkeys(row.case for row in rows)]


def _sentence(rows: Sequence[Held]) -> str:
    did = [f"{row.label} {size(row.floor.least)}" for row in rows if row.floor.least]
    never = [row.label for row in rows if not row.floor.least]
    said = [f"least memory limit that a pass can do with: {', '.join(did)}"] if did else []
    said += [f"{listed(never)} ended well under no limit that was tried"] if never else []
    said += ["a search was broken off: bench run --resume DIR --memory-floor"] if not all(row.floor.settled for row in rows) else []
    return "; ".join(said) + "."
