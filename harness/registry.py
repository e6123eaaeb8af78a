"""Reads claims/ into the Registry. A claim is checked before anything is judged by it; an error names the file and the key.

The digest is of a file's very bytes: a claim that was edited after a session began no longer has the digest that the session noted.
Metrics and what the catalogue holds are given by the caller, so that a claim can't name what can't be run.
"""

from __future__ import annotations

import hashlib
import math
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

import msgspec

from harness.model import Claim, Contrast, Implementation, Registry, Rule, Undecidable, UserError, Workload

T = TypeVar("T")
ID = re.compile(r"C[0-9]{2}")
LABEL = re.compile(r"(?P<implementation>[a-z0-9_-]+/[a-z0-9_-]+)(@(?P<threads>[2-9]|[1-9][0-9]+))?")
"""`language/variant`, or with its threads where they are more than one."""
BEYOND = "undecidable"
"""The stem of the file with what no benchmark decides."""


class _File(msgspec.Struct, forbid_unknown_fields=True):
    """A table of one of our files: an unknown key is a mistake."""


class _Contrast(_File):
    name: str
    workload: str
    cases: tuple[str, ...]
    metric: str
    of: str
    to: str
    why: str
    least: float | None = None
    most: float | None = None
    steps: tuple[str, ...] | None = None
    against: str | None = None


class _Claim(_File):
    id: str
    title: str
    section: str
    hypothesis: str
    rule: Rule
    blocks: int
    unmeasured: tuple[str, ...]
    notes: tuple[str, ...]
    contrasts: tuple[_Contrast, ...] = ()


class _Topic(_File):
    topic: str
    why: str


class _Undecidable(_File):
    undecidable: tuple[_Topic, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    metrics: Collection[str]
    workloads: Mapping[str, Workload]
    implementations: Mapping[str, Implementation]


def load(
    root: Path, metrics: Collection[str], workloads: Mapping[str, Workload], implementations: Mapping[str, Implementation]
) -> Registry:
    """The registry of the checkout at `root`, empty where it has no claims/; UserError where an entry can't be judged as it stands."""
    known = _Known(metrics, workloads, implementations)
    files = sorted((root / "claims").glob("*.toml"))
    claims = tuple(_claim(path, known) for path in files if path.stem != BEYOND)
    return Registry(claims, tuple(u for path in files if path.stem == BEYOND for u in _undecidable(path)))


def _read(path: Path, shape: type[T]) -> tuple[T, bytes]:
    try:
        written = path.read_bytes()
        return msgspec.convert(tomllib.loads(written.decode()), shape), written
    except msgspec.ValidationError as error:
        raise UserError(f"{path}: {error}; compare with the file's neighbours") from None
    except (ValueError, OverflowError, RecursionError) as error:
        # tomllib lets more through than its own error: numbers of thousands of digits, arrays of a thousand levels.
        raise UserError(f"{path}: not TOML: {error}; mend the file") from None
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; is this a complete checkout?") from None


def _undecidable(path: Path) -> tuple[Undecidable, ...]:
    f, _ = _read(path, _Undecidable)
    for number, u in enumerate(f.undecidable):
        _spoken(f"{path}: undecidable[{number}]", {"topic": u.topic, "why": u.why})
    return tuple(Undecidable(u.topic, u.why) for u in f.undecidable)


def _claim(path: Path, known: _Known) -> Claim:
    f, written = _read(path, _Claim)
    if not ID.fullmatch(f.id):
        raise UserError(f"{path}: id '{f.id}' is none: a C and two digits, e.g. C07")
    if path.stem != f.id:
        raise UserError(f"{path}: id is '{f.id}': a claim's file bears its id, so that no id is there twice; name it {f.id}.toml")
    _spoken(str(path), {"title": f.title, "section": f.section, "hypothesis": f.hypothesis})
    _spoken(str(path), {f"unmeasured[{i}]": line for i, line in enumerate(f.unmeasured)})
    _spoken(str(path), {f"notes[{i}]": line for i, line in enumerate(f.notes)})
    if f.blocks < 2:
        raise UserError(f"{path}: blocks = {f.blocks}: an interval takes two at the least, a claim about throughput should ask for 10")
    if not f.contrasts and not f.unmeasured:
        raise UserError(f"{path}: neither contrasts nor unmeasured: say what is compared, or what is not measured yet and why")
    for number, c in enumerate(f.contrasts):
        _check(f"{path}: contrasts[{number}]", c, known)
    _once(f"{path}: contrasts", [c.name for c in f.contrasts])
    if f.rule == "mean" and len({(c.least, c.most) for c in f.contrasts}) > 1:
        raise UserError(f"{path}: contrasts: one mean is held against one pair of bounds; give all the same least and most")
    contrasts = tuple(
        Contrast(c.name, c.workload, c.cases, c.metric, c.of, c.to, c.least, c.most, c.steps, c.why, c.against) for c in f.contrasts
    )
    digest = f"sha256:{hashlib.sha256(written).hexdigest()}"
    return Claim(f.id, f.title, f.section, f.hypothesis.strip(), f.rule, f.blocks, contrasts, f.unmeasured, f.notes, digest)


def _check(where: str, c: _Contrast, known: _Known) -> None:
    """UserError where a contrast names what there isn't, or asserts nothing."""
    _spoken(where, {"name": c.name, "why": c.why})
    if c.metric not in known.metrics:
        raise UserError(f"{where}: no metric '{c.metric}'; there are: {', '.join(known.metrics)}")
    if c.workload not in known.workloads:
        raise UserError(f"{where}: no workload '{c.workload}'; there are: {', '.join(known.workloads)}. What can't be run is `unmeasured`")
    _cases(where, c, known.workloads[c.workload])
    for key, text in (("of", c.of), ("to", c.to)):
        _label(f"{where}: {key}", text, c.workload, known.implementations)
    if c.of == c.to and c.against is None:
        raise UserError(f"{where}: of and to are both '{c.of}': a contrast takes two")
    _bounds(where, c.least, c.most)


def _cases(where: str, c: _Contrast, workload: Workload) -> None:
    cases, steps = [spec.name for spec in workload.cases], [step.name for step in workload.steps]
    for pattern in c.cases:
        if not any(fnmatchcase(name, pattern) for name in cases):
            raise UserError(f"{where}: cases: nothing matches '{pattern}'; there are: {', '.join(cases)}")
    if c.against is not None and (c.against not in cases or c.against in c.cases):
        raise UserError(f"{where}: against: '{c.against}' is no other case; there are: {', '.join(cases)}")
    for step in c.steps or ():
        if step not in steps:
            raise UserError(f"{where}: steps: no step '{step}'; there are: {', '.join(steps)}")
    for key, given in (("cases", c.cases), ("steps", c.steps)):
        if given is not None:
            _once(f"{where}: {key}", given)
            if not given:
                raise UserError(f"{where}: {key}: there is none; name one")


def _label(where: str, text: str, workload: str, implementations: Mapping[str, Implementation]) -> None:
    found = LABEL.fullmatch(text)
    if not found:
        raise UserError(f"{where}: '{text}' is no label: write language/variant, with @2 for two threads (one goes without saying)")
    implementation = implementations.get(found["implementation"])
    if implementation is None:
        raise UserError(f"{where}: no implementation '{found['implementation']}'; there are: {', '.join(implementations)}")
    if workload not in implementation.workloads:
        raise UserError(f"{where}: {implementation.name} does not take {workload}; it takes: {', '.join(implementation.workloads)}")


def _bounds(where: str, least: float | None, most: float | None) -> None:
    if least is None and most is None:
        raise UserError(f"{where}: neither least nor most: a claim that nothing bounds can't fail")
    for key, bound in (("least", least), ("most", most)):
        if bound is not None and not 0 < bound < math.inf:
            raise UserError(f"{where}: {key} = {bound}: a ratio's bound is positive and finite")
    if least is not None and most is not None and least >= most:
        raise UserError(f"{where}: least = {least} leaves nothing below most = {most}")


def _spoken(where: str, texts: Mapping[str, str]) -> None:
    for key, text in texts.items():
        if not text.strip():
            raise UserError(f"{where}: {key} is empty; say it in a line")


def _once(where: str, names: Iterable[str]) -> None:
    seen = set[str]()
    for name in names:
        if name in seen:
            raise UserError(f"{where}: '{name}' is there twice")
        seen.add(name)
