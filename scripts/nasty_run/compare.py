"""Sets an implementation's answer to one file beside the truth: agreed, or the first difference of each kind."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any

import polars as pl

from harness.model import Step, Workload
from nasty_run.programs import Answer
from nasty_run.truth import Truth

TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Difference:
    """`kind` is one of crashed, hung, refusal, error, tally, rejects, rows."""

    kind: str
    step: str
    what: str


def compare(workload: Workload, steps: Sequence[Step], truth: Truth, answer: Answer, outputs: Path) -> list[Difference]:
    """Every kind of difference once, the first of each. `steps` are those of the request."""
    named = "+".join(step.name for step in steps)
    if answer.hung:
        return [Difference("hung", named, "was killed")]
    if answer.died:
        return [Difference("crashed", named, answer.died)]
    error = answer.error
    if error and error["kind"] in ("internal", "memory"):
        return [Difference("crashed", named, f"{error['kind']}: {error['message']}")]
    if truth.refused:
        return _refusal(named, error, outputs)
    if error:
        return [Difference("error", named, f"{error['kind']}: {error['message']}")]
    return [found for step in steps for found in _step(workload, step, truth, answer, outputs)]


def _refusal(named: str, error: Mapping[str, Any] | None, outputs: Path) -> list[Difference]:
    if not error:
        return [Difference("refusal", named, "took a file whose beginning is wrong")]
    if error["kind"] != "input":
        return [Difference("refusal", named, f"refused as {error['kind']}: {error['message']}")]
    if left := sorted(path.name for path in outputs.iterdir()):
        return [Difference("refusal", named, f"left {', '.join(left)}")]
    return []


def _step(workload: Workload, step: Step, truth: Truth, answer: Answer, outputs: Path) -> Iterator[Difference]:
    if missing := [name for name in step.files if not (outputs / name).is_file()]:
        yield Difference("error", step.name, f"no file {', '.join(missing)}")
        return
    rows = truth.groups if set(step.values) - set(truth.rows[0] if truth.rows else ()) else truth.rows
    check = answer.check(step.name)
    expected = {"rows": len(rows), "sums": dict(truth.tally)}
    if check != expected:
        yield Difference("tally", step.name, f"{check}, not {expected}")
    rejects = sorted(_rejects(outputs / f"{step.name}.rejects.csv"))
    if (what := _first(rejects, sorted((str(line), reason) for line, reason in truth.rejects))) is not None:
        yield Difference("rejects", step.name, what)
    columns = (*step.keys, *step.values)
    try:
        written = _sorted(_written(outputs / step.files[0], columns, workload.answer_types))
    except (ValueError, KeyError, pl.exceptions.PolarsError) as error:
        yield Difference("rows", step.name, f"{step.files[0]} cannot be read: {type(error).__name__}: {error}")
        return
    if (what := _first(written, _sorted(_expected(rows, columns)))) is not None:
        yield Difference("rows", step.name, what)


def _rejects(path: Path) -> Iterator[tuple[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield row["line"], row["reason"]


def _expected(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        yield tuple(value.strftime(TIME) if isinstance(value := row[name], datetime) else value for name in columns)


def _written(path: Path, columns: Sequence[str], types: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
    if path.suffix == ".parquet":
        for row in pl.read_parquet(path).select(columns).iter_rows():
            yield tuple(value.astimezone(UTC).strftime(TIME) if isinstance(value, datetime) else value for value in row)
        return
    parse = {"integer": int, "float": float, "text": str, "time": str}
    with path.open(encoding="utf-8", newline="") as file:
        for fields in csv.DictReader(file):
            yield tuple(parse[types[name]](fields[name]) if fields[name] else None for name in columns)


def _sorted(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """By what is exact: floats follow from the other columns of a row."""
    return sorted(rows, key=lambda row: [(value is not None, "" if isinstance(value, float) else str(value)) for value in row])


def _first(found: Sequence[tuple[Any, ...]], expected: Sequence[tuple[Any, ...]]) -> str | None:
    """Where two sorted tables part; None where they do not."""
    for got, want in zip_longest(found, expected):
        if got is None or want is None or not all(map(_same, got, want)):
            return f"{len(found)} for {len(expected)}: {_brief(got)}, not {_brief(want)}"
    return None


def _same(got: Any, want: Any) -> bool:
    if isinstance(got, float) or isinstance(want, float):
        return got is not None and want is not None and math.isclose(got, want, rel_tol=1e-9, abs_tol=1e-9)
    return bool(got == want)


def _brief(row: tuple[Any, ...] | None) -> str:
    text = "nothing" if row is None else repr(row)
    return text if len(text) <= 300 else f"{text[:300]}..."
