"""Findings -> the page's tables of a server under load: response times beside the naive ones, recovery, what slow requests fell on."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped]

from harness import stats
from harness.model import Latency, Summary
from harness.report.findings import Findings, Row
from harness.report.page.tables import Cell, Line, line
from harness.report.words import UNKNOWN, number, percent, rate, with_interval

QUANTILES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999))
COLUMNS = (
    "offered a second", "answers a second", *(f"{name} ms (95 %)" for name, _ in QUANTILES), "longest ms",
    "naive p99 ms", "CPU µs an answer", "idle MiB", "most waiting", "generator’s lateness p99 µs", "generator’s lateness p99.9 µs",
    "runs on time at p99, p99.9",
)  # fmt: skip
BEHIND = ("lateness of the service behind p99 µs",)
RECOVERY = (
    "overloaded: answers a second over the closed loop’s (95 %)", "open when the rate fell", "recovery s (95 %)", "times the ideal (95 %)",
    "outlasted the schedule in",
)  # fmt: skip
"""What a case has besides in which the offered rate falls."""


def latency(found: Findings) -> tuple[list[str], list[Line]]:
    """One case: a line an implementation. `naive` is timed from the sending of a request, as a tool without a schedule does."""
    rows = [row for row in found.rows if _phases(row)]
    every = [one for row in rows for one in _phases(row)]
    fell, behind = any(one.recovery for one in every), any(one.downstream for one in every)
    lines = [line(row, [*_latency(row), *(_behind(row) if behind else ()), *(_recovery(row) if fell else ())]) for row in rows]
    return [*COLUMNS, *(BEHIND if behind else ()), *(RECOVERY if fell else ())], lines


def _phases(row: Row) -> list[Latency]:
    return stats.phases(filter(stats.counts, row.runs))


def _latency(row: Row) -> list[Cell]:
    counted = [*filter(stats.counts, row.runs)]
    held, timely = stats.phases(counted), {q: stats.timely(counted, q) for _, q in QUANTILES}
    responses = {run.job: [stats.decoded(one.response) for one in stats.phases([run])] for run in counted}
    services, lateness = ([stats.decoded(getattr(one, name)) for one in held] for name in ("service", "lateness"))
    cpu = row.figures.get("cpu_per_answer_s")
    through = row.figures.get("units_per_s")
    idle = row.figures.get("idle_bytes")
    return [
        _offered(held),
        Cell(rate(through.centre if through else None), through.centre if through else None),
        *(_tail(stats.tail([h for run in runs for h in responses[run.job]], q)) for q, runs in timely.items()),
        _plain(max(h.get_max_value() for own in responses.values() for h in own) / 1e6),
        _tail(stats.tail(services, 0.99)),
        _plain(cpu.centre * 1e6 if cpu else None),
        _plain(idle.centre / (1 << 20) if idle else None),
        _plain(float(max(one.queue_max for one in held))),
        _late(lateness),
        _late(lateness, 0.999),
        Cell(f"{len(timely[0.99])}, {len(timely[0.999])} of {len(counted)}", float(len(timely[0.99]))),
    ]


def _behind(row: Row) -> list[Cell]:
    return [_late([stats.decoded(one.downstream) for one in _phases(row) if one.downstream])]


def _late(held: list[HdrHistogram], q: float = 0.99) -> Cell:
    """The median over the invocations of the quantile."""
    return _plain(median(stats.value_at(h, q) for h in held) / 1e3 if held else None)


def _offered(held: list[Latency]) -> Cell:
    """The mean over the invocations, of a step both its rates."""
    first = _mean([one.rate for one in held if one.rate is not None])
    then = _mean([one.turn.to for one in held if one.turn])
    return Cell(f"{rate(first)}, then {rate(then)}" if then else rate(first), first)


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _recovery(row: Row) -> list[Cell]:
    found = [one.recovery for one in _phases(row) if one.recovery]
    goodput, seconds, ideal = (_figure(row, name) for name in ("overload_goodput", "recovery_s", "recovery_over_ideal"))
    outlasted = sum(one.outlasted for one in found)
    backlog = _mean([float(one.backlog) for one in found])
    return [goodput, _plain(backlog), seconds, ideal, Cell(f"{outlasted} of {len(found)}", float(outlasted))]


def _figure(row: Row, name: str) -> Cell:
    summary = row.figures.get(name)
    return Cell(with_interval(summary), summary.centre) if summary else Cell(UNKNOWN)


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
