"""A run of a server and the records of its requests -> the stretch of it that holds the most slow ones, with what held the server up. Pure.

Slow is what blame.py calls so: beyond the 99th percentile of the phase. Every slow request is kept; of the others the least and the
greatest of each short while, since thousands of dots would hide each other and weigh more than the rest of the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from harness import blame, stats
from harness.model import Run, Sample, Span
from harness.report.findings import Row

Records = Callable[[str], pl.DataFrame | None]
"""Job -> its requests, a row each (`intended_ns`, `done_ns`, `failure`), or None where they were not kept."""
LENGTH_NS = 1_000_000_000
WHILES = 120
CAUSES = ("collector", "runtime", "machine")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Instants are seconds from the stretch's begin, `begin` the seconds from the phase's; others: from, to, least, greatest response."""

    run: Run
    sample: Sample
    begin: float
    length: float
    p99: float
    slow: tuple[tuple[float, float], ...]
    others: tuple[tuple[float, float, float, float], ...]
    spans: Mapping[str, tuple[tuple[float, float], ...]]


def unkept(job: str) -> pl.DataFrame | None:
    """The Records of a session without any."""
    return None


def stretch(row: Row, records: Records) -> Stretch | None:
    """Of the run whose p99 is the median of those that count (the lower of two); None where its requests were not kept."""
    run = median(row)
    frame = records(run.job) if run else None
    if run is None or frame is None:
        return None
    due, done, failure = (frame[name].to_numpy().astype(np.int64) for name in ("intended_ns", "done_ns", "failure"))
    served = blame.requests(due, np.where(failure == 0, done, 0))
    for sample in filter(_open, run.samples):
        there = served.between(sample.start_ns, sample.start_ns + sample.wall_ns)
        if len(there.due) >= blame.LEAST:
            return _stretch(run, sample, there)
    return None


def median(row: Row) -> Run | None:
    """The same for the same records: equal percentiles go by their block."""
    p99 = row.blocks["response_p99_s"]
    good = [run for run in row.runs if stats.counts(run) and run.block in p99 and any(map(_open, run.samples))]
    good.sort(key=lambda run: (p99[run.block], run.block))
    return good[(len(good) - 1) // 2] if good else None


def _open(sample: Sample) -> bool:
    return sample.latency is not None and not sample.warmup and sample.latency.scheduled


def _stretch(run: Run, sample: Sample, there: blame.Requests) -> Stretch:
    threshold = int(np.quantile(there.response, blame.SLOW, method="higher"))
    begin, end = _window(there.due[there.response > threshold], sample.start_ns, int(there.due[-1]) + 1)
    seen = there.between(begin, end)
    at, took, slow = (seen.due - begin) / 1e9, seen.response / 1e9, seen.response > threshold
    return Stretch(
        run, sample, (begin - sample.start_ns) / 1e9, (end - begin) / 1e9, threshold / 1e9,
        tuple(zip(at[slow].tolist(), took[slow].tolist(), strict=True)), tuple(_whiles(at[~slow], took[~slow], (end - begin) / 1e9)),
        {cause: _spans(spans, begin, end) for cause, spans in blame.causes(run) if cause in CAUSES},
    )  # fmt: skip


def _window(slow: blame.Instants, first: int, last: int) -> tuple[int, int]:
    """From a twentieth before the slow request from which the most fall into one stretch, the earliest such.

    Within the schedule: when nothing is due any more, an overloaded server still works its queue off.
    """
    length = min(LENGTH_NS, last - first)
    if not len(slow):
        return first, first + length
    within = np.searchsorted(slow, slow + length * 9 // 10, "right") - np.arange(len(slow))
    begin = max(first, min(int(slow[int(np.argmax(within))]) - length // 20, last - length))
    return begin, begin + length


def _whiles(at: NDArray[np.float64], took: NDArray[np.float64], length: float) -> Iterable[tuple[float, float, float, float]]:
    number = np.minimum((at / length * WHILES).astype(np.int64), WHILES - 1)
    for one in np.unique(number).tolist():
        here = took[number == one]
        yield one * length / WHILES, (one + 1) * length / WHILES, float(here.min()), float(here.max())


def _spans(spans: Iterable[Span], begin: int, end: int) -> tuple[tuple[float, float], ...]:
    """Begin and end of each, cut to the stretch; such as no eye would part are one."""
    found = list[tuple[float, float]]()
    for span in sorted(spans, key=lambda span: span.start_ns):
        if span.start_ns >= end or span.start_ns + span.wall_ns <= begin:
            continue
        first, last = (max(span.start_ns, begin) - begin) / 1e9, (min(span.start_ns + span.wall_ns, end) - begin) / 1e9
        if found and first - found[-1][1] < (end - begin) / 1e9 / 1000:
            first, last = found[-1][0], max(found.pop()[1], last)
        found.append((first, last))
    return tuple(found)
