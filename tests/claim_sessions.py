"""Sessions with planted ratios for the tests of the claims: labels that take a given time, blocks that share a drift."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import makers

from harness import claims
from harness.model import Build, Claim, Contrast, Judgement, Registry, Run, Session, Verdict

UNIT_NS = 1_000_000_000
TWICE = {"x/slow": 2.0, "x/fast": 1.0}


def planted(
    seconds: Mapping[str, float],
    *,
    blocks: int = 10,
    sd: float = 0.0,
    cases: Sequence[str] = ("small",),
    again: str | None = None,
    seed: int = 1,
    **changes: Any,
) -> tuple[Session, list[Run]]:
    """Each label takes its seconds (steps s1 and s2 halve them, load takes as long), times the block's drift and noise of `sd` on the log.

    With a seed the figures are the same every time. The A/A arm is a label like any other, given as `x/std (again)`.
    """
    rng = random.Random(seed)
    jobs, runs = [], []
    for block in range(1, blocks + 1):
        for case in cases:
            drift = rng.gauss(0, 0.05)
            for position, (label, took) in enumerate(seconds.items(), 1):
                name, _, arm = label.partition(" ")
                name, _, threads = name.partition("@")
                factor = 2.718281828459045 ** (drift + rng.gauss(0, sd))
                own = {
                    "implementation": name, "case": case, "block": block, "position": position, "threads": int(threads or 1),
                    "arm": "again" if arm else "test",
                }  # fmt: skip
                job = makers.job(id=f"b{block:03d}-p{position:02d}-{label}-{case}", **own)
                ns = int(took * factor * UNIT_NS)
                samples = (makers.sample("load", 1, ns), makers.sample("s1", 2, ns // 2), makers.sample("s2", 2, ns // 2))
                jobs.append(job)
                runs.append(makers.run(job=job.id, samples=samples, anon_peak_bytes=int(took * 1e6), **own))
    names = tuple(dict.fromkeys(label.partition(" ")[0].partition("@")[0] for label in seconds))
    fields = {
        "blocks": blocks, "jobs": tuple(jobs), "implementations": names, "again": again, "facts": {},
        "cases": tuple(replace(makers.CASE, name=case) for case in cases),
    }  # fmt: skip
    return makers.session(**{**fields, **changes}), runs


def built(**clean_seconds: tuple[float, ...]) -> tuple[Build, ...]:
    """Builds of the variants of that name of the language x."""
    return tuple(Build(f"x/{name}", "local", "built", 1.0, "", None, None, "", clean_seconds=s) for name, s in clean_seconds.items())


def contrast(**changes: Any) -> Contrast:
    """The label x/slow over x/fast by seconds, at least 1, on the case that there is."""
    fields = {
        "name": "slow against fast", "workload": "sums", "cases": ("small",), "metric": "seconds", "of": "x/slow", "to": "x/fast",
        "least": None if "most" in changes else 1.0,
    }  # fmt: skip
    return Contrast(**{**fields, **changes})


def claim(*contrasts: Contrast, **changes: Any) -> Claim:
    """A claim of these contrasts, all of which must hold, by ten blocks."""
    fields = {
        "id": "C01", "title": "slow is slow", "section": "S", "hypothesis": "h", "rule": "all", "blocks": 10, "contrasts": contrasts,
        "unmeasured": (), "notes": (), "digest": "sha256:1",
    }  # fmt: skip
    return Claim(**{**fields, **changes})


def registry(*claims: Claim) -> Registry:
    """Those claims and nothing beyond."""
    return Registry(claims, ())


def one(given: Judgement) -> Verdict:
    (verdict,) = given.verdicts
    return verdict


def judged(asserted: Claim, *sessions: tuple) -> Verdict:
    """The verdict on one claim, judged alone."""
    return one(claims.judge(registry(asserted), sessions))
