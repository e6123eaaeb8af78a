"""Findings of a session's cases -> loads: cases under open arrivals that differ only in how much was offered, a curve an implementation.

What was offered, and of which arrivals, is told by the records; what is alike, by the cases' parameters. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from harness import stats
from harness.model import Latency, Summary
from harness.report.findings import Findings, Row

OFFER = ("rate", "share")
"""The parameters of traffic that say how much is offered, and those that say for how long."""
DURATION = ("seconds", "warmup_seconds")
STEADY = {"constant", "poisson"}
SHORT = 0.95
"""Saturated is who answers less than this part of what is offered; arrivals at random vary by a percent or two."""


@dataclass(frozen=True, slots=True)
class Point:
    """An implementation at one load; `case` is the one with that load."""

    case: str
    offered: float
    answered: Summary | None
    p50: Summary | None
    p99: Summary | None

    @property
    def saturated(self) -> bool:
        """Whether it answered less than was offered, beyond chance."""
        return self.answered is not None and self.answered.centre < SHORT * self.offered


@dataclass(frozen=True, slots=True)
class Load:
    """One curve an implementation. `name` tells it from the session's others; `closed` is the capacity at the same parameters."""

    name: str
    cases: tuple[Findings, ...]
    closed: Findings | None

    @property
    def rows(self) -> tuple[Row, ...]:
        """Of each implementation the first row, contestants first, by capacity where that was measured."""
        found: dict[str, Row] = {}
        for one in (*([self.closed] if self.closed else []), *self.cases):
            found |= {row.name: row for row in one.rows if row.name not in found}
        asked = {row.name for case in self.cases for row in case.rows}
        return tuple(sorted((row for row in found.values() if row.name in asked), key=lambda row: not row.contest))

    def points(self, name: str) -> list[Point]:
        """Of one implementation, by what was offered."""
        found = (_point(case, row) for case in self.cases for row in case.rows if row.name == name)
        return sorted((point for point in found if point), key=lambda point: point.offered)

    def fates(self, name: str) -> list[str]:
        """Why it has no point, a word or two a case."""
        return [row.fate or "not measured" for case in self.cases for row in case.rows if row.name == name and not _point(case, row)]


def phases(row: Row) -> list[Latency]:
    """The steady phases under load of its runs that count."""
    return [s.latency for run in row.runs if stats.counts(run) for s in run.samples if s.latency and not s.warmup]


def arrivals(found: Findings) -> set[str]:
    """How requests came, over all implementations of a case; nothing where none was under load."""
    return {one.arrivals for row in found.rows for one in phases(row)}


def loads(found: Sequence[Findings]) -> tuple[Load, ...]:
    """Every set of cases that bears a curve: one implementation at least has two points."""
    alike: dict[object, list[Findings]] = {}
    for one in found:
        kinds = arrivals(one)
        if kinds and kinds <= STEADY:
            alike.setdefault((one.threads, one.steps, _rest(one, OFFER)), []).append(one)
    made = [Load("", tuple(cases), _closed(found, cases[0])) for cases in alike.values()]
    borne = [load for load in made if any(len(load.points(row.name)) > 1 for row in load.rows)]
    return tuple(replace(load, name=name) for load, name in zip(borne, _names(borne), strict=True))


def _rest(found: Findings, without: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key, repr(value)) for key, value in found.case.params.items() if key not in without))


def _closed(found: Sequence[Findings], like: Findings) -> Findings | None:
    """The first case of a closed loop with the same parameters, for however long."""
    own = _rest(like, (*OFFER, *DURATION))
    there = (f for f in found if f.threads == like.threads and arrivals(f) == {"closed"})
    return next((f for f in there if _rest(f, (*OFFER, *DURATION)) == own), None)


def _point(found: Findings, row: Row) -> Point | None:
    rates = [one.rate for one in phases(row) if one.rate is not None]
    p50, p99 = (row.figures.get(name) for name in ("response_p50_s", "response_p99_s"))
    if not rates or not (p50 or p99):
        return None
    return Point(found.case.name, fmean(rates), row.figures.get("units_per_s"), p50, p99)


def _names(given: Sequence[Load]) -> list[str]:
    """By the parameters in which they differ; by their steps where those do not tell."""
    facts = [_facts(load.cases[0]) for load in given]
    telling = [key for key in {key: None for one in facts for key in one} if len({one.get(key) for one in facts}) > 1]
    names = [", ".join(f"{key} {one[key]}" for key in telling if key in one) for one in facts]
    if len(set(names)) == len(names):
        return names
    return [", ".join(filter(None, (name, *load.cases[0].steps))) for name, load in zip(names, given, strict=True)]


def _facts(found: Findings) -> Mapping[str, str]:
    params = {key: f"{value:,}" if isinstance(value, int) else str(value) for key, value in found.case.params.items() if key not in OFFER}
    return {**params, "threads": str(found.threads)}
