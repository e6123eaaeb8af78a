"""Judges a job's answers against the oracle's, and its own account against the outside one. Takes files and records, runs nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from harness import tabular
from harness.model import Check, Dataset, Reading, Run, Sample, Step, Table, Tolerance


def checks(samples: Sequence[Sample], data: Dataset, tolerance: Tolerance) -> str | None:
    """Why a sample's check differs from the oracle's, or None where all agree."""
    for sample in samples:
        truth = data.checks.get(sample.step)
        if truth and sample.check and (why := _check(sample.check, truth, data.scales[sample.step], tolerance)):
            return f"{sample.step}, pass {sample.number}: {why}"
    return None


def _check(got: Check, truth: Check, scales: Mapping[str, float], tolerance: Tolerance) -> str | None:
    if got.rows != truth.rows:
        return f"{got.rows} rows, the oracle has {truth.rows}"
    for column, want in truth.sums.items():
        slack = max(tolerance.relative * scales[column], tolerance.absolute)
        value = got.sums.get(column)
        if value is None or not abs(value - want) <= slack:
            return f"the sum of {column} is {value}, the oracle has {want}"
    return None


def announced(folder: Path, digests: Mapping[str, str]) -> str | None:
    """Why the files in `folder` are not the answers announced (step to sha256), or None.

    Only plain files count: a link could lead to the oracle's own answers, a pipe would never end.
    """
    for step, digest in digests.items():
        path = folder / f"{step}.csv"
        if path.is_symlink() or not path.is_file():
            return f"{step}: its answer is not a plain file"
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest.lower():
                return f"{step}: its answer is not the file whose sha256 was announced"
    return None


def answers(folder: Path, steps: Sequence[Step], types: Mapping[str, str], data: Dataset, tolerance: Tolerance) -> str | None:
    """Why a whole answer in `folder` differs from the oracle's, or None where every value of every step agrees."""
    for step in steps:
        truth = pl.read_parquet(Path(data.answers) / f"{step.name}.parquet")
        try:
            got = tabular.frame(folder / f"{step.name}.csv", step, types)
        except tabular.Unreadable as error:
            return f"{step.name}: its answer: {error}"
        if why := compare(got, truth, step, tolerance):
            return f"{step.name}: {why}"
    return None


def compare(got: pl.DataFrame, truth: pl.DataFrame, step: Step | Table, tolerance: Tolerance) -> str | None:
    """Why two answers differ, or None. Row order is free: both are sorted by keys, then values."""
    columns = [*step.keys, *step.values]
    if got.columns != columns:
        return f"columns {got.columns}, the spec has {columns}"
    if got.height != truth.height:
        return f"{got.height} rows, the oracle has {truth.height}"
    instants = [name for name in columns if isinstance(truth.schema[name], pl.Datetime)]
    truth = truth.select(columns).with_columns(pl.col(instants).cast(tabular.NANOSECONDS))
    got, truth = (frame.sort(columns, nulls_last=True) for frame in (got, truth))
    for column in columns:
        mine, theirs = got[column], truth[column]
        if mine.dtype.is_float() and bool(mine.is_nan().any()):
            return f"{column}: NaN, where a number or an empty field is lawful"
        bad = _differs(mine, theirs, tolerance) if mine.dtype.is_float() else mine.ne_missing(theirs)
        if bad.any():
            return _where(got, truth, step, column, bad.arg_max() or 0)
    return None


def _differs(mine: pl.Series, theirs: pl.Series, tolerance: Tolerance) -> pl.Series:
    theirs = theirs.cast(pl.Float64)
    gap, slack = (mine - theirs).abs(), theirs.abs() * tolerance.relative
    near = (gap <= slack) | (gap <= tolerance.absolute)
    both_missing = mine.is_null() & theirs.is_null()
    return ~(near.fill_null(False) | both_missing)


def _where(got: pl.DataFrame, truth: pl.DataFrame, step: Step | Table, column: str, row: int) -> str:
    at = ", ".join(f"{k}={truth[k][row]}" for k in step.keys)
    return f"{column} is {got[column][row]!r}, the oracle has {truth[column][row]!r} (sorted row {row + 1} of {truth.height}, {at})"


CPU_SLACK_NS = 50_000_000
IDLE_SHARE = 0.03
"""Of a CPU, what a program may take while it waits for its turn: some runtimes clean up then."""
"""Clock ticks of 10 ms at both ends of several samples, and the harness's own delay in reading."""


def suspicions(run: Run) -> tuple[str, ...]:
    """Where the inside's account can't be true beside the outside's, or the limits were not kept; each in words."""
    found = []
    if run.threads_seen is not None and run.threads_seen > run.threads:
        found.append(f"its engine uses {run.threads_seen} threads, {run.threads} were allowed")
    if run.outside:
        found += _outside(run, run.outside)
    found += _clock(run)
    found += _inside(run)
    return tuple(found)


def _outside(run: Run, outside: Reading) -> list[str]:
    found = []
    if outside.throttled_ns:
        found.append(f"its CPU was throttled for {outside.throttled_ns / 1e6:.0f} ms")
    if outside.swap_bytes:
        found.append(f"{outside.swap_bytes >> 20} MiB of it were swapped out")
    inside = sum((s.user_ns or 0) + (s.system_ns or 0) for s in run.samples)
    if (
        outside.user_ns is not None
        and outside.system_ns is not None
        and inside > 1.05 * (outside.user_ns + outside.system_ns) + CPU_SLACK_NS
    ):
        found.append(f"it claims {inside / 1e9:.2f} s of CPU time, its account shows {(outside.user_ns + outside.system_ns) / 1e9:.2f} s")
    return found


def _clock(run: Run) -> list[str]:
    """All processes of a machine share its monotonic clock: `hello` was said after the start and before it was heard."""
    if run.hello is None or run.start_ns is None or run.times.hello_ns is None:
        return []
    if run.start_ns <= run.hello.now_ns <= run.start_ns + run.times.hello_ns:
        return []
    said = (run.hello.now_ns - run.start_ns) / 1e9
    return [f"its clock is not the machine's: by it, it said hello {said:.3f} s after its start"]


def _inside(run: Run) -> list[str]:
    found = []
    for s in run.samples:
        cpu = (s.user_ns or 0) + (s.system_ns or 0)
        if cpu > 1.1 * run.threads * s.wall_ns + CPU_SLACK_NS:
            found.append(f"{s.step}, pass {s.number}: {cpu / 1e9:.2f} s of CPU time in {s.wall_ns / 1e9:.2f} s on {run.threads} CPU")
            break
    if run.samples and run.start_ns is not None and run.times.done_ns is not None:
        first, last = run.samples[0], run.samples[-1]
        early = first.start_ns < run.start_ns
        late = last.start_ns + last.wall_ns > run.start_ns + run.times.done_ns
        if early or late:
            found.append("its timed sections lie outside the time that the job ran")
        if sum(s.wall_ns for s in run.samples) > run.times.done_ns - run.times.waited_ns:
            found.append("its timed sections add up to more than the job's whole time")
    if (run.times.waited_cpu_ns or 0) > IDLE_SHARE * run.times.waited_ns + CPU_SLACK_NS:
        found.append(f"it took {(run.times.waited_cpu_ns or 0) / 1e9:.2f} s of CPU time while it was others' turn")
    return found
