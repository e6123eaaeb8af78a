"""Sessions of servers under load, made up by a queue with one server that pauses stop: the shape of real ones. Nothing was measured."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

import numpy as np
import polars as pl
import report_sessions
from numpy.typing import NDArray

from harness import stats
from harness.model import Blame, Case, Job, Latency, Pauses, Run, Sample, Session, Span, Stalls, Step
from harness.model.served import Traffic
from harness.report.findings import Findings, findings

Instants = NDArray[np.float64]
MS, SECOND = 1_000_000, 1_000_000_000
PROMPT = stats.histogram([1000]).encode().decode()
"""The lateness of a load generator that never is."""


@dataclass(frozen=True)
class Server:
    """Microseconds and CPU microseconds a request; a pause of so many milliseconds each so many milliseconds, or none."""

    takes: float
    cpu: float
    pause: float = 0.0
    every: float = 0.0


SERVERS: Mapping[str, Server] = {
    "python/stdlib": Server(420, 400, 22, 340),
    "go/std": Server(180, 220, 0.6, 90),
    "rust/std": Server(90, 80),
    "python/duckdb": Server(70, 64),
}
"""Of what report_sessions knows, so that the rest of a session is made there."""
STEPS = (
    Step("closed", "closed", ("request",), ("p",), traffic=Traffic("/", "closed", "bodies")),
    Step("open", "open", ("request",), ("p",), traffic=Traffic("/", "poisson", "bodies")),
)


def case(name: str, seconds: float = 1.2, **params: int | float | str) -> Case:
    step = "open" if {"rate", "share"} & params.keys() else "closed"
    return Case("groupby", name, {"store": 1000, "seconds": seconds, **params}, 7, 600.0, report_sessions.LIMIT, (step,))


CASES = (
    case("closed", 0.5),
    *(case(f"open-{rate}", rate=rate) for rate in (1000, 2000, 4000)),
    case("share-70", share=0.7),
    case("share-150", share=1.5),
)


def session(blocks: int = 3, names: Sequence[str] = tuple(SERVERS), cases: Sequence[Case] = CASES) -> Session:
    made = report_sessions.session(blocks, names)
    jobs = tuple(
        replace(job, id=f"{job.id[:-4]}-{one.name}", case=one.name, steps=one.steps) for job in made.jobs if job.block for one in cases
    )
    return replace(made, unit="request", cases=tuple(cases), steps=STEPS, jobs=jobs)


def served(made: Session) -> tuple[list[Run], dict[str, pl.DataFrame]]:
    """A run for every job, and what was kept of each one's requests."""
    plain = {job.implementation: run for job, run in _bases(made)}
    kept: dict[str, pl.DataFrame] = {}
    cases = {one.name: one for one in made.cases}
    runs = [_run(plain[job.implementation], job, cases[job.case], kept) for job in made.jobs]
    return runs, kept


class Made(NamedTuple):
    """A session with all that its figures are made of."""

    session: Session
    runs: list[Run]
    kept: Mapping[str, pl.DataFrame]
    found: tuple[Findings, ...]

    def case(self, name: str) -> Findings:
        return next(one for one in self.found if one.case.name == name)


@cache
def whole() -> Made:
    """All servers on all cases, made once: the queues take seconds."""
    made = session()
    runs, kept = served(made)
    return Made(made, runs, kept, findings(made, runs))


def _bases(made: Session) -> list[tuple[Job, Run]]:
    base = report_sessions.session(1, made.implementations)
    return list(zip(base.jobs, report_sessions.runs(base), strict=True))


def _run(plain: Run, job: Job, of: Case, kept: dict[str, pl.DataFrame]) -> Run:
    server, rng = SERVERS[job.implementation], np.random.default_rng(random.Random(job.id).randrange(1 << 32))
    start, seconds = 1000 * SECOND * (job.block + 1), float(of.params["seconds"])
    begin = start + 2 * SECOND
    pauses = _pauses(server, begin, seconds + 1, rng)
    closed = of.steps == ("closed",)
    rate = None if closed else float(of.params.get("rate", 0)) or float(of.params["share"]) * 1e6 / server.takes
    offered = rate or 1e6 / server.takes
    due = begin + np.cumsum(rng.exponential(SECOND / offered, int(offered * seconds)))
    done = _queue(due, rng.gamma(8, server.takes * 1000 / 8, len(due)), pauses)
    if closed:
        due = np.concatenate((done[:1] - 1e6 / 8, done[:-1]))
    kept[job.id] = pl.DataFrame({"intended_ns": due.astype(int), "done_ns": done.astype(int), "failure": [0] * len(due)})
    wall, slow = int(done[-1]) - begin, max(1, len(due) // 100)
    response, near = (stats.histogram(map(int, ns)).encode().decode() for ns in (done - due, np.full(len(due), server.takes * 1000)))
    latency = Latency("closed" if closed else "poisson", rate, len(due), len(due), {}, {"200": len(due)}, 0, 9, response, near, PROMPT)
    hit = slow * 3 // 4 if pauses else 0
    causes = (*["collector"] * bool(pauses), "runtime", "machine", "any")
    blame = () if closed else tuple(Blame(c, 9, 9 * MS, len(due), len(due) // 20, slow, hit, 1, 1 / 1001, MS, MS) for c in causes)
    spent = int(server.cpu * 1000 * len(due) * rng.lognormal(0, 0.02))
    sample = Sample(1, of.steps[0], 1, False, begin, wall, spent // 10 * 9, spent // 10, len(due), None, latency=latency, blame=blame)
    collected = Pauses("made up", len(pauses), 0, 0.01, pauses, 0) if server.pause else Pauses("none", None, None, None, (), 0)
    stalls, machine = (_stalls(begin + int(at * seconds * SECOND)) for at in (0.45, 0.8))
    return replace(
        plain, job=job.id, kind=job.kind, case=of.name, params=of.params, block=job.block, position=job.position, start_ns=start,
        samples=(plain.samples[0], sample), pauses=collected, stalls=stalls, control=machine,
    )  # fmt: skip


def _pauses(server: Server, begin: int, seconds: float, rng: np.random.Generator) -> tuple[Span, ...]:
    if not server.pause:
        return ()
    starts = np.arange(server.every / 2, seconds * 1000, server.every) + rng.uniform(0, server.every / 4)
    return tuple(Span(begin + int(at * MS), int(server.pause * MS * rng.uniform(0.6, 1.2))) for at in starts)


def _queue(due: Instants, takes: Instants, pauses: Sequence[Span]) -> Instants:
    done, free, coming = np.empty(len(due)), 0.0, list(pauses)
    for number, (at, work) in enumerate(zip(due, takes, strict=True)):
        free = max(at, free) + work
        while coming and coming[0].start_ns < free:
            pause = coming.pop(0)
            free += max(0.0, pause.start_ns + pause.wall_ns - max(at, pause.start_ns))
        done[number] = free
    return done


def _stalls(at: int) -> Stalls:
    return Stalls(MS, 2 * MS, 100, 4 * MS, 4 * MS, (90, 10), (Span(at, 4 * MS), Span(at + 90 * MS, 6 * MS)), 0)
