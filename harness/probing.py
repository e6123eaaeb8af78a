"""The search for the least memory, conducted: once a session's plan is done, job after job under other limits, each recorded as it ends.

A probe is one pass with no warm-up, judged like any other. How many there will be nobody knows before, so they stand in a file of
their own (store.PROBES), and what was recorded is not run again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from harness import store
from harness.memory_floor import MIB, Try, following
from harness.model import Job, Run
from harness.runner.control import ControlMeter
from harness.session import Conductor, measuring

ROOM = 1.5
"""The first limit over the anonymous memory that the job took unhindered: page cache and the kernel's own want some too."""
PATIENCE = 10
"""A job that thrashes takes long without end: so many times its unhindered time is as good as never."""


def probe(conductor: Conductor, runs: Sequence[Run], tried: Sequence[Run]) -> Iterator[Run]:
    """Each further probe, as it is written. What failed in verification is not searched."""
    sound = {run.job: run for run in runs if run.kind == "verify" and run.outcome == "ok"}
    jobs = [job for job in conductor.session.jobs if job.id in sound]
    if not jobs:
        return
    with measuring(conductor.session, jobs) as meter:
        for number, job in enumerate(jobs, 1):
            done = [run for run in tried if (run.label, run.case) == (job.label, job.case)]
            search = Search(conductor, meter, job, sound[job.id], (number, len(jobs)))
            for run in search.tries(done):
                store.append(conductor.folder, run, store.PROBES)
                conductor.observer.ended(run)
                yield run


@dataclass(frozen=True, slots=True)
class Search:
    """The search for one label on one case; `place` is its number and how many there are."""

    conductor: Conductor
    meter: ControlMeter
    job: Job
    unhindered: Run
    place: tuple[int, int]

    def tries(self, done: Sequence[Run]) -> Iterator[Run]:
        """Each further probe as it ends, until the search is over."""
        tried = [Try(run.limits.memory_bytes, run.outcome) for run in done]
        start, most = int((self.unhindered.anon_peak_bytes or 0) * ROOM) + MIB, self.job.limits.memory_bytes
        while (limit := following(tried, start, most)) is not None:
            wanted = self._under(limit, len(tried) + 1)
            self.conductor.observer.job(wanted, *self.place)
            run = self.conductor.once(wanted, self.meter)
            tried.append(Try(limit, run.outcome))
            yield run

    def _under(self, limit: int, number: int) -> Job:
        took = (self.unhindered.times.done_ns or 0) / 1e9
        limits = replace(self.job.limits, memory_bytes=limit, time_s=min(self.job.limits.time_s, PATIENCE * (took + 1)))
        who = self.job.label.replace("/", "-")
        return replace(self.job, id=f"floor-{number:02d}-{who}-{self.job.case}", kind="probe", position=number, limits=limits)
