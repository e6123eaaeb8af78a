"""Runs -> the runs that count: the validity gate before any statistic (METHODOLOGY.md). What fails is named and counted."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.model import Exclusion, Run


def gate(run: Run) -> tuple[str, ...]:
    """Why a run takes no part in any figure, in words; empty where it passes.

    The verification of a whole answer is not timed and never counts. Of a run that failed only that is said: what else was odd about it
    would have excluded nothing more.
    """
    if run.kind != "timed":
        return ("its answers were verified, nothing was timed",)
    if run.outcome != "ok":
        return (f"{run.outcome}: {run.reason}" if run.reason else run.outcome,)
    return (*run.suspect, *_outside(run))


def _outside(run: Run) -> list[str]:
    """What the outside account shows and no suspicion says yet: the harness writes most of it into `suspect` when a run ends."""
    if run.outside is None:
        return []
    found = []
    if run.outside.oom_kills:
        found.append(f"the kernel killed {run.outside.oom_kills} of its processes for want of memory")
    if run.outside.throttled_ns and not _said(run, "throttled"):
        found.append(f"its CPU was throttled for {run.outside.throttled_ns / 1e6:.0f} ms")
    if run.outside.swap_bytes and not _said(run, "swapped"):
        found.append(f"{run.outside.swap_bytes / (1 << 20):.1f} MiB of it were swapped out")
    return found


def _said(run: Run, word: str) -> bool:
    return any(word in reason for reason in run.suspect)


def counts(run: Run) -> bool:
    """Whether a run passes the validity gate."""
    return not gate(run)


def exclusions(runs: Sequence[Run]) -> tuple[Exclusion, ...]:
    """The timed runs that fail the gate, by label, case and reason; each in exactly one, so that the counts add up.

    Reasons that differ in their numbers alone are one reason: the words are the first run's, and say so where there are others.
    """
    found: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for run in runs:
        if run.kind == "timed" and (why := "; ".join(gate(run))):
            found.setdefault((run.label, run.case, re.sub(r"\d+", "#", why)), []).append((why, run.job))
    return tuple(
        Exclusion(label, case, _reason([why for why, _ in each]), tuple(job for _, job in each)) for (label, case, _), each in found.items()
    )


def _reason(words: Sequence[str]) -> str:
    return words[0] if len(set(words)) == 1 else f"{words[0]} (the first; numbers differ)"
