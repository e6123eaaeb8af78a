"""Judgement -> what the page tells of each claim: the cell that decides, every cell with its bar, and the records behind it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.model import Cell, Judgement, Verdict
from harness.report.asked import asked, counted
from harness.report.words import UNKNOWN, number, short, with_interval

BAR = 100.0
"""Width of a bar's axis, in its own units."""
FAR = 4.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A cell's interval on the logarithmic axis that all cells of the claim share: positions from 0 to BAR."""

    at: float
    low: float | None
    high: float | None
    floor_low: float
    floor_high: float
    one: float
    bounds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A cell as a row, with what it is filtered by."""

    cell: Cell
    anchor: str
    bar: Bar | None
    languages: str
    tracks: str


@dataclass(frozen=True, slots=True)
class Told:
    """A verdict with its rows; `decides` is the cell that the word hangs on."""

    verdict: Verdict
    anchor: str
    evidence: tuple[Evidence, ...]
    overall: Evidence | None
    decides: Cell | None
    languages: str
    tracks: str
    workloads: str

    @property
    def measured(self) -> int:
        """How many cells have a ratio."""
        return sum(e.cell.comparison is not None for e in self.evidence)

    @property
    def asked(self) -> str:
        """The least that it is judged on."""
        return asked(self.verdict.claim)

    @property
    def counted(self) -> bool:
        """Whether it rests on counts alone."""
        return counted(self.verdict)

    @property
    def p(self) -> float | None:
        """Its p; None where it rests on counts alone, for those have no chance in them."""
        return None if self.counted else self.verdict.p

    @property
    def adjusted(self) -> float | None:
        """The same after Holm."""
        return None if self.counted else self.verdict.adjusted


def told(judgement: Judgement, track: Mapping[str, str]) -> list[Told]:
    """Every verdict, in the registry's order."""
    return [_told(verdict, track) for verdict in judgement.verdicts]


def _told(verdict: Verdict, track: Mapping[str, str]) -> Told:
    anchor = f"claim-{verdict.claim.id}"
    axis = _axis([*verdict.cells, *([verdict.overall] if verdict.overall else [])])
    rows = [_evidence(cell, f"{anchor}-{number}", axis, track) for number, cell in enumerate(verdict.cells, 1)]
    overall = _evidence(verdict.overall, f"{anchor}-all", axis, track) if verdict.overall else None
    labels = [name for c in verdict.claim.contrasts for name in (c.of, c.to)]
    return Told(
        verdict, anchor, tuple(rows), overall, verdict.overall or _decides(verdict), _languages(labels), _tracks(labels, track),
        " ".join(sorted({c.workload for c in verdict.claim.contrasts})),
    )  # fmt: skip


def _decides(verdict: Verdict) -> Cell | None:
    """The weakest of the cells that bear the word: of decided ones the one with the largest p, else the first that is open."""
    alike = [c for c in verdict.cells if c.comparison and verdict.word in {c.word, "mixed"}]
    return max(alike, key=lambda c: -1.0 if c.p is None else c.p, default=next((c for c in verdict.cells if c.comparison), None))


def _languages(labels: Sequence[str]) -> str:
    return " ".join(sorted({name.partition("/")[0] for name in labels}))


def _tracks(labels: Sequence[str], track: Mapping[str, str]) -> str:
    return " ".join(sorted({track.get(name, "") for name in labels} - {""}))


def _evidence(cell: Cell, anchor: str, axis: tuple[float, float], track: Mapping[str, str]) -> Evidence:
    labels = (cell.contrast.of, cell.contrast.to)
    return Evidence(cell, anchor, _bar(cell, axis), _languages(labels), _tracks(labels, track))


def _axis(cells: Sequence[Cell]) -> tuple[float, float]:
    """The ends of the claim's axis, as logarithms, with room on both sides."""
    ends = [0.0]
    for cell in cells:
        if (r := cell.comparison) and r.ratio > 0:
            ends += [math.log(v) for v in (r.ratio, max(r.low or r.ratio, r.ratio / FAR), min(r.high or r.ratio, r.ratio * FAR))]
            ends += [math.log(b) for b in _bounds(cell)]
            ends += [math.log(1 + cell.floor.value), -math.log(1 + cell.floor.value)] if cell.floor else []
    room = 0.08 * (max(ends) - min(ends)) or 0.1
    return min(ends) - room, max(ends) + room


def _bounds(cell: Cell) -> list[float]:
    return [b for b in (cell.contrast.least, cell.contrast.most) if b is not None and b > 0]


def _bar(cell: Cell, axis: tuple[float, float]) -> Bar | None:
    r = cell.comparison
    if r is None or r.ratio <= 0:
        return None
    low, high = axis

    def place(value: float) -> float:
        return round(min(BAR, max(0.0, BAR * (math.log(value) - low) / (high - low))), 1)

    wide = 1 + (cell.floor.value if cell.floor else 0.0)
    ends = (place(r.low) if r.low else None, place(r.high) if r.high else None)
    return Bar(place(r.ratio), *ends, place(1 / wide), place(wide), place(1), tuple(place(b) for b in _bounds(cell)))


def ratio(cell: Cell | None) -> str:
    """The ratio with its 95 % interval, or that it was counted."""
    if cell is None or cell.comparison is None:
        return UNKNOWN
    return f"{number(cell.comparison.ratio)} (counted)" if cell.exact else with_interval(cell.comparison)


def sampled(cell: Cell | None) -> str:
    """From how many blocks or builds it comes; nothing of what is counted."""
    return str(cell.comparison.n) if cell and cell.comparison and not cell.exact else UNKNOWN


def chance(cell: Cell) -> float | None:
    """Its p; None where it is counted, for a count has no chance in it."""
    return None if cell.exact else cell.p


def bounds(cell: Cell) -> str:
    """What the claim asserts of the ratio."""
    least, most = cell.contrast.least, cell.contrast.most
    if least is not None and most is not None:
        return f"{short(number(least))} to {short(number(most))}"
    if least is not None:
        return f"at least {short(number(least))}"
    return f"at most {short(number(most))}" if most is not None else UNKNOWN


def tally(verdicts: Sequence[Told]) -> list[tuple[str, int]]:
    """Word -> how many claims, in the order of their strength."""
    count = Counter(t.verdict.word for t in verdicts)
    order = ("supported", "refuted", "mixed", "inconclusive", "not measured")
    return [(word, count[word]) for word in order if count[word]]  # type: ignore[index]
