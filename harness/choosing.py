"""What was asked for -> implementations, cases and the jobs of a plan. What can't be is said before anything is built."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness import building, plan, searching
from harness import catalog as catalog_module
from harness.catalog import Catalog
from harness.model import Case, CaseSpec, Implementation, Job, Params, Step, UserError, Workload, steps_of
from harness.runner.cpus import choose_cpus, company, usable
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
    passes: int | None = None
    turns: bool = False
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


def planned(
    catalog: Catalog, ask: Ask, say: Say
) -> tuple[Engine, Workload, tuple[Case, ...], tuple[Implementation, ...], int, tuple[Job, ...]]:
    """What was not named and can't be built here is left out, aloud; what was named is tried, and its failure recorded.

    The engine is looked for last: a mistake in what was asked is said without a word about the machine.
    """
    spec = catalog_module.workload(catalog, ask.workload)
    spec = replace(spec, timing=replace(spec.timing, timed=ask.passes or spec.timing.timed))
    seed = draw_seed(ask.seed)
    chosen = select(catalog, ask.workload, ask.select, quick=ask.quick)
    wanted = cases(spec, ask.case, seed, ask.param or {}, ask.time_limit)
    if ask.turns:
        check_turns(wanted, spec.steps)
    cpus = {threads: choose_cpus(threads) for threads in ask.threads}
    if ask.highest_rate:
        check_rates(wanted, spec.steps, spec.cases, say)
    eng = building.engine(ask.engine, catalog.root, say)
    if ask.memory_floor:
        check_limits(eng, "--memory-floor")
    for case in wanted:
        if case.memory_share:
            check_limits(eng, f"case '{case.name}'")
    chosen = chosen if ask.select else building.buildable(catalog, chosen, eng, say)
    if not chosen:
        raise UserError("nothing is left to run; see what this machine lacks with: bench doctor")
    wanted, chosen = fitting(spec, wanted, chosen, say)
    jobs = plan.jobs(spec, wanted, chosen, seed=seed, blocks=ask.timed_blocks, cpus=cpus, again=ask.again)
    if any(step.traffic for case in wanted for step in steps_of(case, spec.steps)):
        company(max(cpus.values(), key=len), usable())
    return eng, spec, wanted, chosen, seed, jobs


def fitting(
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


def check_limits(eng: Engine, what: str) -> None:
    """UserError where memory limits are not the kernel's, though `what` needs that."""
    if eng.name != "docker":
        raise UserError(f"{what} needs containers, for only they keep a memory limit; start a Docker daemon, or use --engine docker")


def check_turns(taken: Sequence[Case], steps: Sequence[Step]) -> None:
    """UserError where a case is served: its requests keep their own time."""
    for case in taken:
        if any(step.traffic for step in steps_of(case, steps)):
            raise UserError(f"case '{case.name}' is served, and its requests keep a time of their own; leave --turns out")


def check_rates(taken: Sequence[Case], steps: Sequence[Step], known: Sequence[CaseSpec], say: Say) -> None:
    """UserError where no case has a rate to search; of several, those without are named."""
    without = [case.name for case in taken if not searching.paced(case, steps_of(case, steps))]
    if len(without) == len(taken):
        fit = [spec.name for spec in known if searching.paced(spec, steps_of(spec, steps))]
        there = f"take one of these with --case: {', '.join(fit)}" if fit else "this workload has none"
        raise UserError(f"--highest-rate needs a case with Poisson arrivals at a rate; {there}")
    for name in without:
        say(f"{name}: not searched, it has no Poisson arrivals at a rate")
