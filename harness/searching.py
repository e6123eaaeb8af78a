"""The searches by probes: a verified job and what was tried of it -> the next probe, or None when its search is over. Pure.

What each search does is its own module's: memory_floor.py, highest_rate.py. Here it meets the nouns of a session.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

from harness import highest_rate, memory_floor, pace, plan, store
from harness.model import Case, CaseSpec, Job, Run, Step
from harness.pace import judged, written

ROOM = 1.5
"""The first limit over the anonymous memory that the job took unhindered: page cache and the kernel's own want some too."""
PATIENCE = 10
"""A job that thrashes takes long without end: so many times its unhindered time is as good as never."""
SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Probe:
    """The next job of a search, its case as it is to be, and in words what is tried."""

    job: Job
    case: Case
    under: str


class Search(Protocol):
    """What is looked for, and where its probes are kept. A record belongs to it if it has the same objective."""

    file: ClassVar[str]
    aim: ClassVar[str]

    @property
    def objective_ns(self) -> int | None:
        """What the 99th percentile is held against; None where that is not the question."""

    def concerns(self, job: Job, case: Case, steps: Sequence[Step]) -> bool:
        """Whether the job can be searched; `steps` are the workload's."""

    def following(self, verified: Run, job: Job, case: Case, done: Sequence[Run]) -> Probe | None:
        """The next probe of the job after those `done`."""


@dataclass(frozen=True, slots=True)
class FloorSearch:
    """The least memory limit under which a job ends well."""

    file: ClassVar[str] = store.FLOORS
    aim: ClassVar[str] = "the least memory under which each still ends well"
    objective_ns: None = None

    def concerns(self, job: Job, case: Case, steps: Sequence[Step]) -> bool:
        """Every job takes memory."""
        return True

    def following(self, verified: Run, job: Job, case: Case, done: Sequence[Run]) -> Probe | None:
        """One pass with no warm-up, as in verification."""
        tried = [memory_floor.Try(run.limits.memory_bytes, run.outcome) for run in done]
        start = int((verified.anon_peak_bytes or 0) * ROOM) + memory_floor.MIB
        limit = memory_floor.following(tried, start, job.limits.memory_bytes)
        if limit is None:
            return None
        took = (verified.times.done_ns or 0) / 1e9
        limits = replace(job.limits, memory_bytes=limit, time_s=min(job.limits.time_s, PATIENCE * (took + 1)))
        wanted = replace(job, id=_named("floor", job, len(done) + 1), kind="probe", position=len(done) + 1, limits=limits)
        return Probe(wanted, case, f"under {limit >> 20} MiB")


@dataclass(frozen=True, slots=True)
class RateSearch:
    """The highest rate of Poisson arrivals at which a server keeps the objective."""

    objective_ns: int
    file: ClassVar[str] = store.RATES
    aim: ClassVar[str] = "the highest rate at which each keeps the objective"

    def concerns(self, job: Job, case: Case, steps: Sequence[Step]) -> bool:
        """It serves open Poisson traffic at a rate of the case's."""
        return paced(case, [step for step in steps if step.name in job.steps])

    def following(self, verified: Run, job: Job, case: Case, done: Sequence[Run]) -> Probe | None:
        """One warm-up, then one phase; the first one's warm-up is a closed loop, and tells what there is a share of."""
        tried = [judged(run, self.objective_ns) for run in done]
        wanted = highest_rate.following(tried, _rate(case), job.seed)
        if wanted is None:
            return None
        number, lasting = len(done) + 1, pace.seconds(wanted.rate, self.objective_ns)
        given = {"share": SHARE} if wanted.rate is None else {"rate": wanted.rate}
        params = {**{k: v for k, v in case.params.items() if k != "rate"}, **given, "seconds": lasting}
        name = _named(f"rate-{written(self.objective_ns)}", job, number)
        limited = plan.limited(job, case, verified.cgroup_peak_bytes)
        if limited is None:
            return None
        made = replace(limited, id=name, kind="probe", position=number, seed=wanted.seed, warmup=1, timed=1)
        under = f"at {wanted.rate:,.0f} a second" if wanted.rate else "at half of a closed loop's rate"
        return Probe(made, replace(case, params=params), under)


def paced(case: Case | CaseSpec, steps: Sequence[Step]) -> bool:
    """Whether a case has open Poisson traffic at a rate of its own, among these steps."""
    return _rate(case) > 0 and "share" not in case.params and any(s.traffic and s.traffic.arrivals == "poisson" for s in steps)


def _rate(case: Case | CaseSpec) -> float:
    rate = case.params.get("rate")
    return float(rate) if isinstance(rate, int | float) else 0.0


def _named(search: str, job: Job, number: int) -> str:
    return f"{search}-{number:02d}-{job.label.replace('/', '-')}-{job.case}"
