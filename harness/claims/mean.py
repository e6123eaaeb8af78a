"""Cells -> the one cell of a claim about the mean: the geometric mean of the cells' ratios, judged like any other.

Within a session the log ratios of a block are averaged over its cells first, so that what one block shares is not counted as many
independent findings; sessions are independent and are combined after (Welch-Satterthwaite). Each session counts once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness import stats
from harness.claims.evidence import Found, judged, missing, withheld
from harness.model import Cell, Claim, Floor


def overall(claim: Claim, found: Sequence[Found]) -> Cell:
    """The combined cell of the sessions that have enough blocks, or of the longest where none has.

    It has the first contrast's bounds, which all of the claim share, and the largest of the cells' floors.
    """
    sessions: dict[str | None, list[Found]] = {}
    for f in found:
        if f.logs:
            sessions.setdefault(f.cell.session, []).append(f)
    estimates = [(stats.estimate(logs), own) for own in sessions.values() if (logs := _means(own))]
    if not estimates:
        return missing(claim.contrasts[0], "no block holds a figure of all that is to be averaged")
    used = [e for e in estimates if e[0].n >= claim.blocks] or [max(estimates, key=lambda e: e[0].n)]
    cells = [f.cell for _, own in used for f in own]
    floor = max((cell.floor for cell in cells if cell.floor), key=lambda floor: floor.value, default=Floor(0.0, None, 0))
    held = next((f.held for _, own in used for f in own if f.held), None)
    cell = withheld(judged(cells[0].contrast, stats.combine([e for e, _ in used]), floor, claim.blocks), held)
    return replace(cell, jobs=tuple(dict.fromkeys(job for c in cells for job in c.jobs)))


def _means(own: Sequence[Found]) -> list[float]:
    """The mean over the cells in each block that holds them all."""
    blocks = sorted(set.intersection(*(set(f.logs) for f in own)))
    return [sum(f.logs[block] for f in own) / len(own) for block in blocks]
