"""Judges what a server answered under load: each body's first answer against the oracle, all later ones by their digest.

Also keeps every request's record, as Parquet, and has the slow ones' causes found. Takes files and records, runs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped]

from harness import blame, verify
from harness.model import LATE_NS, Dataset, Latency, Run, Sample, Step, Tolerance, too_late
from harness.recovery import recovered

LAWFUL = "200"
RECORD = np.dtype(
    [
        ("intended_ns", "<u8"), ("sent_ns", "<u8"), ("first_byte_ns", "<u8"), ("done_ns", "<u8"), ("digest", "<u8"),
        ("request", "<u4"), ("connection", "<u4"), ("queue", "<u4"), ("status", "<u2"), ("failure", "<u2"),
    ]
)  # fmt: skip
"""One request in the load generator's file; instants are of CLOCK_MONOTONIC, 0 where it did not get so far."""


class _Answer(msgspec.Struct):
    request: int
    status: int
    body: str


def judge(
    answers: Path, samples: Sequence[Sample], step: Step, types: Mapping[str, str], data: Dataset, tolerance: Tolerance
) -> str | None:
    """Why what came under load is not right, or None."""
    for sample in samples:
        if sample.latency and (why := _phase(sample.latency)):
            return f"{sample.step}, pass {sample.number}: {why}"
    try:
        got = _frame(answers, step, types)
    except (msgspec.MsgspecError, UnicodeDecodeError, TypeError) as error:
        return f"{step.name}: an answer can't be read: {error}"
    truth = pl.read_parquet(Path(data.answers) / f"{step.name}.parquet")
    key = step.keys[0]
    why = verify.compare(got, truth.filter(pl.col(key).is_in(got[key].implode())), step, tolerance)
    return f"{step.name}: {why}" if why else None


def _phase(latency: Latency) -> str | None:
    if lost := {name: n for name, n in latency.failed.items() if n}:
        return f"of {latency.due} requests without an answer: {_counts(lost)}"
    if others := {status: n for status, n in latency.statuses.items() if status != LAWFUL and n}:
        return f"of {latency.answered} answers with another status than {LAWFUL}: {_counts(others)}"
    if latency.changed:
        return f"{latency.changed} answers differ from the first to the same body"
    return None


DOWNSTREAM_SHARE = 0.01


def suspicions(run: Run) -> tuple[str, ...]:
    """Where the load generator itself lagged, so that the run is void. A warm-up is no figure.

    Void is who was late in half of the requests, for then there was no schedule; lateness further out takes a run its figures there and
    leaves it the others (stats.timely). Of the service behind the server it counts at p99, above 50 us and a hundredth of the median
    response: by so much it may have slowed a closed loop.
    """
    found = []
    for sample in run.samples:
        if not sample.latency or not _steady(sample):
            continue
        found += [f"{sample.step}, pass {sample.number}: {why}" for why in _lagged(sample.latency)]
    return tuple(found)


def _lagged(latency: Latency) -> Iterator[str]:
    response = _at(latency.response, 50)
    if latency.scheduled and too_late(late := _at(latency.lateness, 50), response):
        yield f"the load generator lagged, {late / 1e3:.0f} us in the median"
    if latency.downstream and (late := _at(latency.downstream, 99)) > max(LATE_NS, DOWNSTREAM_SHARE * response):
        yield f"the service behind the server lagged, {late / 1e3:.0f} us at its 99th percentile"


def _at(encoded: str, percentile: float) -> int:
    return int(HdrHistogram.decode(encoded).get_value_at_percentile(percentile))


def _counts(found: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {name}" for name, n in sorted(found.items()))


def _frame(answers: Path, step: Step, types: Mapping[str, str]) -> pl.DataFrame:
    """The first answers as a table like the oracle's: the body's number, and the answer's members that the step names."""
    decoder = msgspec.json.Decoder(_Answer)
    rows = [decoder.decode(line) for line in answers.read_bytes().splitlines()]
    bodies = [msgspec.json.decode(row.body, type=dict[str, object]) for row in rows]
    columns: dict[str, list[object]] = {step.keys[0]: [row.request for row in rows]}
    for name in step.values:
        columns[name] = [body.get(name) for body in bodies]
    kinds = {"integer": pl.Int64, "float": pl.Float64, "text": pl.String}
    return pl.DataFrame(columns, schema={name: kinds[types[name]] for name in columns}, strict=True)


def keep(records: Path, kept: Path, run: Run) -> Run:
    """The generator's records as a Parquet file, a row a request in order of completion; the run with what they alone tell."""
    found = np.fromfile(records, RECORD)
    frame = pl.DataFrame({name: found[name] for name in RECORD.names or ()})
    kept.parent.mkdir(exist_ok=True)
    frame.write_parquet(kept, compression="zstd")
    served = blame.requests(found["intended_ns"].astype(np.int64), np.where(found["failure"] == 0, found["done_ns"], 0).astype(np.int64))
    return replace(run, samples=tuple(_seen(run, s, served) if _steady(s) else s for s in run.samples))


def _seen(run: Run, sample: Sample, served: blame.Requests) -> Sample:
    """The pass with what its records alone tell."""
    assert sample.latency
    latency = replace(sample.latency, recovery=recovered(sample, served))
    return replace(sample, latency=latency, blame=blame.blamed(run, sample, served, run.seed))


def _steady(sample: Sample) -> bool:
    return sample.latency is not None and not sample.warmup
