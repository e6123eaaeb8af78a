"""A claim -> what a session must hold to judge it, a workload each: `bench run --claim` plans exactly this."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness import stats
from harness.claims.evidence import BUILDS, implementation, outright
from harness.model import Claim, Contrast


@dataclass(frozen=True, slots=True)
class Need:
    """`cases` are those that the contrasts name outright; empty means the workload's own default. Every implementation is wanted at
    every number of threads. `blocks` and `clean_builds` (a side) are 0 where nothing of the claim is a figure of a run, or of a build.
    """

    workload: str
    implementations: tuple[str, ...]
    threads: tuple[int, ...]
    cases: tuple[str, ...]
    blocks: int
    clean_builds: int


def needs(claim: Claim) -> tuple[Need, ...]:
    """One a workload, in the order in which the contrasts name them; empty for a claim without contrasts."""
    workloads = dict.fromkeys(c.workload for c in claim.contrasts)
    return tuple(_need(claim, name, [c for c in claim.contrasts if c.workload == name]) for name in workloads)


def _need(claim: Claim, workload: str, contrasts: list[Contrast]) -> Need:
    kinds = {stats.METRICS[c.metric].kind for c in contrasts}
    labels = [who for c in contrasts for who in (c.of, c.to)]
    return Need(
        workload,
        _once(map(implementation, labels)),
        tuple(sorted({int(who.partition("@")[2] or 1) for who in labels})),
        _once(case for c in contrasts for case in (*outright(c), *([c.against] if c.against else []))),
        claim.blocks if "run" in kinds else 0,
        BUILDS if "build" in kinds else 0,
    )


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
