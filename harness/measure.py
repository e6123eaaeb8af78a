"""The measuring half as the command line asks for it: choose, build, make data ready, plan, conduct."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import harness
from harness import building, codesize, data, environment, plan, probing, searching, session, store
from harness import catalog as catalog_module
from harness.catalog import Catalog
from harness.model import (
    SCHEMA,
    Case,
    CaseSpec,
    Dataset,
    Implementation,
    Job,
    Params,
    Run,
    Session,
    Step,
    UserError,
    Workload,
    kind,
    label,
    steps_of,
)
from harness.progress import Progress
from harness.runner import live
from harness.runner.docker import DockerEngine
from harness.runner.engine import Engine
from harness.searching import Search

Say = Callable[[str], None]
BLOCKS, QUICK_BLOCKS = 10, 3


@dataclass(frozen=True, slots=True)
class Ask:
    """What `bench run` was asked for; `highest_rate` is the objective of that search, in nanoseconds."""

    workload: str
    command: str
    select: tuple[str, ...] = ()
    case: tuple[str, ...] = ()
    param: Params | None = None
    engine: str = "auto"
    seed: int | None = None
    threads: tuple[int, ...] = (1,)
    again: bool = True
    claims: Mapping[str, str] | None = None
    clean_builds: int = 0
    memory_floor: bool = False
    highest_rate: int | None = None
    blocks: int | None = None
    quick: bool = False
    dry_run: bool = False
    out: Path | None = None
    time_limit: float | None = None
    yes: bool = False

    @property
    def timed_blocks(self) -> int:
        """The blocks asked for, or the mode's own number: METHODOLOGY.md 3."""
        if self.blocks is not None or self.searches:
            return self.blocks or 0
        return QUICK_BLOCKS if self.quick else BLOCKS

    @property
    def searches(self) -> tuple[Search, ...]:
        """What is looked for by probes."""
        return searches(self.memory_floor, self.highest_rate)


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


def searches(memory_floor: bool, highest_rate: int | None) -> tuple[Search, ...]:
    """The searches asked for, in the order in which they are made."""
    floor = (searching.FloorSearch(),) if memory_floor else ()
    return (*floor, searching.RateSearch(highest_rate)) if highest_rate else floor


def draw_seed(seed: int | None) -> int:
    """The seed asked for, or a fresh one: no session repeats another's input unless it is told to."""
    return random.SystemRandom().randrange(2**31) if seed is None else seed


def select(catalog: Catalog, workload: str | None, patterns: Sequence[str], *, quick: bool) -> tuple[Implementation, ...]:
    """Implementations by patterns (all where there are none) that take the workload."""
    fitting = [i for i in catalog.implementations.values() if workload is None or workload in i.workloads]
    if quick and not patterns:
        fitting = [i for i in fitting if i.quick]
    names = catalog_module.matching("implementation", patterns or ["*"], [i.name for i in fitting])
    return tuple(catalog.implementations[n] for n in names)


def cases(spec: Workload, patterns: Sequence[str], seed: int, changes: Params, time_limit: float | None = None) -> tuple[Case, ...]:
    """Cases by patterns, or the workload's default ones."""
    defaults = [c.name for c in spec.cases if c.default]
    names = catalog_module.matching("case", patterns or defaults, [c.name for c in spec.cases])
    chosen = [plan.case_of(spec, c, seed, changes) for c in spec.cases if c.name in names]
    return tuple(replace(c, time_limit_s=time_limit) if time_limit else c for c in chosen)


def datasets(catalog: Catalog, workload: str, patterns: Sequence[str], changes: Params, seed: int, say: Say) -> tuple[Dataset, ...]:
    """The data of cases, made where it isn't there."""
    spec = catalog_module.workload(catalog, workload)
    return tuple(data.prepare(spec, case, say) for case in cases(spec, patterns, seed, changes))


def _plan(
    catalog: Catalog, ask: Ask, say: Say
) -> tuple[Engine, Workload, tuple[Case, ...], tuple[Implementation, ...], int, tuple[Job, ...]]:
    """What was not named and can't be built here is left out, aloud; what was named is tried, and its failure recorded.

    The engine is looked for last: a mistake in what was asked is said without a word about the machine.
    """
    spec = catalog_module.workload(catalog, ask.workload)
    seed = draw_seed(ask.seed)
    chosen = select(catalog, ask.workload, ask.select, quick=ask.quick)
    wanted = cases(spec, ask.case, seed, ask.param or {}, ask.time_limit)
    cpus = {threads: session.choose_cpus(threads) for threads in ask.threads}
    if ask.highest_rate:
        _check_rates(wanted, spec.steps, spec.cases, say)
    eng = building.engine(ask.engine, catalog.root, say)
    if ask.memory_floor:
        _check_limits(eng)
    chosen = chosen if ask.select else building.buildable(catalog, chosen, eng, say)
    if not chosen:
        raise UserError("nothing is left to run; see what this machine lacks with: bench doctor")
    wanted, chosen = _fitting(spec, wanted, chosen, say)
    jobs = plan.jobs(spec, wanted, chosen, seed=seed, blocks=ask.timed_blocks, cpus=cpus, again=ask.again)
    if any(step.traffic for case in wanted for step in steps_of(case, spec.steps)):
        session.company(max(cpus.values(), key=len))
    return eng, spec, wanted, chosen, seed, jobs


def _fitting(
    spec: Workload, cases: Sequence[Case], implementations: Sequence[Implementation], say: Say
) -> tuple[tuple[Case, ...], tuple[Implementation, ...]]:
    """Those that have a job together; the others are left out, aloud."""
    able = tuple(impl for impl in implementations if any(plan.asked(spec, case, impl) for case in cases))
    taken = tuple(case for case in cases if any(plan.asked(spec, case, impl) for impl in able))
    if not taken:
        raise UserError(f"nothing that was chosen has a step of {', '.join(c.name for c in cases)}; choose others, see: bench list")
    for impl in implementations:
        if impl not in able:
            say(f"{impl.name}: left out, it lacks every step of {', '.join(case.name for case in cases)}")
    for case in cases:
        if case not in taken:
            say(f"{case.name}: left out, nothing that was chosen has one of its steps")
    return taken, able


def _history(root: Path, engine: str) -> dict[tuple[str, str], float]:
    folders = sorted(p.parent for p in (root / "results").glob(f"*/{store.SESSION}"))
    return store.history(folders[-10:], engine)


def dry_run(catalog: Catalog, ask: Ask, say: Say) -> Planned:
    """The plan that `run` would follow with this seed."""
    eng, _, _, _, seed, jobs = _plan(catalog, ask, say)
    cpus = max((job.limits.cpus for job in jobs), key=len)
    return Planned(jobs, seed, cpus, _history(catalog.root, eng.name))


def fresh(catalog: Catalog, ask: Ask, progress: Progress) -> Path:
    """A new session from nothing to its last record; its folder."""
    eng, spec, wanted, chosen, seed, jobs = _plan(catalog, ask, progress.say)
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
            generator=building.portable([generator], catalog.root)[0] if generator else None,
        )  # fmt: skip
        store.create(folder, made)
        progress.say(f"seed {seed}, {len(jobs)} jobs, session {folder}")
        with store.writing(folder):
            _conduct(replace(made, datasets=sets), folder, catalog, eng, identity, progress, [])
            _probe(replace(made, datasets=sets), folder, catalog, eng, identity, progress, ask.searches)
    return folder


def resume(catalog: Catalog, folder: Path, progress: Progress, *, memory_floor: bool = False, highest_rate: int | None = None) -> Path:
    """Finish an interrupted session, with the images and the data that it began with; then search what is asked for, or go on with that."""
    made = store.read_session(folder)
    with live.marked(catalog.root) as identity, store.writing(folder):
        for name in (store.RUNS, *store.PROBES):
            if store.mend(folder, name):
                progress.say(f"warning: the last line of {folder / name} was torn; that job runs again")
        session.clear(folder)
        runs, _ = store.read_runs(folder)
        wanted = searches(memory_floor, highest_rate)
        if len(runs) == len(made.jobs) and not wanted:
            progress.say(f"{folder} is complete: {len(runs)} jobs")
            return folder
        if highest_rate:
            _check_rates(made.cases, made.steps, catalog_module.workload(catalog, made.workload).cases, progress.say)
        eng = building.engine(made.engine, catalog.root, progress.say)
        made = replace(made, datasets=tuple(map(data.located, made.datasets)))
        session.check_resumable(made, catalog, eng)
        progress.say(f"{len(runs)} of {len(made.jobs)} jobs are recorded")
        if memory_floor:
            _check_limits(eng)
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


def _check_limits(eng: Engine) -> None:
    """UserError where memory limits are not the kernel's."""
    if eng.name != "docker":
        raise UserError("--memory-floor needs containers, for only they keep a memory limit; start a Docker daemon, or use --engine docker")


def _check_rates(taken: Sequence[Case], steps: Sequence[Step], known: Sequence[CaseSpec], say: Say) -> None:
    """UserError where no case has a rate to search; of several, those without are named."""
    without = [case.name for case in taken if not searching.paced(case, steps_of(case, steps))]
    if len(without) == len(taken):
        fit = [spec.name for spec in known if searching.paced(spec, steps_of(spec, steps))]
        there = f"take one of these with --case: {', '.join(fit)}" if fit else "this workload has none"
        raise UserError(f"--highest-rate needs a case with Poisson arrivals at a rate; {there}")
    for name in without:
        say(f"{name}: not searched, it has no Poisson arrivals at a rate")


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
    known = select(catalog, workload, (), quick=False)
    for case in cases(spec, patterns, seed, changes):
        _, able = _fitting(spec, [case], known, lambda _: None)
        job = plan.jobs(spec, [case], able[:1], seed=seed, blocks=1, cpus={threads: session.choose_cpus(threads)})[-1]
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


def listing(catalog: Catalog) -> dict[str, list[dict[str, Any]]]:
    """What there is, for `bench list`."""
    return {
        "workloads": [
            {"name": w.name, "title": w.title, "steps": {s.name: s.title for s in w.steps},
             "cases": [
                 {"name": c.name, "summary": c.summary, "default": c.default, "params": c.params,
                  "steps": [s.name for s in steps_of(c, w.steps)]}
                 for c in w.cases
             ]}
            for w in catalog.workloads.values()
        ],
        "implementations": [
            {"name": i.name, "language": i.language, "track": i.track, "contest": i.contest, "quick": i.quick, "summary": i.summary,
             "workloads": {n: {"lacks": s.lacks, "can": s.can} for n, s in i.workloads.items()}}
            for i in catalog.implementations.values()
        ],
    }  # fmt: skip
