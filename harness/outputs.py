"""Reads back the files that a job's steps have written: rows and sums after every job, every value where the whole is asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from harness import tabular
from harness.model import Dataset, Step, Table, Tolerance, Workload, Written
from harness.verify import compare


def tables(step: Step, workload: Workload) -> dict[str, Step | Table]:
    """Name of each file that the step leaves -> the columns that it has."""
    return dict(zip(step.files, (step, *(workload.tables[name] for name in step.beside)), strict=True))


def truth(answers: Path, file: str) -> Path:
    """The oracle's word on a file."""
    return answers / f"{file.rpartition('.')[0]}.parquet"


def judge(folder: Path, steps: Sequence[Step], workload: Workload, data: Dataset, tolerance: Tolerance, *, whole: bool) -> str | None:
    """Why what lies in `folder` is not what the steps should have left, or None. `whole`: every value, else rows and sums."""
    files = {name: (step, table) for step in steps for name, table in tables(step, workload).items()}
    if why := _listing(folder, files):
        return why
    for name, (step, table) in files.items():
        try:
            if whole:
                why = _whole(folder / name, truth(Path(data.answers), name), table, workload, tolerance)
            else:
                found = tabular.contents(folder / name, table, workload.answer_types)
                why = _sums(found, data.written[step.name][name], workload.answer_types, tolerance)
        except tabular.Unreadable as error:
            why = str(error)
        if why:
            return f"{name}: {why}"
    return None


def _listing(folder: Path, files: Mapping[str, object]) -> str | None:
    """Plain files alone, each with no other name: a link could lead to something that the step did not write."""
    found = {entry.name: entry for entry in os.scandir(folder)}
    for name in files:
        if name not in found:
            return f"{name}: it was not written"
        status = found[name].stat(follow_symlinks=False)
        if not found[name].is_file(follow_symlinks=False) or status.st_nlink != 1:
            return f"{name}: it is not a plain file"
    if others := sorted(set(found) - set(files)):
        return f"{others[0]}: it does not belong in the outputs"
    return None


def _sums(found: Written, want: Written, types: Mapping[str, str], tolerance: Tolerance) -> str | None:
    if found.rows != want.rows:
        return f"{found.rows} rows, the oracle has {want.rows}"
    for column, total in want.sums.items():
        slack = 0.0 if types[column] == "integer" else max(tolerance.relative * want.scales[column], tolerance.absolute)
        if not abs(float(found.sums[column]) - total) <= slack:
            return f"the sum of {column} is {found.sums[column]}, the oracle has {total}"
    return None


def _whole(path: Path, oracle: Path, table: Step | Table, workload: Workload, tolerance: Tolerance) -> str | None:
    return compare(tabular.frame(path, table, workload.answer_types), pl.read_parquet(oracle), table, tolerance)
