"""Sessions to compare: labels with the seconds that they took, block by block, and runs that ended otherwise or spent more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from makers import job, run, sample, session

from harness.compare import Compared, Kept, Row
from harness.model import Build, Run

MACHINE: Mapping[str, Any] = {
    "cpu_model": "Some CPU", "microcode": "0x1", "cpus": 4, "cores": 2, "memory_bytes": 16 << 30, "kernel": "6.1.0-1", "cgroup": "v2",
    "virtualisation": "none", "mitigations": {"meltdown": "Not affected"},
}  # fmt: skip
ENVIRONMENT = {"machine": MACHINE, "docker": {"server": "28.0"}, "software": {"toolchains": {"x": "X 1.0"}}}
FEW = (1.0, 1.02, 0.98)
"""Seconds of three blocks; logs 0, .0198 and -.0202."""


def kept(
    seconds: Mapping[str, Sequence[float]],
    memory: Mapping[str, int] | None = None,
    digests: Mapping[str, str] | None = None,
    **changes: Any,
) -> Kept:
    """A session of the labels x/a, x/b, ... with those seconds in their blocks, and peak memory in MiB where it is given."""
    names = [*seconds]
    digest = {n: f"{changes.get('id', 's')} {n}" for n in names} | dict(digests or {})
    builds = tuple(Build(n, "local", "built", 1, digest[n], None, None, "", bases={"BASE": "base@sha256:1"}) for n in names)
    jobs = tuple(job(id=f"{n} {b}", implementation=n, block=b) for n in names for b in range(1, len(seconds[n]) + 1))
    fields = {"implementations": tuple(names), "builds": builds, "jobs": jobs, "environment": ENVIRONMENT, **changes}
    return session(**fields), [run_of(j.implementation, j.block, seconds, memory or {}) for j in jobs]


def run_of(name: str, block: int, seconds: Mapping[str, Sequence[float]], memory: Mapping[str, int]) -> Run:
    half = round(seconds[name][block - 1] * 5e8)
    peak = memory[name] << 20 if name in memory else None
    samples = (sample("s1", wall_ns=half, user_ns=None), sample("s2", wall_ns=half, user_ns=None))
    return run(job=f"{name} {block}", implementation=name, variant=name[2:], block=block, samples=samples, anon_peak_bytes=peak)


def times(figures: Sequence[float], by: float) -> list[float]:
    return [f * by for f in figures]


def timed(given: Kept, step: str, **spent: int | None) -> Kept:
    """The same session with another pass of a step in every run: its load, or what it took of the CPUs."""
    made, runs = given
    return made, [replace(r, samples=(*(s for s in r.samples if s.step != step), sample(step, **spent))) for r in runs]


def ended(given: Kept, *outcomes: str) -> Kept:
    """The same session whose first runs ended so."""
    made, runs = given
    return made, [*(replace(r, outcome=o, reason="why") for r, o in zip(runs, outcomes, strict=False)), *runs[len(outcomes) :]]


def only(found: Compared) -> Row:
    (row,) = found.rows
    return row
