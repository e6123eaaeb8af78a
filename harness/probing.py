"""A search, conducted: once a session's plan is done, one probe after the other of each job that was verified, recorded as it ends.

A probe is judged like any other job. How many there will be nobody knows before, so they stand in a file of their own, and what was
recorded is not run again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness import store
from harness.model import Run
from harness.searching import Search
from harness.session import Conductor, measuring


def probe(conductor: Conductor, search: Search, runs: Sequence[Run], tried: Sequence[Run]) -> Iterator[Run]:
    """Each further probe, as it is written. What failed in verification is not searched."""
    session = conductor.session
    cases = {case.name: case for case in session.cases}
    sound = {run.job: run for run in runs if run.kind == "verify" and run.outcome == "ok"}
    jobs = [job for job in session.jobs if job.id in sound and search.concerns(job, cases[job.case], session.steps)]
    if not jobs:
        return
    with measuring(session, jobs) as meter:
        for number, job in enumerate(jobs, 1):
            like = (job.label, job.case, search.objective_ns)
            done = [run for run in tried if (run.label, run.case, run.objective_ns) == like]
            while wanted := search.following(sound[job.id], job, cases[job.case], done):
                conductor.observer.job(wanted.job, number, len(jobs), wanted.under)
                run = replace(conductor.once(wanted.job, meter, wanted.case), objective_ns=search.objective_ns)
                store.append(conductor.folder, run, search.file)
                conductor.observer.ended(run)
                done.append(run)
                yield run
