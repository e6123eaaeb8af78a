"""Findings -> the page's tables of a server under load: response times beside the naive ones, and what the slow requests fell on."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

from harness import stats
from harness.model import Latency, Summary
from harness.report.findings import Findings, Row
from harness.report.page.tables import Cell, Line, line
from harness.report.words import UNKNOWN, number, percent, rate, with_interval

QUANTILES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999))
COLUMNS = (
    "offered a second", "answers a second", *(f"{name} ms (95 %)" for name, _ in QUANTILES), "longest ms",
    "naive p99 ms", "CPU µs an answer", "most waiting", "generator’s lateness p99 µs",
)  # fmt: skip


def latency(found: Findings) -> tuple[list[str], list[Line]]:
    """One case: a line an implementation. `naive` is timed from the sending of a request, as a tool without a schedule does."""
    return list(COLUMNS), [_latency(row) for row in found.rows if _phases(row)]


def _phases(row: Row) -> list[Latency]:
    runs = filter(stats.counts, row.runs)
    return [s.latency for run in runs for s in run.samples if s.latency and not s.warmup]


def _latency(row: Row) -> Line:
    held = _phases(row)
    responses, services, lateness = ([stats.decoded(getattr(one, name)) for one in held] for name in ("response", "service", "lateness"))
    offered = [one.rate for one in held if one.rate is not None]
    cpu = row.figures.get("cpu_per_answer_s")
    through = row.figures.get("units_per_s")
    return line(
        row,
        [
            _plain(sum(offered) / len(offered) if offered else None, rate),
            Cell(rate(through.centre if through else None), through.centre if through else None),
            *(_tail(stats.tail(responses, q)) for _, q in QUANTILES),
            _plain(max(h.get_max_value() for h in responses) / 1e6),
            _tail(stats.tail(services, 0.99)),
            _plain(cpu.centre * 1e6 if cpu else None),
            _plain(float(max(one.queue_max for one in held))),
            _plain(median(h.get_value_at_percentile(99) for h in lateness) / 1e3),
        ],
    )


def _plain(value: float | None, text: Callable[[float | None], str] = number) -> Cell:
    return Cell(text(value), value)


def _tail(found: stats.Tail | None) -> Cell:
    if found is None:
        return Cell(UNKNOWN)
    low, high = found.estimate.limits() or (None, None)
    summary = Summary(found.estimate.ratio, low, high, found.estimate.n)
    return Cell(with_interval(summary, scale=1e6), summary.centre)


CAUSES = (
    "cause", "a phase", "ms together", "hits of the slow", "of all", "lift", "beyond chance in", "p99 ms", "without its hits ms",
)  # fmt: skip


def blame(found: Findings) -> tuple[list[str], list[Line]]:
    """One case: a line an implementation and cause. Nothing where no phase bore a 99th percentile."""
    return list(CAUSES), [_cause(row, cause) for row in found.rows for cause in stats.causes(row.runs)]


def _cause(row: Row, cause: stats.Cause) -> Line:
    without = None if cause.without_s is None else cause.without_s * 1e3
    return line(
        row,
        [
            Cell(cause.name), Cell(number(cause.spans), cause.spans), Cell(number(cause.total_s * 1e3), cause.total_s),
            Cell(percent(cause.slow_share), cause.slow_share), Cell(percent(cause.share, 2), cause.share),
            Cell(number(cause.lift), cause.lift), Cell(f"{cause.rare} of {cause.tested}", float(cause.rare)),
            Cell(number(cause.p99_s * 1e3), cause.p99_s), Cell(number(without), without),
        ],
    )  # fmt: skip
