"""Reads the folders of workloads, languages and implementations into nouns. An error names the file and the key.

Adding a folder is all it takes to add any of them. The structs here mirror the files' format; they are converted once, at this boundary.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from string import Formatter
from typing import Literal, TypeVar

import msgspec

from harness.model import (
    CaseSpec,
    DockerRecipe,
    Implementation,
    Language,
    LocalRecipe,
    Step,
    Support,
    Timing,
    Tolerance,
    Track,
    UserError,
    Workload,
)

T = TypeVar("T")
PLACEHOLDERS = {"impl", "language", "variant", "build", "cache", "python"}
"""What the strings of a local recipe may name; runner/local_build.py fills them in."""


class _File(msgspec.Struct, forbid_unknown_fields=True):
    """A table of one of our files: an unknown key is a mistake."""


class _Timing(_File):
    warmup: int
    timed: int
    meter_interval_ms: float = 10
    meter_threshold_ms: float = 8


class _Step(_File):
    name: str
    title: str
    keys: tuple[str, ...]
    values: tuple[str, ...]


class _Case(_File):
    name: str
    summary: str
    params: dict[str, int | float | str]
    time_limit_s: float
    memory_mb: int
    default: bool = False
    seeded: bool = True


class _Workload(_File):
    title: str
    question: str
    unit: str
    prose: str
    timing: _Timing
    tolerance: Tolerance
    answer_types: dict[str, Literal["text", "integer", "float"]]
    steps: tuple[_Step, ...]
    cases: tuple[_Case, ...]


class _Local(_File):
    build: tuple[tuple[str, ...], ...]
    run: tuple[str, ...]
    env: dict[str, str] = {}
    artifact: str | None = None


class _Docker(_File):
    dockerfile: str
    artifact: str | None = None


class _Language(_File):
    title: str
    version: tuple[str, ...]
    requires: tuple[str, ...]
    local: _Local
    docker: _Docker


class _Support(_File):
    lacks: dict[str, str] = {}
    source: tuple[str, ...] = ()


class _Runtime(_File):
    threads: str
    allocator: str | None = None
    flags: tuple[str, ...] = ()
    collector: str | None = None


class _Dependencies(_File):
    direct: tuple[str, ...] = ()
    lock: tuple[str, ...] = ()
    inside: str = ""


class _Ledger(_File):
    reviewed: tuple[dict[str, str], ...] = ()
    notes: tuple[str, ...] = ()


class _Implementation(_File):
    track: Track
    summary: str
    workloads: dict[str, _Support]
    runtime: _Runtime
    dependencies: _Dependencies
    ledger: _Ledger
    contest: bool = True
    quick: bool = False


def _read(path: Path, shape: type[T]) -> T:
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), shape)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not TOML: {error}; mend the file") from None
    except msgspec.ValidationError as error:
        raise UserError(f"{path}: {error}; compare with the file's neighbours or CONTRIBUTING.md") from None
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; is this a complete checkout?") from None


def _workload(path: Path) -> Workload:
    f = _read(path, _Workload)
    timing = Timing(f.timing.warmup, f.timing.timed, int(f.timing.meter_interval_ms * 1e6), int(f.timing.meter_threshold_ms * 1e6))
    cases = tuple(CaseSpec(c.name, c.summary, c.params, c.time_limit_s, c.memory_mb << 20, c.default, c.seeded) for c in f.cases)
    steps = tuple(Step(s.name, s.title, s.keys, s.values) for s in f.steps)
    for step in steps:
        if blurred := [key for key in step.keys if f.answer_types.get(key) == "float"]:
            raise UserError(f"{path}: step {step.name}: key '{blurred[0]}' is a float; rows are paired by keys, so make it text or integer")
        for column in (*step.keys, *step.values):
            if column not in f.answer_types:
                raise UserError(f"{path}: step {step.name}: no entry for '{column}' in [answer_types]; add one (text, integer or float)")
    return Workload(path.parent.name, f.title, f.question, f.unit, f.prose, steps, timing, f.tolerance, f.answer_types, cases, path.parent)


def _check_placeholders(path: Path, local: _Local) -> None:
    """UserError where a string of a recipe could not be filled in, found before anything is built."""
    for text in (*(part for step in local.build for part in step), *local.run, *local.env.values(), local.artifact or ""):
        try:
            unknown = {name for _, name, _, _ in Formatter().parse(text) if name is not None} - PLACEHOLDERS
        except ValueError as error:
            raise UserError(f"{path}: [local]: '{text}': {error}; write a brace that is meant as such twice") from None
        if unknown:
            names = ", ".join(f"{{{name}}}" for name in sorted(PLACEHOLDERS))
            raise UserError(f"{path}: [local]: '{text}': no such placeholder; there are: {names}")


def _language(path: Path) -> Language:
    f = _read(path, _Language)
    _check_placeholders(path, f.local)
    local = LocalRecipe(f.local.build, f.local.run, f.local.env, f.local.artifact)
    docker = DockerRecipe(f.docker.dockerfile, f.docker.artifact)
    return Language(path.parent.name, f.title, f.version, f.requires, local, docker, path.parent)


def _implementation(path: Path) -> Implementation:
    f = _read(path, _Implementation)
    language, variant = path.parent.parent.name, path.parent.name
    support = {name: Support(s.lacks, s.source) for name, s in f.workloads.items()}
    facts = {key: msgspec.to_builtins(getattr(f, key)) for key in ("runtime", "dependencies", "ledger")}
    return Implementation(
        f"{language}/{variant}",
        language,
        variant,
        f.track,
        f.summary,
        f.contest,
        f.quick,
        support,
        path.parent,
        {"summary": f.summary, **facts},
    )


@dataclass(frozen=True, slots=True)
class Catalog:
    """All that a checkout offers, by name."""

    root: Path
    workloads: Mapping[str, Workload]
    languages: Mapping[str, Language]
    implementations: Mapping[str, Implementation]


def load(root: Path) -> Catalog:
    """Read the checkout at `root`; UserError where a file is missing or broken."""
    workloads = {w.name: w for w in map(_workload, sorted(root.glob("workloads/*/workload.toml")))}
    languages = {lang.name: lang for lang in map(_language, sorted(root.glob("impls/*/language.toml")))}
    implementations = {i.name: i for i in map(_implementation, sorted(root.glob("impls/*/*/impl.toml")))}
    if not workloads or not implementations:
        raise UserError(f"{root}: no workloads/ or impls/ with their .toml files; run inside a checkout or set BENCH_ROOT to one")
    for impl in implementations.values():
        if impl.language not in languages:
            raise UserError(f"{impl.folder / 'impl.toml'}: there is no ../language.toml; add one, see CONTRIBUTING.md")
        for name, support in impl.workloads.items():
            if name not in workloads:
                raise UserError(f"{impl.folder / 'impl.toml'}: [workloads.{name}]: no such workload; there are: {', '.join(workloads)}")
            unknown = set(support.lacks) - {s.name for s in workloads[name].steps}
            if unknown:
                raise UserError(f"{impl.folder / 'impl.toml'}: workloads.{name}.lacks: no such step: {', '.join(sorted(unknown))}")
    return Catalog(root, workloads, languages, implementations)


def workload(catalog: Catalog, name: str) -> Workload:
    """The workload of that name, or a UserError that lists the ones there are."""
    if name not in catalog.workloads:
        raise UserError(f"no workload '{name}'; there are: {', '.join(catalog.workloads)}")
    return catalog.workloads[name]


def matching(kind: str, patterns: Iterable[str], names: Iterable[str]) -> tuple[str, ...]:
    """Names that match any of the patterns (names or globs), in catalogue order; a pattern that matches nothing is a UserError."""
    names, chosen = list(names), set[str]()
    for pattern in patterns:
        hits = [n for n in names if fnmatchcase(n, pattern)]
        if not hits:
            raise UserError(f"no {kind} matches '{pattern}'; there are: {', '.join(names)}")
        chosen.update(hits)
    return tuple(n for n in names if n in chosen)
