"""Rows -> the terminal's columns: a heading with its unit, and a cell a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from harness.report.findings import Findings, Row
from harness.report.words import UNKNOWN, number, rate, with_interval


@dataclass(frozen=True, slots=True)
class Column:
    """A figure as it is printed; text stands left, numbers right."""

    heading: str
    cell: Callable[[Row], str]
    left: bool = False


def columns(found: Findings, unit: str) -> tuple[tuple[Column, ...], ...]:
    """All there are, in groups that belong together, the most wanted first."""
    fastest = found.ranking.order[0] if found.ranking.order else None
    scale, total, first = (1e-6, "a request\nµs (95 %)", "first\nµs") if found.served else (1.0, "total s\n(95 %)", "first\ntotal s")
    told = [column for figure, column in SOMETIMES if any(figure in row.figures for row in found.rows)]
    return (
        (
            Column("track", lambda r: r.track or UNKNOWN, left=True),
            Column("blocks", _outcomes, left=True),
            Column(total, lambda r: _or_why(r, with_interval(r.figures.get("total_s"), scale=scale))),
            Column("times the\nfastest (95 %)", lambda r: "1" if r.name == fastest else with_interval(r.ratio)),
        ),
        (
            Column(first, lambda r: number(_scaled(_centre(r, "first_total_s"), scale))),
            Column("load\ns", _figure("load_s")),
            Column("start-up\ns", _figure("ready_s")),
            *told,
            Column(f"{unit}s\na second", lambda r: rate(_centre(r, "units_per_s"))),
            Column("peak\nMiB", lambda r: number(_scaled(_centre(r, "anon_peak_bytes"), 1 << 20))),
        ),
        (
            Column("pauses\na job", _pauses),
            Column("longest\npause ms", lambda r: number(_scaled(r.interruptions.longest_pause_ns, 1e6))),
            Column("longest\nstall ms", lambda r: number(_scaled(r.interruptions.longest_stall_ns, 1e6))),
            Column("control\nstall ms", lambda r: number(_scaled(r.interruptions.control_stall_ns, 1e6))),
        ),
    )


SOMETIMES = (
    ("first_answer_s", Column("first\nanswer s", lambda r: number(_centre(r, "first_answer_s")))),
    ("response_p50_s", Column("response\np50 ms", lambda r: number(_scaled(_centre(r, "response_p50_s"), 1e-3)))),
    ("response_p99_s", Column("p99\nms", lambda r: number(_scaled(_centre(r, "response_p99_s"), 1e-3)))),
    ("response_p999_s", Column("p99.9\nms", lambda r: number(_scaled(_centre(r, "response_p999_s"), 1e-3)))),
    ("cpu_per_answer_s", Column("CPU us\nan answer", lambda r: number(_scaled(_centre(r, "cpu_per_answer_s"), 1e-6)))),
    ("idle_bytes", Column("idle\nMiB", lambda r: number(_scaled(_centre(r, "idle_bytes"), 1 << 20)))),
    ("query_p90_s", Column("query p90\nms", lambda r: number(_scaled(_centre(r, "query_p90_s"), 1e-3)))),
)
"""Figures that few workloads tell of; a column only where there is one."""

NOTE = (
    "total: steady passes of all steps (of traffic: a request), geometric mean over the blocks; times the fastest: paired by block; "
    "first: first passes; start-up: from start to ready; response: from the instant at which a request was due; "
    "first answer: from start to it; idle: before the first request; query p90: by MLPerf's early stopping; peak: anonymous memory; "
    "stall: the longest oversleep inside the job, control: of a sleeper beside it"
)


def _centre(row: Row, figure: str) -> float | None:
    found = row.figures.get(figure)
    return found.centre if found else None


def _scaled(value: float | None, scale: float) -> float | None:
    return None if value is None else value / scale


def _figure(name: str) -> Callable[[Row], str]:
    return lambda row: number(_centre(row, name))


def _or_why(row: Row, text: str) -> str:
    return row.fate or text if text == UNKNOWN else text


def _outcomes(row: Row) -> str:
    """How the timed jobs ended, a suspect one counted as that."""
    ends = Counter("suspect" if run.suspect else run.outcome for run in row.runs if run.kind == "timed")
    return ", ".join(f"{n} {end}" for end, n in ends.items()) or "none"


def _pauses(row: Row) -> str:
    held = row.interruptions
    if held.collector == "none" or held.pauses is None:
        return held.collector if held.collector == "none" else UNKNOWN
    return f"{held.pauses:,.1f}".removesuffix(".0")
