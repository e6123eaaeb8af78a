"""The measuring half from plan to record: each job is run, judged against the oracle, and appended, until the plan is done.

Takes a Session as it stands in session.json and the runs already written, so a resumed session is the same code with more behind it.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from harness import catalog as catalog_module
from harness import environment, outputs, plan, store, traffic, turns, verify
from harness.catalog import Catalog
from harness.model import Build, Case, Dataset, Job, Run, Session, Step, UserError
from harness.runner.control import ControlMeter
from harness.runner.cpus import company, kept_off, usable
from harness.runner.engine import Engine, EngineError, Launch
from harness.runner.execute import blank, execute
from harness.runner.load.generator import ANSWERS as FIRST_ANSWERS
from harness.runner.load.generator import RECORDS, Visit
from harness.runner.load.visit import visit

PADDING = 4096
CSV_TO_PARQUET = 4
"""How much larger an answer is as CSV, with room to spare."""
ANSWERS, OUTPUTS, TRAFFIC = ".answers-", ".outputs-", ".traffic-"
Verified = tuple[str, int, str]


class Observer(Protocol):
    """Sees a session go by; for the progress that a person sees."""

    def job(self, job: Job, number: int, total: int, under: str = "") -> None:
        """A job begins: the `number`th of `total`; of a probe, in words, what it is tried under."""

    def step(self, text: str) -> None:
        """Something happened within the job."""

    def ended(self, run: Run) -> None:
        """A job's record is written."""


@dataclass(slots=True)
class Conductor:
    """Runs the jobs of one session that have no record yet."""

    session: Session
    folder: Path
    catalog: Catalog
    engine: Engine
    harness: str
    observer: Observer
    usable: Sequence[int] = field(default_factory=usable)
    """The CPUs of the machine, as they were before the harness kept off some of them."""

    def run(self, done: Sequence[Run]) -> Iterator[Run]:
        """Each further run, as it is written."""
        recorded = {run.job for run in done}
        verified = {_verified(run): run for run in done if run.kind == "verify"}
        todo = [job for job in self.session.jobs if job.id not in recorded]
        if not todo:
            return
        numbers = {job.id: number for number, job in enumerate(todo, 1)}
        with measuring(self.session, todo) as meter:
            for group in turns.groups(todo, turns=self.session.turns):
                begun = {job.id: self._begun(job, numbers[job.id], len(todo), meter, verified.get(_verified(job))) for job in group}
                if len(group) > 1:
                    _check_memory(self.folder, [verified.get(_verified(job)) for job in group])
                ended = turns.deal(begun, [step.name for step in self.session.steps], self._orders(group))
                # Recorded in the plan's order, and all of a group or none: what is left of an interrupted one would have others beside it.
                for run in sorted(ended, key=lambda run: run.position):
                    if run.kind == "verify":
                        verified[_verified(run)] = run
                    store.append(self.folder, run)
                    self.observer.ended(run)
                    yield run

    def once(self, job: Job, meter: ControlMeter, case: Case) -> Run:
        """One job by itself on its case as given, run and judged; the caller keeps the record."""
        return turns.alone(self._one(job, meter, None, case))

    def _begun(self, job: Job, number: int, total: int, meter: ControlMeter, before: Run | None) -> turns.Course:
        """The same for one of the plan, told to the observer as it begins."""
        self.observer.job(job, number, total)
        return (yield from self._one(job, meter, before))

    def _orders(self, group: Sequence[Job]) -> Iterator[list[str]]:
        """Who comes when in each round of a group: balanced designs again, drawn by the session's seed for this block and case."""
        first, passes = group[0], sum(len(plan.expected_samples(job)) for job in group)
        rng = random.Random(f"{first.seed}/{first.block}/{first.case}/turns")  # noqa: S311 - a design, not a secret
        return plan.orders([job.id for job in group], passes, rng)

    def _one(self, job: Job, meter: ControlMeter, before: Run | None, given: Case | None = None) -> turns.Course:
        """`before` is its verification, where there was one; `given` its case, where it is not the session's."""
        case = given or next(c for c in self.session.cases if c.name == job.case)
        data = next(d for d in self.session.datasets if d.case == job.case)
        build = next(b for b in self.session.builds if b.implementation == job.implementation)
        writes = frozenset(step.name for step in self.session.steps if step.writes and step.name in job.steps)
        served = next((step for step in self.session.steps if step.traffic and step.name in job.steps), None)
        if writes or job.kind == "verify":
            _check_room(self.folder, Path(data.answers))
        with (
            _fresh(ANSWERS, self.folder if job.kind == "verify" and not served else None) as out,
            _fresh(OUTPUTS, self.folder if writes else None) as written,
            _fresh(TRAFFIC, self.folder if served else None) as heard,
        ):
            limited = plan.limited(job, case, before.cgroup_peak_bytes if before else None)
            launch = self._launch(limited or job, build, data, out, written, writes)
            if build.outcome == "failed":
                return blank(launch, case, self.engine, "unbuilt", build.reason)
            if job.kind == "timed" and (why := unfit(before, case)):
                return blank(launch, case, self.engine, "skipped", why)
            try:
                guest = self._visit(launch, case, data, served, heard) if served and heard else None
                together = self.session.turns and job.kind == "timed"
                run = yield from execute(
                    self.engine, launch, case, data, self.session.timing, meter, self.observer.step, guest, turns=together
                )
            except EngineError as error:
                raise UserError(f"{job.id}: {error}; then: bench run --resume {self.folder}") from None
            return self._judge(run, data, out, written, heard)

    def _visit(self, launch: Launch, case: Case, data: Dataset, step: Step, heard: Path) -> Visit:
        """The load generator's visit, on a CPU that is none of the job's."""
        assert self.session.generator
        tool = (*catalog_module.load_generator(self.catalog), self.session.generator)
        beside = replace(launch, company=company(launch.job.limits.cpus, self.usable))
        return visit(self.engine, tool, beside, case, data, step, heard, self.observer.step)

    def _launch(self, job: Job, build: Build, data: Dataset, out: Path | None, written: Path | None, writes: frozenset[str]) -> Launch:
        impl = self.catalog.implementations[job.implementation]
        inputs = Path(next(iter(data.inputs.values()))).parent
        length = random.Random(f"{job.seed}/{job.id}").randrange(PADDING)  # noqa: S311 - shifts the stack (Mytkowicz et al. 2009)
        language = self.catalog.languages[impl.language]
        return Launch(job, impl, language, build, self.session.id, self.harness, "x" * length, inputs, out, written, writes)

    def _judge(self, run: Run, data: Dataset, out: Path | None, written: Path | None, heard: Path | None) -> Run:
        """Right or wrong, and whether its account holds; a job that failed already stays what it is."""
        workload, tolerance, wrong = self.catalog.workloads[run.workload], data.tolerance or self.session.tolerance, None
        if run.outcome == "ok":
            wrong = verify.checks(run.samples, data, tolerance)
        if run.outcome == "ok" and not wrong and out:
            steps = [s for s in self.session.steps if s.name in run.answers]
            wrong = verify.announced(out, run.answers) or verify.answers(out, steps, workload.answer_types, data, tolerance)
        if run.outcome == "ok" and not wrong and written:
            done = {sample.step for sample in run.samples}
            steps = [s for s in self.session.steps if s.writes and s.name in done]
            wrong = outputs.judge(written, steps, workload, data, tolerance, whole=run.kind == "verify")
        if run.outcome == "ok" and heard:
            step = next(s for s in self.session.steps if s.traffic and s.name in {sample.step for sample in run.samples})
            wrong = traffic.judge(heard / FIRST_ANSWERS, run.samples, step, workload.answer_types, data, tolerance)
        # Of a probe the histograms will do: a search has some thirty, each with a record a request.
        if heard and (heard / RECORDS).exists() and run.kind != "probe":
            run = traffic.keep(heard / RECORDS, store.requests(self.folder, run.job), run)
        if wrong:
            run = replace(run, outcome="wrong", reason=wrong)
        return replace(run, suspect=(*verify.suspicions(run), *traffic.suspicions(run)))


def _verified(job: Job | Run) -> Verified:
    """What is proven right once: the A/A arm is the same program on the same input."""
    return job.implementation, job.threads, job.case


def unfit(before: Run | None, case: Case) -> str | None:
    """Why a timed job can't begin, by its verification."""
    if before and before.outcome != "ok":
        return f"{before.outcome} in verification: {before.reason}"
    if case.memory_share and (before is None or before.cgroup_peak_bytes is None):
        return "its memory limit is a share of what its verification took, and that was not recorded"
    return None


def _check_memory(folder: Path, before: Sequence[Run | None]) -> None:
    """UserError where jobs that are there together need more memory than is free, by what they took in verification."""
    needed = sum(run.anon_peak_bytes or 0 for run in before if run)
    if needed > (free := environment.free_memory()):
        what = f"jobs in turns are in memory together, and took {needed >> 20} MiB in verification, where {free >> 20} MiB are free"
        raise UserError(f"{folder}: {what}; choose fewer with --select, or leave --turns out")


def _check_room(folder: Path, truth: Path) -> None:
    """UserError where answers or outputs like the oracle's would fill the disk: that must not be blamed on an implementation."""
    needed = CSV_TO_PARQUET * sum(p.stat().st_size for p in truth.glob("*"))
    if shutil.disk_usage(folder).free < needed:
        raise UserError(
            f"{folder}: less than {needed / 1e6:.0f} MB free for what jobs write; free some room, then: bench run --resume {folder}"
        )


@contextmanager
def _fresh(prefix: str, parent: Path | None) -> Iterator[Path | None]:
    """A folder that any user may write into, gone afterwards; None where none is wanted."""
    if parent is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent)).resolve()
    folder.chmod(0o777)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def swept(folder: Path) -> Iterator[None]:
    """No answers or outputs in the session's folder before or after: a killed harness leaves some, and so may Ctrl-C in making one."""
    _sweep(folder)
    try:
        yield
    finally:
        _sweep(folder)


def _sweep(folder: Path) -> None:
    for prefix in (ANSWERS, OUTPUTS, TRAFFIC):
        for left in folder.glob(f"{prefix}*"):
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def measuring(session: Session, jobs: Sequence[Job]) -> Iterator[ControlMeter]:
    """The control meter on the CPUs that all of the jobs share, and the harness off them, and off the load generator's."""
    shared = tuple(sorted(set.intersection(*(set(job.limits.cpus) for job in jobs))))
    beside = company(max((job.limits.cpus for job in jobs), key=len), usable()) if session.generator else ()
    with ControlMeter(session.timing, shared) as meter, kept_off(shared, beside):
        yield meter


def check_resumable(session: Session, catalog: Catalog, engine: Engine) -> None:
    """UserError where the session can't be continued as it was: what it ran, or its data, is gone or has changed."""
    for build in session.builds:
        impl = catalog.implementations.get(build.implementation)
        if build.outcome != "failed" and not (impl and engine.has(build, impl, catalog.languages[impl.language])):
            what = f"{build.implementation}: what this session ran ({build.digest}) is gone or has changed"
            raise UserError(f"{what}; begin a new session")
    if session.generator and not engine.has(session.generator, *catalog_module.load_generator(catalog)):
        raise UserError("the load generator that this session ran is gone or has changed; begin a new session")
    for data in session.datasets:
        missing = [p for p in data.inputs.values() if not Path(p).exists()]
        if missing:
            again = f"bench data --workload {session.workload} --case '{data.case}' --seed {session.seed}"
            raise UserError(f"{missing[0]} is gone; make it again with: {again}")
