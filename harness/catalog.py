"""Reads the folders of workloads, languages and implementations into nouns. An error names the file and the key.

Adding a folder is all it takes to add any of them. The structs here mirror the files' format; they are converted once, at this boundary.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from string import Formatter
from typing import Annotated, Literal, TypeVar

import msgspec

from harness.model import (
    CaseSpec,
    DockerRecipe,
    Format,
    Implementation,
    Language,
    LocalRecipe,
    Step,
    Support,
    Table,
    Timing,
    Tolerance,
    Track,
    Traffic,
    UserError,
    Workload,
    steps_of,
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
    writes: Format | None = None
    beside: tuple[str, ...] = ()
    tally: tuple[str, ...] = ()
    traffic: Traffic | None = None


class _Case(_File):
    name: str
    summary: str
    params: dict[str, int | float | str]
    time_limit_s: float
    memory_mb: int
    default: bool = False
    seeded: bool = True
    steps: tuple[str, ...] = ()
    memory_share: Annotated[float, msgspec.Meta(ge=1)] | None = None


class _Workload(_File):
    title: str
    question: str
    unit: str
    prose: str
    timing: _Timing
    tolerance: Tolerance
    answer_types: dict[str, Literal["text", "integer", "float", "time"]]
    steps: tuple[_Step, ...]
    cases: tuple[_Case, ...]
    tables: dict[str, Table] = {}
    capabilities: dict[str, str] = {}


class _Local(_File):
    build: tuple[tuple[str, ...], ...]
    run: tuple[str, ...]
    env: dict[str, str] = {}
    artifact: str | None = None
    requires: tuple[str, ...] = ()

    def recipe(self) -> LocalRecipe:
        return LocalRecipe(self.build, self.run, self.env, self.artifact, self.requires)


class _Docker(_File):
    dockerfile: str
    artifact: str | None = None
    arguments: dict[str, str] = {}
    context: str | None = None

    def recipe(self) -> DockerRecipe:
        return DockerRecipe(self.dockerfile, self.artifact, self.arguments, self.context)


class _Language(_File):
    title: str
    version: tuple[str, ...]
    requires: tuple[str, ...]
    local: _Local
    docker: _Docker


class _Support(_File):
    lacks: dict[str, str] = {}
    source: tuple[str, ...] = ()
    can: dict[str, str] = {}


class _Runtime(_File):
    threads: str
    allocator: str | None = None
    flags: tuple[str, ...] = ()
    collector: str | None = None


class _Dependencies(_File):
    direct: tuple[str, ...] = ()
    lock: tuple[str, ...] = ()
    inside: str = ""
    binaries: tuple[str, ...] = ()


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
    docker: _Docker | None = None
    local: _Local | None = None
    beside: tuple[str, ...] = ()


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
    cases = tuple(
        CaseSpec(c.name, c.summary, c.params, c.time_limit_s, c.memory_mb << 20, c.default, c.seeded, c.steps, c.memory_share)
        for c in f.cases
    )
    steps = tuple(Step(s.name, s.title, s.keys, s.values, s.writes, s.beside, s.tally, s.traffic) for s in f.steps)
    found = Workload(
        path.parent.name,
        f.title,
        f.question,
        f.unit,
        f.prose,
        steps,
        timing,
        f.tolerance,
        f.answer_types,
        cases,
        path.parent,
        f.tables,
        f.capabilities,
    )
    if why := next(_mistakes(found), None):
        raise UserError(f"{path}: {why}")
    return found


def _mistakes(workload: Workload) -> Iterator[str]:
    """What the parts of a workload's file say against each other."""
    names = [step.name for step in workload.steps]
    for step in workload.steps:
        yield from _column_mistakes(f"step {step.name}", step, workload)
        if step.writes is None and (step.beside or step.tally):
            yield f"step {step.name}: only a step that writes has tables beside it or a tally; give it writes"
        for name in step.beside:
            if name not in workload.tables:
                yield f"step {step.name}: beside: no [tables.{name}]; add it"
    for name, table in workload.tables.items():
        yield from _column_mistakes(f"table {name}", table, workload)
    for case in workload.cases:
        if len(served := [s for s in steps_of(case, workload.steps) if s.traffic]) > 1:
            yield f"case {case.name}: {len(served)} steps with traffic; a server is started for one, so name one in steps"
        if unknown := [name for name in case.steps if name not in names]:
            yield f"case {case.name}: no such step: {', '.join(unknown)}; there are: {', '.join(names)}"


def _column_mistakes(what: str, table: Step | Table, workload: Workload) -> Iterator[str]:
    for key in table.keys:
        if workload.answer_types.get(key) == "float":
            yield f"{what}: key '{key}' is a float; rows are paired by keys, so make it text, integer or time"
    for column in (*table.keys, *table.values):
        if column not in workload.answer_types:
            yield f"{what}: no entry for '{column}' in [answer_types]; add one (text, integer, float or time)"


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
    return Language(path.parent.name, f.title, f.version, f.requires, f.local.recipe(), f.docker.recipe(), path.parent)


def _implementation(path: Path) -> Implementation:
    f = _read(path, _Implementation)
    if f.local:
        _check_placeholders(path, f.local)
    if absent := [place for place in f.beside if not (path.parent / place).exists()]:
        raise UserError(f"{path}: beside: there is no {absent[0]}; give places of files and folders from {path.parent}")
    language, variant = path.parent.parent.name, path.parent.name
    support = {name: Support(s.lacks, s.source, s.can) for name, s in f.workloads.items()}
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
        f.docker.recipe() if f.docker else None,
        f.local.recipe() if f.local else None,
        tuple((path.parent / place).resolve() for place in f.beside),
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
            _check_support(impl.folder / "impl.toml", workloads[name], support)
    found = {name: replace(impl, workloads=_by_step(impl, workloads)) for name, impl in implementations.items()}
    return Catalog(root, workloads, languages, found)


def _by_step(impl: Implementation, workloads: Mapping[str, Workload]) -> dict[str, Support]:
    """What it takes of each workload, with the patterns of what it lacks spelt out."""
    return {
        name: replace(
            support,
            lacks={s.name: why for s in workloads[name].steps for pattern, why in support.lacks.items() if fnmatchcase(s.name, pattern)},
        )
        for name, support in impl.workloads.items()
    }


def _check_support(path: Path, workload: Workload, support: Support) -> None:
    names = [step.name for step in workload.steps]
    if strange := [pattern for pattern in support.lacks if not any(fnmatchcase(name, pattern) for name in names)]:
        raise UserError(f"{path}: workloads.{workload.name}.lacks: no such step: {', '.join(sorted(strange))}")
    if workload.capabilities and (unknown := set(support.can) - set(workload.capabilities)):
        raise UserError(f"{path}: workloads.{workload.name}.can: no such capability: {', '.join(sorted(unknown))}")


def load_generator(catalog: Catalog) -> tuple[Implementation, Language]:
    """The program that makes requests of what is served: built and started like an implementation, but it takes no workload."""
    folder = catalog.root / "docker" / "load-generator"
    f = _read(folder / "tool.toml", _Language)
    _check_placeholders(folder / "tool.toml", f.local)
    language = Language("load", f.title, f.version, f.requires, f.local.recipe(), f.docker.recipe(), folder)
    tool = Implementation(
        "load/generator", "load", "generator", "tuned", f.title, contest=False, quick=True, workloads={}, folder=folder, facts={}
    )
    return tool, language


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
