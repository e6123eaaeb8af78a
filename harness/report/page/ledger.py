"""What each implementation is (its ledger), and what the machine was: records of any shape -> tables, missing entries left out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from harness.model import Build, Run, Session
from harness.report.words import UNKNOWN, number, short, size


@dataclass(frozen=True, slots=True)
class Entry:
    """One implementation; figures are None where nobody counted."""

    name: str
    language: str
    track: str
    contest: bool
    summary: str
    runtime: str
    allocator: str
    collector: str
    inside: str
    flags: tuple[str, ...]
    direct: tuple[str, ...]
    lines: float | None
    image: float | None
    binary: float | None
    built: float | None
    clean: float | None
    outcome: str
    reason: str
    reviewed: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def _held(found: object, *path: str) -> object:
    """What stands there, or None: the records are of any shape."""
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _text(found: object) -> str:
    return found if isinstance(found, str) else ""


def _real(found: object) -> float | None:
    return float(found) if isinstance(found, (int, float)) and not isinstance(found, bool) and math.isfinite(found) else None


def _listed(found: object) -> tuple[str, ...]:
    return tuple(str(item) for item in found) if isinstance(found, (list, tuple)) else ()


def entries(session: Session, runs: Sequence[Run]) -> list[Entry]:
    """Every implementation that the session names, built or not."""
    builds = {build.implementation: build for build in session.builds}
    ran = {run.implementation: run for run in runs}
    return [_entry(name, session.facts.get(name, {}), builds.get(name), ran.get(name)) for name in session.implementations]


def _entry(name: str, facts: Mapping[str, object], build: Build | None, run: Run | None) -> Entry:
    hello = (build.hello if build else None) or (run.hello if run else None)
    reviewed = _held(facts, "ledger", "reviewed")
    return Entry(
        name, name.partition("/")[0], run.track if run else _text(facts.get("track")), run.contest if run else True,
        _text(facts.get("summary")), hello.runtime if hello else "",
        _text(_held(facts, "runtime", "allocator")) or (hello.allocator or "" if hello else ""),
        _text(_held(facts, "runtime", "collector")), _text(_held(facts, "dependencies", "inside")),
        _listed(_held(facts, "runtime", "flags")), _listed(_held(facts, "dependencies", "direct")), _real(_held(facts, "code", "lines")),
        _real(build.image_bytes) if build else None, _real(build.artifact_bytes) if build else None, build.seconds if build else None,
        median(build.clean_seconds) if build and build.clean_seconds else None, build.outcome if build else "no record",
        (build.reason or "") if build else "",
        tuple((_text(_held(r, "against")), _text(_held(r, "finding"))) for r in (reviewed if isinstance(reviewed, (list, tuple)) else ())),
        _listed(_held(facts, "ledger", "notes")),
    )  # fmt: skip


def environment(session: Session) -> list[tuple[str, list[tuple[str, str]]]]:
    """The machine and its software: groups of names and values, as the session found them; a group within another follows it."""
    return [group for name, found in session.environment.items() if name != "state" for group in _groups(name, found)]


def _groups(name: str, found: object) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    if not isinstance(found, Mapping) or not found:
        return
    own = [_fact(key, value) for key, value in found.items() if not isinstance(value, Mapping)]
    if own:
        yield name.replace("_", " "), own
    for key, value in found.items():
        yield from _groups(f"{name}, {key}", value)


def _fact(key: str, value: object) -> tuple[str, str]:
    name = key.replace("_", " ")
    return (name.removesuffix(" bytes"), size(_real(value))) if key.endswith("_bytes") else (name, _said(value))


def _said(value: object) -> str:
    match value:
        case None:
            return UNKNOWN
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(map(str, value)) or "none"
    return str(value)


SPOILERS = (
    ("load_1min", "load, 1 minute", "it exceeds what the jobs themselves make: another program runs"),
    ("pressure_cpu", "CPU pressure, %", "it is high before a job: something else wants the CPUs"),
    ("pressure_memory", "memory pressure, %", "it is above 0: memory is being reclaimed"),
    ("pressure_io", "I/O pressure, %", "it is high before a job: the disk is at work"),
    ("steal_s", "CPU steal, s", "it rises: the host gave the CPU to another machine"),
    ("temperature_c", "temperature, °C", "it nears the limit at which the CPU slows down"),
    ("mhz", "clock, MHz", "it differs between runs"),
    ("reference_ms", "CPU time of the same work, ms", "it differs between runs: the CPU was slower, by a neighbour, heat or its clock"),
    ("memory_available_bytes", "memory available", "it is little: the kernel starts to reclaim"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class State:
    """One thing that would spoil a run, over all runs: least, median and most before a run, and the largest change during one."""

    name: str
    least: str
    median: str
    most: str
    change: str
    spoils: str
    seen: bool


def states(runs: Sequence[Run]) -> list[State]:
    """The state of the machine around the runs."""
    return [_state(runs, *spoiler) for spoiler in SPOILERS]


def _state(runs: Sequence[Run], key: str, name: str, spoils: str) -> State:
    before = [v for run in runs if (v := _real(run.state_before.get(key))) is not None]
    pairs = [(_real(run.state_before.get(key)), _real(run.state_after.get(key))) for run in runs]
    changes = [b - a for a, b in pairs if a is not None and b is not None]
    if not before:
        return State(name, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, spoils, seen=False)
    text = size if key.endswith("_bytes") else lambda v: short(number(v))
    change = max(changes, key=abs, default=None)
    sign = "" if not change else "+" if change > 0 else "−"
    said = UNKNOWN if change is None else f"{sign}{text(abs(change))}"
    return State(name, text(min(before)), text(median(before)), text(max(before)), said, spoils, seen=True)
