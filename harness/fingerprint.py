"""Says by what two sessions differ that would move their figures although no implementation has changed. Pure.

What is compared is what a figure depends on: the machine and how it is set, the engine, the limits, the work, the bases of the images.
Seeds are no part of it: every session draws a fresh one, and the inputs are drawn alike. Of an input that both sessions say they
share (a real one, or one of the same seed) the bytes must be the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.model import Case, Dataset, Session

ABSENT = "not recorded"
MACHINE = {
    "cpu_model": "CPU model",
    "microcode": "microcode",
    "cpus": "logical CPUs",
    "cores": "cores",
    "isolated_cpus": "isolated CPUs",
    "governor": "frequency governor",
    "turbo": "turbo",
    "smt": "SMT",
    "swap_bytes": "swap, bytes",
    "kernel": "kernel",
    "cgroup": "cgroup version",
    "virtualisation": "virtualisation",
    "clock_source": "clock source",
    "transparent_huge_pages": "transparent huge pages",
    "aslr": "address randomisation",
    "overcommit": "memory overcommit",
}
"""What of the machine counts. Left out: the kernel's command line (it names disks and boot images; what matters of it shows in the other
items) and the highest frequency, which virtual machines make up anew. A kernel's patch level counts: the one large shift that a nightly
service saw in months of use came from it (arXiv 2510.11310)."""
MEMORY_SLACK = 0.01
"""How much the memory that the kernel reports may differ, as a share: it moves by some megabytes from boot to boot."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One item that is not the same in both sessions, in words."""

    item: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.item}: {self.before} before, {self.after} after"


def differences(before: Session, after: Session) -> tuple[Difference, ...]:
    """All that makes the two not comparable, in a fixed order; empty where they are."""
    one, two = dict(_items(before)), dict(_items(after))
    items = [*one, *(item for item in two if item not in one)]
    plain = [Difference(i, one.get(i, ABSENT), two.get(i, ABSENT)) for i in items if one.get(i) != two.get(i)]
    return (*_machines(before, after), *plain, *_memory(before, after), *_inputs(before, after))


def _machines(before: Session, after: Session) -> Iterator[Difference]:
    """A session that doesn't say where it was made can't be compared, not even with another that doesn't."""
    told = ["recorded" if _part(s, "machine") else ABSENT for s in (before, after)]
    if ABSENT in told:
        yield Difference("machine", *told)


def _part(session: Session, name: str) -> Mapping[str, object]:
    part = session.environment.get(name)
    return part if isinstance(part, Mapping) else {}


def _text(value: object) -> str:
    return ABSENT if value is None else str(value)


def _items(session: Session) -> Iterator[tuple[str, str]]:
    """Item -> value, both in words."""
    machine = _part(session, "machine")
    for key, item in MACHINE.items():
        yield item, _text(machine.get(key))
    mitigations = machine.get("mitigations")
    for name, value in sorted(mitigations.items()) if isinstance(mitigations, Mapping) else ():
        yield f"mitigation of {name}", str(value)
    yield "engine", session.engine
    yield from _underneath(session)
    yield "workload", session.workload
    yield "steps", ", ".join(s.name for s in session.steps)
    yield "passes", f"{session.timing.warmup} warm-up and {session.timing.timed} timed"
    yield "stall meter", "none" if session.turns else f"every {session.timing.meter_interval_ns / 1e6:g} ms"
    yield "jobs of a block", "pass for pass in turns" if session.turns else "one after the other"
    yield from _limits(session)


def _underneath(session: Session) -> Iterator[tuple[str, str]]:
    """What an implementation stands on: the daemon and base images of containers; libc and toolchains of local processes."""
    for key, value in sorted(_part(session, "docker").items()):
        yield f"docker {key}", _text(value)
    bases = {name: reference for build in session.builds for name, reference in build.bases.items()}
    for name, reference in sorted(bases.items()):
        yield f"base image {name}", reference
    if session.engine == "local":
        yield "libc", _text(_part(session, "machine").get("libc"))
        toolchains = _part(session, "software").get("toolchains")
        for name, value in sorted(toolchains.items()) if isinstance(toolchains, Mapping) else ():
            yield f"toolchain of {name}", _text(value)


def _limits(session: Session) -> Iterator[tuple[str, str]]:
    yield "thread counts", ", ".join(map(str, sorted(session.threads)))
    for threads in sorted(session.threads):
        cpus = {job.limits.cpus for job in session.jobs if job.threads == threads}
        yield f"CPUs of a job with {threads} thread{'s' * (threads != 1)}", "; ".join(",".join(map(str, c)) for c in sorted(cpus))


def _memory(before: Session, after: Session) -> Iterator[Difference]:
    one, two = (_part(s, "machine").get("memory_bytes") for s in (before, after))
    if isinstance(one, int) and isinstance(two, int):
        if abs(one - two) > MEMORY_SLACK * max(one, two):
            yield Difference("memory", f"{one / 2**30:.1f} GiB", f"{two / 2**30:.1f} GiB")
    elif one != two:
        yield Difference("memory", _text(one), _text(two))


def _inputs(before: Session, after: Session) -> Iterator[Difference]:
    """By case that both have; a case that only one has is no obstacle to comparing the others."""
    theirs, sets = {c.name: c for c in after.cases}, {d.case: d for d in after.datasets}
    for case in before.cases:
        if case.name in theirs:
            yield from _case(case, theirs[case.name])
            mine = next((d for d in before.datasets if d.case == case.name), None)
            yield from _dataset(mine, sets.get(case.name), same=case.seed == theirs[case.name].seed)
    if not theirs.keys() & {c.name for c in before.cases}:
        yield Difference("cases", ", ".join(c.name for c in before.cases) or "none", ", ".join(theirs) or "none")


def _case(before: Case, after: Case) -> Iterator[Difference]:
    for key in sorted(before.params.keys() | after.params.keys()):
        one, two = before.params.get(key), after.params.get(key)
        if one != two:
            yield Difference(f"{before.name}: {key}", _text(one), _text(two))
    if _limit(before) != _limit(after):
        yield Difference(f"{before.name}: memory limit", _limit(before), _limit(after))


def _limit(case: Case) -> str:
    return f"{case.memory_share:g} times its own peak" if case.memory_share else f"{case.memory_bytes / 2**20:g} MiB"


def _dataset(before: Dataset | None, after: Dataset | None, *, same: bool) -> Iterator[Difference]:
    if before is None or after is None:
        return
    if before.units != after.units:
        yield Difference(f"{before.case}: units of input", str(before.units), str(after.units))
    elif same and before.digest != after.digest:
        yield Difference(f"{before.case}: input of the same seed", before.digest, after.digest)
