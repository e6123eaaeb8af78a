"""Job -> Run: starts the job on an engine, has it watched, and makes the record of it, whatever came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import replace
from datetime import UTC, datetime

from harness.environment import state
from harness.model import SCHEMA, Case, Dataset, Outcome, Run, Timing
from harness.plan import expected_samples
from harness.protocol import Transcript, request
from harness.runner.control import ControlMeter, Mark
from harness.runner.drive import Owed, Watch, drive
from harness.runner.engine import Engine, Launch
from harness.runner.load.generator import Visit


def blank(launch: Launch, case: Case, engine: Engine, outcome: Outcome, reason: str | None) -> Run:
    """The record of a job that was not started; `execute` fills the same fields for those that were."""
    job, impl = launch.job, launch.implementation
    return Run(
        schema=SCHEMA, session=launch.session, job=job.id, kind=job.kind, implementation=impl.name, language=impl.language,
        variant=impl.variant, track=impl.track, contest=impl.contest, workload=job.workload, case=job.case, params=case.params,
        seed=job.seed, block=job.block, position=job.position, threads=job.threads, engine=engine.name, limits=job.limits,
        isolation=engine.isolation, outcome=outcome, reason=reason, arm=job.arm,
    )  # fmt: skip


def execute(
    engine: Engine, launch: Launch, case: Case, data: Dataset, timing: Timing, meter: ControlMeter, tell: Callable[[str], None],
    visit: Visit | None = None, *, turns: bool = False,
) -> Generator[Owed, None, Run]:  # fmt: skip
    """Run the job to its end, with a `visit` by the load generator where it serves; one in `turns` stops before each pass (drive.py).

    EngineError where the engine or the generator itself fails; everything the job does wrong is an outcome.
    """
    job = launch.job
    seen = engine.paths(launch)
    inputs = {name: f"{seen.data}/{path.rsplit('/', 1)[-1]}" for name, path in data.inputs.items()}
    ask = request(job, case.params, inputs, timing, seen.out, seen.outputs, visit.connections if visit else None, turns=turns)
    before, started = _around(meter.mark()), datetime.now(UTC).isoformat(timespec="milliseconds")
    owed = expected_samples(job)[:1] if visit else expected_samples(job)
    watch = Watch(Transcript(owed, launch.owed_answers, visit is not None, turns), job.limits, time.monotonic_ns(), guest=visit)
    handle = engine.start(launch)
    try:
        if visit:
            visit.server = handle
        yield from drive(handle, ask, watch, tell)
    finally:
        if visit:
            visit.close()
        handle.close()
    run = _record(launch, case, engine, watch, meter, before, started)
    run = replace(run, control=None) if turns else run  # what the meter saw since its last mark was no more this job's than another's
    return _visited(run, visit, watch) if visit else run


def _visited(run: Run, visit: Visit, watch: Watch) -> Run:
    """The record with the generator's samples; a visit that failed is the server's failure, unless that has one of its own."""
    run = replace(run, samples=(*run.samples, *visit.samples))
    if run.outcome == "ok" and visit.failure:
        return replace(run, outcome="error", reason=f"under load: {visit.failure}")
    seen, said = sum(s.latency.answered for s in visit.samples if s.latency), watch.transcript.served
    if run.outcome == "ok" and said is not None and said < seen:
        return replace(run, outcome="wrong", reason=f"says that it has answered {said} requests, {seen} answers came")
    return run


def _around(mark: Mark) -> dict[str, object]:
    """The state of the machine, with how quick the jobs' CPUs are."""
    return {**state(), "reference_ms": None if mark.work_ns is None else mark.work_ns / 1e6}


def _record(launch: Launch, case: Case, engine: Engine, watch: Watch, meter: ControlMeter, before: dict[str, object], started: str) -> Run:
    said, ended, mark = watch.transcript, watch.exit, meter.mark()
    return replace(
        blank(launch, case, engine, watch.outcome, watch.reason),
        started=started, start_ns=watch.start_ns, times=watch.times, threads_seen=said.threads, hello=said.hello,
        samples=tuple(said.samples), answers=dict(said.answers), pauses=said.pauses, stalls=said.stalls, control=mark.stalls,
        usage=said.usage, outside=watch.last_reading, anon_peak_bytes=watch.anon_peak, memory=watch.series,
        state_before=before, state_after=_around(mark), exit_code=ended.code if ended else None,
        stderr=watch.stderr.decode("utf-8", "backslashreplace"),
    )  # fmt: skip
