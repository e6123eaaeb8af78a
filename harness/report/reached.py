"""Probes -> the highest rate at which each label kept an objective on a case, with what bears it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from harness.highest_rate import HighestRate, result
from harness.model import Run, Session
from harness.pace import judged, written
from harness.report.words import UNKNOWN, clipped, listed, number, seconds, short

ABOUT = (
    "The highest rate of Poisson arrivals, to 2 %, at which MLPerf’s early stopping says with 99 % confidence that 99 % are answered "
    "within the objective, from the instant they were due; confirmed with fresh schedules, whose requests are counted"
)


@dataclass(frozen=True, slots=True)
class Reached:
    """One label on one case under one objective."""

    label: str
    case: str
    objective_ns: int
    found: HighestRate

    @property
    def p99_s(self) -> float | None:
        """The 99th percentile at the highest rate."""
        return None if self.found.p99_ns is None else self.found.p99_ns / 1e9

    @property
    def requests(self) -> str:
        """Of the confirming probes."""
        return f"{self.found.requests:,}" if self.found.highest else UNKNOWN

    @property
    def over(self) -> str:
        """Of those requests."""
        return f"{self.found.over:,}" if self.found.highest else UNKNOWN

    @property
    def confirmed(self) -> str:
        """How many of the confirming probes passed."""
        return f"{self.found.passed} of {self.found.confirming}" if self.found.highest else UNKNOWN


def reached(session: Session, probes: Sequence[Run]) -> list[Reached]:
    """A row a case, objective and label that was searched, in the session's order; the highest first, then who kept it at no rate."""
    order = [case.name for case in session.cases]
    sought = sorted({(run.case, run.objective_ns) for run in probes if run.objective_ns}, key=lambda s: (order.index(s[0]), s[1]))
    return [row for case, ns in sought for row in sorted(_rows(session, probes, case, ns or 0), key=lambda r: -(r.found.highest or 0))]


def _rows(session: Session, probes: Sequence[Run], case: str, objective_ns: int) -> Iterable[Reached]:
    rate = next(c.params.get("rate") for c in session.cases if c.name == case)
    for label in session.labels:
        mine = [run for run in probes if (run.case, run.objective_ns, run.label) == (case, objective_ns, label)]
        if mine:
            guess = float(rate) if isinstance(rate, int | float) else 1.0
            yield Reached(label, case, objective_ns, result([judged(run, objective_ns) for run in mine], guess))


def told(rows: Sequence[Reached]) -> list[str]:
    """The answer in words, a case and objective each: at which rate each label still kept it."""
    return [f"{case}: {_sentence(ns, list(mine))}" for (case, ns), mine in groupby(rows, key=lambda row: (row.case, row.objective_ns))]


def _sentence(objective_ns: int, rows: Sequence[Reached]) -> str:
    did = [f"{row.label} {number(row.found.highest)}" for row in rows if row.found.highest]
    never = [row.label for row in rows if row.found.settled and not row.found.highest]
    within = short(seconds(objective_ns / 1e9))
    said = [f"highest rate a second at which 99 % are answered within {within}: {', '.join(did)}"] if did else []
    said += [f"{listed(never)} did not keep {within} at any rate that was tried"] if never else []
    off = [row.label for row in rows if not row.found.settled]
    again = f"bench run --resume DIR --highest-rate {written(objective_ns)}"
    said += [f"the search of {listed(off)} was broken off: {again}"] if off else []
    return "; ".join(said) + "."


def details(rows: Sequence[Reached]) -> list[tuple[str, list[str]]]:
    """What bears it, in lines under a heading, a case and objective each."""
    grouped = groupby(rows, key=lambda row: (row.case, row.objective_ns))
    return [(f"{case}, 99 % within {short(seconds(ns / 1e9))}", list(map(_detail, mine))) for (case, ns), mine in grouped]


def _detail(row: Reached) -> str:
    found, said = row.found, list[str]()
    if found.highest:
        p99 = f", p99 {seconds(row.p99_s)}" if row.p99_s is not None else ""
        said.append(f"{number(found.highest)} a second{p99}, {row.over} of {row.requests} took longer in {row.confirmed} that passed")
    if found.below:
        said.append(f"failed at {number(found.below)} ({clipped(found.why or UNKNOWN, 120)})")
    return f"{row.label}: {'; '.join([*said, f'{found.probes} probes'])}"
