"""The measuring half as the command line asks for it: what was chosen and planned is built, has its data made, and is conducted."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import harness
from harness import building, choosing, codesize, data, environment, plan, probing, session, store
from harness import catalog as catalog_module
from harness.catalog import Catalog
from harness.choosing import Ask, Say
from harness.model import (
    SCHEMA,
    Dataset,
    Implementation,
    Job,
    Params,
    Run,
    Session,
    UserError,
    Workload,
    kind,
    label,
    steps_of,
)
from harness.progress import Progress
from harness.runner import live
from harness.runner.cpus import choose_cpus
from harness.runner.docker import DockerEngine
from harness.runner.engine import Engine
from harness.searching import Search


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan that is only shown."""

    jobs: tuple[Job, ...]
    seed: int
    cpus: tuple[int, ...]
    history: Mapping[tuple[str, str], float]

    def rows(self) -> list[dict[str, object]]:
        """For --json."""
        known = self.history.get
        return [
            {"job": j.id, "kind": j.kind, "workload": j.workload, "implementation": j.implementation, "label": j.label, "case": j.case,
             "block": j.block, "position": j.position,
             "seed": self.seed, "estimated_s": known(kind(j))}
            for j in self.jobs
        ]  # fmt: skip


def datasets(catalog: Catalog, workload: str, patterns: Sequence[str], changes: Params, seed: int, say: Say) -> tuple[Dataset, ...]:
    """The data of cases, made where it isn't there."""
    spec = catalog_module.workload(catalog, workload)
    return tuple(data.prepare(spec, case, say) for case in choosing.cases(spec, patterns, seed, changes))


def _history(root: Path, engine: str) -> dict[tuple[str, str], float]:
    folders = sorted(p.parent for p in (root / "results").glob(f"*/{store.SESSION}"))
    return store.history(folders[-10:], engine)


def dry_run(catalog: Catalog, ask: Ask, say: Say) -> Planned:
    """The plan that `run` would follow with this seed."""
    eng, _, _, _, seed, jobs = choosing.planned(catalog, ask, say)
    cpus = max((job.limits.cpus for job in jobs), key=len)
    return Planned(jobs, seed, cpus, _history(catalog.root, eng.name))


def fresh(catalog: Catalog, ask: Ask, progress: Progress) -> Path:
    """A new session from nothing to its last record; its folder."""
    eng, spec, wanted, chosen, seed, jobs = choosing.planned(catalog, ask, progress.say)
    created = datetime.now(UTC)
    folder = (ask.out or catalog.root / "results" / f"{created:%Y%m%d-%H%M%S}-{spec.name}").resolve()
    store.check_writable(folder)
    with live.marked(catalog.root) as identity:
        builds = building.ready(catalog, eng, chosen, progress, clean_builds=ask.clean_builds, yes=ask.yes)
        served = any(step.traffic for case in wanted for step in steps_of(case, spec.steps))
        generator = building.load_generator(catalog, eng, progress) if served else None
        sets = tuple(data.prepare(spec, case, progress.say) for case in wanted)
        made = Session(
            schema=SCHEMA, id=folder.name, created=created.isoformat(timespec="seconds"), command=ask.command,
            bench_version=harness.__version__, engine=eng.name, isolation=eng.isolation, workload=spec.name, question=spec.question,
            unit=spec.unit, seed=seed, blocks=ask.timed_blocks, threads=ask.threads, cases=wanted, steps=spec.steps,
            implementations=tuple(i.name for i in chosen), jobs=jobs, timing=spec.timing, tolerance=spec.tolerance,
            builds=building.portable(builds, catalog.root), datasets=tuple(map(data.portable, sets)),
            facts={i.name: {**i.facts, "code": _code(i, spec, progress.say), **_able(i, spec)} for i in chosen},
            capabilities=spec.capabilities,
            environment=_environment(catalog, eng), claims=ask.claims or {},
            again=next((label(j.implementation, j.threads) for j in jobs if j.arm == "again"), None),
            generator=building.portable([generator], catalog.root)[0] if generator else None, turns=ask.turns,
        )  # fmt: skip
        store.create(folder, made)
        progress.say(f"seed {seed}, {len(jobs)} jobs, session {folder}")
        with store.writing(folder), session.swept(folder):
            _conduct(replace(made, datasets=sets), folder, catalog, eng, identity, progress, [])
            _probe(replace(made, datasets=sets), folder, catalog, eng, identity, progress, ask.searches)
    return folder


def resume(catalog: Catalog, folder: Path, progress: Progress, *, memory_floor: bool = False, highest_rate: int | None = None) -> Path:
    """Finish an interrupted session, with the images and the data that it began with; then search what is asked for, or go on with that."""
    made = store.read_session(folder)
    with live.marked(catalog.root) as identity, store.writing(folder), session.swept(folder):
        for name in (store.RUNS, *store.PROBES):
            if store.mend(folder, name):
                progress.say(f"warning: the last line of {folder / name} was torn; that job runs again")
        runs, _ = store.read_runs(folder)
        wanted = choosing.searches(memory_floor, highest_rate)
        if len(runs) == len(made.jobs) and not wanted:
            progress.say(f"{folder} is complete: {len(runs)} jobs")
            return folder
        if highest_rate:
            choosing.check_rates(made.cases, made.steps, catalog_module.workload(catalog, made.workload).cases, progress.say)
        eng = building.engine(made.engine, catalog.root, progress.say)
        made = replace(made, datasets=tuple(map(data.located, made.datasets)))
        session.check_resumable(made, catalog, eng)
        progress.say(f"{len(runs)} of {len(made.jobs)} jobs are recorded")
        if memory_floor:
            choosing.check_limits(eng, "--memory-floor")
        _conduct(made, folder, catalog, eng, identity, progress, runs)
        _probe(made, folder, catalog, eng, identity, progress, wanted)
    return folder


def _conduct(made: Session, folder: Path, catalog: Catalog, eng: Engine, identity: str, progress: Progress, done: Sequence[Run]) -> None:
    recorded = {r.job for r in done}
    progress.expect([j for j in made.jobs if j.id not in recorded], _history(catalog.root, eng.name))
    conductor = session.Conductor(made, folder, catalog, eng, identity, progress)
    try:
        with progress:
            for _ in conductor.run(done):
                pass
    except KeyboardInterrupt:
        progress.say(f"interrupted; what was measured is kept. Go on with: bench run --resume {folder}")
        raise


def _probe(made: Session, folder: Path, catalog: Catalog, eng: Engine, identity: str, progress: Progress, wanted: Sequence[Search]) -> None:
    """What is looked for of each that was verified, by jobs of their own."""
    conductor = session.Conductor(made, folder, catalog, eng, identity, progress)
    for search in wanted:
        tried, _ = store.read_runs(folder, search.file)
        progress.say(f"looking for {search.aim}")
        with progress:
            for _ in probing.probe(conductor, search, store.read_runs(folder)[0], tried):
                pass


def verify(catalog: Catalog, ask: Ask, progress: Progress) -> list[Run]:
    """Block 0 alone: every whole answer against the oracle, in a session that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="bench-verify-") as folder:
        Path(folder).chmod(0o755)
        path = fresh(catalog, replace(ask, out=Path(folder) / "session"), progress)
        return store.read_runs(path)[0]


def for_request(
    catalog: Catalog, workload: str, patterns: Sequence[str], changes: Params, seed: int, threads: int, say: Say
) -> Iterator[tuple[Workload, Job, Dataset, Params]]:
    """What a request by hand needs, a case each."""
    spec = catalog_module.workload(catalog, workload)
    known = choosing.select(catalog, workload, (), quick=False)
    for case in choosing.cases(spec, patterns, seed, changes):
        _, able = choosing.fitting(spec, [case], known, lambda _: None)
        job = plan.jobs(spec, [case], able[:1], seed=seed, blocks=1, cpus={threads: choose_cpus(threads)})[-1]
        everything = replace(job, steps=tuple(s.name for s in steps_of(case, spec.steps)))
        yield spec, everything, data.prepare(spec, case, say), case.params


def _able(implementation: Implementation, spec: Workload) -> dict[str, Mapping[str, str]]:
    """What it says that it can do, and what it lacks with the reason."""
    support = implementation.workloads[spec.name]
    return {"can": support.can, "lacks": support.lacks}


def _code(implementation: Implementation, spec: Workload, say: Say) -> dict[str, int] | None:
    """How much code of its own it took (the protocol packages are everyone's); None, aloud, where that can't be counted."""
    try:
        return asdict(codesize.count([implementation.folder / name for name in implementation.workloads[spec.name].source]))
    except UserError as error:
        say(f"{implementation.name}: its code is not counted: {error}")
        return None


def _environment(catalog: Catalog, eng: Engine) -> dict[str, object]:
    toolchains = {lang.name: lang.version for lang in catalog.languages.values()}
    docker = eng.version() if isinstance(eng, DockerEngine) else None
    return {
        "machine": environment.machine(), "software": environment.software(catalog.root, toolchains), "docker": docker,
        "state": environment.state(),
    }  # fmt: skip
