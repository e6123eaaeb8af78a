"""Claim, Cell and Verdict -> what they rest on, in words: blocks, clean builds, or a count, which has no chance in it and so no p."""

from __future__ import annotations

from harness import stats
from harness.claims import BUILDS
from harness.model import Cell, Claim, Verdict
from harness.report.words import listed

COUNTED = "A figure of programs that we wrote, in a style of ours, and not of a language (BIAS.md). There is no chance in a count, so no p."
"""What a counted figure is, and what it is not."""


def asked(claim: Claim) -> str:
    """The least that it is judged on: at least 10 blocks, 3 clean builds a side, a count. Without contrasts: its blocks."""
    said = {"run": f"at least {claim.blocks} blocks", "build": f"at least {BUILDS} clean builds a side", "fact": "counted, not sampled"}
    kinds = {stats.METRICS[contrast.metric].kind for contrast in claim.contrasts} or {"run"}
    return listed([text for kind, text in said.items() if kind in kinds])


def unit(cell: Cell) -> str:
    """What more is needed of."""
    return "clean builds a side" if stats.METRICS[cell.contrast.metric].kind == "build" else "blocks"


def counted(verdict: Verdict) -> bool:
    """Whether all that was measured of it is counted."""
    held = [cell for cell in verdict.cells if cell.comparison]
    return bool(held) and all(cell.exact for cell in held)
