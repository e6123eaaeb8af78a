"""Filters x cases x implementations -> Jobs in a seeded, balanced order. Pure: the same arguments give the same plan.

Each block runs every treatment (an implementation at a number of threads; one of them twice, for A/A) once on each case. The orders
come from a Williams design (Williams 1949): over a whole square every treatment stands in every position equally often and follows every
other equally often (for an odd number over two squares), so neither a drift within a block nor what ran before favours one. Labels and
rows are shuffled by the seed. Drawing each block's order independently was the road not taken: with 5 to 20 blocks positions stay
visibly uneven.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.model import Arm, Case, CaseSpec, Implementation, Job, Limits, Params, UserError, Workload, kind, label, steps_of

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Treatment:
    """What a job is given beside its case."""

    implementation: Implementation
    threads: int
    cpus: tuple[int, ...]
    arm: Arm = "test"

    @property
    def label(self) -> str:
        """What it counts as."""
        return label(self.implementation.name, self.threads, self.arm)


def williams(n: int) -> list[list[int]]:
    """The rows of a balanced design for n treatments: n rows if n is even, 2n if odd (n = 1 gives one row)."""
    if n == 1:
        return [[0]]
    first = [0]
    for k in range(1, n):
        first.append((n - (k + 1) // 2) if k % 2 else k // 2)
    rows = [[(x + shift) % n for x in first] for shift in range(n)]
    return rows if n % 2 == 0 else rows + [row[::-1] for row in rows]


def orders(names: Sequence[str], blocks: int, rng: random.Random) -> Iterator[list[str]]:
    """One order of `names` a block: whole designs after one another, each with fresh labels and rows.

    Rows are dealt so that any n consecutive blocks of a square are balanced over positions.
    """
    done = 0
    while done < blocks:
        labels = list(names)
        rng.shuffle(labels)
        rows = williams(len(labels))
        squares = [rows[i : i + len(labels)] for i in range(0, len(rows), len(labels))]
        rng.shuffle(squares)
        for square in squares:
            rng.shuffle(square)
            for row in square:
                if done == blocks:
                    return
                yield [labels[i] for i in row]
                done += 1


def case_of(workload: Workload, spec: CaseSpec, seed: int, changes: Mapping[str, int | float | str]) -> Case:
    """The case with its seed and changed parameters; UserError for a parameter it doesn't have or of another type."""
    for key, value in changes.items():
        if key not in spec.params:
            raise UserError(f"case '{spec.name}' has no parameter '{key}'; it has: {', '.join(spec.params)}")
        own = spec.params[key]
        if not isinstance(value, int | float if isinstance(own, float) else type(own)):
            raise UserError(f"parameter '{key}': '{value}' is of another type than '{spec.params[key]}'")
    params: Params = {**spec.params, **changes}
    changed = ",".join(f"{k}={v}" for k, v in sorted(changes.items()) if spec.params[k] != v)
    name = f"{spec.name}[{changed}]" if changed else spec.name
    return Case(
        workload.name, name, params, seed if spec.seeded else 0, spec.time_limit_s, spec.memory_bytes, spec.steps, spec.memory_share
    )


def asked(workload: Workload, case: Case, implementation: Implementation) -> tuple[str, ...]:
    """The case's steps that the implementation does not lack; where there is none, it has no job on that case."""
    lacks = implementation.workloads[workload.name].lacks
    return tuple(step.name for step in steps_of(case, workload.steps) if step.name not in lacks)


def _job(workload: Workload, given: Treatment, case: Case, seed: int, block: int, position: int) -> Job:
    steps = asked(workload, case, given.implementation)
    limits = Limits(cpus=given.cpus, memory_bytes=case.memory_bytes, time_s=case.time_limit_s)
    who = given.label.replace("/", "-").replace(" (again)", "-again")
    timing = workload.timing
    job = Job(
        f"b{block:03d}-p{position:02d}-{who}-{case.name}", "timed", given.implementation.name, workload.name, case.name, seed, block,
        position, given.threads, timing.warmup, timing.timed, steps, limits, given.arm,
    )  # fmt: skip
    return job if block else replace(job, kind="verify", warmup=0, timed=1)


def limited(job: Job, case: Case, peak_bytes: int | None) -> Job | None:
    """The job under its case's own limit, or the case's share of `peak_bytes`, the most that the kernel counted in verification.

    None where that is not known. Up to a whole MiB, as limits are told. Not the least limit that passes (`--memory-floor`): to find it
    takes a dozen jobs each, and it is a limit under which some pass by luck.
    """
    if case.memory_share is None:
        return job
    if peak_bytes is None:
        return None
    return replace(job, limits=replace(job.limits, memory_bytes=math.ceil(case.memory_share * peak_bytes / MIB) * MIB))


def treatments(
    implementations: Sequence[Implementation],
    cpus: Mapping[int, tuple[int, ...]],
    seed: int,
    *,
    again: bool,
    twins: Sequence[Implementation] | None = None,
) -> list[Treatment]:
    """Each implementation at each number of threads; `again` adds one of them (of `twins`), drawn by the seed, for A/A."""
    given = [Treatment(impl, threads, own) for threads, own in cpus.items() for impl in implementations]
    if again and given:
        fit = given if twins is None else [treatment for treatment in given if treatment.implementation in twins]
        twin = random.Random(f"{seed}/again").choice(fit)  # noqa: S311 - a design, not a secret
        given.append(replace(twin, arm="again"))
    return given


def jobs(
    workload: Workload,
    cases: Sequence[Case],
    implementations: Sequence[Implementation],
    *,
    seed: int,
    blocks: int,
    cpus: Mapping[int, tuple[int, ...]],
    again: bool = False,
) -> tuple[Job, ...]:
    """The whole session in order: block 0 verifies each whole answer once, then `blocks` timed blocks.

    `cpus` gives the CPUs of each number of threads. The A/A twin is a contestant where there is one (the noise floor is theirs), and
    runs on every case, or on as many as any of them does.
    """
    rng = random.Random(f"{seed}/{workload.name}")  # noqa: S311 - a design, not a secret
    taken = {impl.name: {c.name for c in cases if asked(workload, c, impl)} for impl in implementations}
    contestants = [impl for impl in implementations if impl.contest] or implementations
    most = max((len(taken[impl.name]) for impl in contestants), default=0)
    twins = [impl for impl in contestants if len(taken[impl.name]) == most]
    by_label = {t.label: t for t in treatments(implementations, cpus, seed, again=again, twins=twins)}
    labels = {c.name: [name for name, t in by_label.items() if c.name in taken[t.implementation.name]] for c in cases}
    per_case = {name: list(orders(given, blocks + 1, rng)) for name, given in labels.items() if given}
    plan: list[Job] = []
    for block in range(blocks + 1):
        shuffled = [case for case in rng.sample(list(cases), len(cases)) if case.name in per_case]
        wanted = [(case, by_label[name]) for case in shuffled for name in per_case[case.name][block - 1 if block else blocks]]
        wanted = wanted if block else [(case, given) for case, given in wanted if given.arm == "test"]
        plan += [_job(workload, given, case, seed, block, position) for position, (case, given) in enumerate(wanted, 1)]
    return tuple(plan)


def expected_samples(job: Job) -> list[tuple[str, int, bool]]:
    """(step, pass, whether it is a warm-up) of each sample that the job owes, in order."""
    return [("load", 1, False)] + [(step, n, n <= job.warmup) for step in job.steps for n in range(1, job.warmup + job.timed + 1)]


def estimate_s(plan: Sequence[Job], history: Mapping[tuple[str, str], float]) -> tuple[float, int]:
    """Seconds that the jobs with a known predecessor will take, and how many jobs have none.

    `history` gives seconds by kind. Nothing is guessed for the others.
    """
    known = [history[key] for job in plan if (key := kind(job)) in history]
    return sum(known), len(plan) - len(known)
