"""The metrics by name: what each is, the policy's floor under it, and how it comes from a run or from a session's facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from harness.model import Build, Run, Session
from harness.stats.figures import cold_start_seconds, cpu_seconds, first_seconds, query_seconds, steady_seconds
from harness.stats.served import (
    answers_per_second,
    cpu_seconds_per_answer,
    idle_memory,
    overload_goodput,
    recovery_over_ideal,
    recovery_seconds,
    response_seconds,
)

FLOOR = 0.03
"""The policy's noise floor for means: no verdict is given on a difference within it (METHODOLOGY.md)."""
TAIL_FLOOR = 0.10
"""The same for quantiles."""
EXACT = 0.0
"""The floor of what is counted: the same sources give the same number."""

REJECTED = "rejected"
"""The name of a tally, and of a fact of the generator: rows reported as malformed, and rows spoilt on purpose."""


class Input(NamedTuple):
    """What a session knows of a case's input: its size in bytes, and how many rows were spoilt on purpose."""

    bytes: int | None = None
    spoilt: int | None = None


Inputs = Mapping[str, Input]
"""Case -> its input."""


@dataclass(frozen=True, slots=True)
class Metric:
    """`policy` is the floor as a relative difference. `kind` says where its figures come from.

    run: one figure a run, paired by block. build: some figures an implementation, from clean builds. fact: one, counted.
    `quantile`: the outermost one of the response under load that it is made of.
    """

    name: str
    title: str
    unit: str
    policy: float
    kind: Literal["run", "build", "fact"]
    quantile: float | None = None


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("seconds", "time of a steady pass", "s", FLOOR, "run"),
        Metric("first_seconds", "time of the first pass", "s", FLOOR, "run"),
        Metric("load_seconds", "time to load the input", "s", FLOOR, "run"),
        Metric("p90_seconds", "90th percentile of a query's time, MLPerf's early-stopping estimate", "s", TAIL_FLOOR, "run"),
        Metric("cold_start_seconds", "time from start to the first answer", "s", FLOOR, "run"),
        Metric("cpu_seconds", "CPU time of a steady pass", "s", FLOOR, "run"),
        Metric("cores_used", "CPU time over wall time of the steady passes", "cores", FLOOR, "run"),
        Metric("ready_seconds", "time from start to ready", "s", FLOOR, "run"),
        Metric("peak_memory", "peak of anonymous memory", "bytes", FLOOR, "run"),
        Metric("idle_memory", "anonymous memory of a server before its first request", "bytes", FLOOR, "run"),
        Metric("memory_over_input", "peak of anonymous memory over the input's size", "bytes a byte", FLOOR, "run"),
        Metric("rejects_found", "rows reported as malformed over rows spoilt on purpose", "found a planted", EXACT, "run"),
        Metric("response_p50_seconds", "median response under load", "s", FLOOR, "run", 0.5),
        Metric("response_p99_seconds", "99th percentile of the response under load", "s", TAIL_FLOOR, "run", 0.99),
        Metric("response_p999_seconds", "99.9th percentile of the response under load", "s", TAIL_FLOOR, "run", 0.999),
        Metric("response_tail_ratio", "99.9th percentile over the median of the response under load", "times", TAIL_FLOOR, "run", 0.999),
        Metric("answers_per_second", "answers a second", "/s", FLOOR, "run"),
        Metric("cpu_seconds_per_answer", "CPU time an answer", "s", FLOOR, "run"),
        Metric("recovery_seconds", "time from the fall of the offered rate until its backlog is gone", "s", TAIL_FLOOR, "run"),
        Metric("recovery_over_ideal", "the same over that of an ideal queue", "times", TAIL_FLOOR, "run"),
        Metric("overload_goodput", "answers a second while overloaded over those of a closed loop", "times", FLOOR, "run"),
        Metric("build_clean_seconds", "time of a clean build", "s", FLOOR, "build"),
        Metric("image_bytes", "size of the image", "bytes", EXACT, "fact"),
        Metric("artifact_bytes", "size of the stripped binary", "bytes", EXACT, "fact"),
        Metric("code_lines", "code lines of its own sources", "lines", EXACT, "fact"),
        Metric("code_tokens", "tokens of its own sources", "tokens", EXACT, "fact"),
        Metric("dependencies", "direct dependencies", "packages", EXACT, "fact"),
    )
}


def figure(run: Run, metric: str = "seconds", steps: Sequence[str] | None = None, inputs: Inputs | None = None) -> float | None:
    """One run's figure, in the metric's unit; None where the run is not ok or it was not measured.

    `steps` restricts what is timed by step, and means nothing to the other metrics. `memory_over_input` and `rejects_found` need `inputs`.
    Raises ValueError for a metric that isn't one of a run.
    """
    if metric not in _OF_A_RUN:
        raise ValueError(f"{metric} is no metric of a run; those are {', '.join(_OF_A_RUN)}")
    return _OF_A_RUN[metric](run, steps, inputs or {}) if run.outcome == "ok" else None


def inputs(session: Session) -> Inputs:
    """What the session has recorded of each case's input."""
    return {data.case: Input(data.input_bytes, _whole(data.facts.get(REJECTED))) for data in session.datasets}


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _cores_used(run: Run, steps: Sequence[str] | None) -> float | None:
    cpu, wall = cpu_seconds(run, steps), steady_seconds(run, steps)
    return None if cpu is None or not wall else cpu / wall


def _memory_over_input(run: Run, inputs: Inputs) -> float | None:
    size = inputs.get(run.case, Input()).bytes
    return None if run.anon_peak_bytes is None or not size else run.anon_peak_bytes / size


def _rejects_found(run: Run, inputs: Inputs) -> float | None:
    """Of the steady pass that reported fewest."""
    spoilt = inputs.get(run.case, Input()).spoilt
    found = [s.check.sums[REJECTED] for s in run.samples if not s.warmup and s.check and REJECTED in s.check.sums]
    return min(found) / spoilt if found and spoilt else None


_OF_A_RUN: Mapping[str, Callable[[Run, Sequence[str] | None, Inputs], float | None]] = {
    "seconds": lambda run, steps, _: steady_seconds(run, steps),
    "first_seconds": lambda run, steps, _: first_seconds(run, steps),
    "load_seconds": lambda run, _, __: steady_seconds(run, ["load"]),
    "cpu_seconds": lambda run, steps, _: cpu_seconds(run, steps),
    "cores_used": lambda run, steps, _: _cores_used(run, steps),
    "p90_seconds": lambda run, steps, _: query_seconds(run, 0.9, steps),
    "response_p50_seconds": lambda run, steps, _: response_seconds(run, 0.5, steps),
    "response_p99_seconds": lambda run, steps, _: response_seconds(run, 0.99, steps),
    "response_p999_seconds": lambda run, steps, _: response_seconds(run, 0.999, steps),
    "response_tail_ratio": lambda run, steps, _: _tail_ratio(run, steps),
    "answers_per_second": lambda run, steps, _: answers_per_second(run, steps),
    "cpu_seconds_per_answer": lambda run, steps, _: cpu_seconds_per_answer(run, steps),
    "recovery_seconds": lambda run, steps, _: recovery_seconds(run, steps),
    "recovery_over_ideal": lambda run, steps, _: recovery_over_ideal(run, steps),
    "overload_goodput": lambda run, steps, _: overload_goodput(run, steps),
    "cold_start_seconds": lambda run, _, __: cold_start_seconds(run),
    "ready_seconds": lambda run, _, __: None if run.times.ready_ns is None else run.times.ready_ns / 1e9,
    "peak_memory": lambda run, _, __: run.anon_peak_bytes,
    "idle_memory": lambda run, _, __: idle_memory(run),
    "memory_over_input": lambda run, _, inputs: _memory_over_input(run, inputs),
    "rejects_found": lambda run, _, inputs: _rejects_found(run, inputs),
}


def _tail_ratio(run: Run, steps: Sequence[str] | None) -> float | None:
    high, middle = response_seconds(run, 0.999, steps), response_seconds(run, 0.5, steps)
    return high / middle if high and middle else None


def sampled(session: Session, implementation: str, metric: str) -> tuple[float, ...]:
    """An implementation's figures of a metric of kind `build`, in the order made; empty where none was measured.

    Raises ValueError for a metric of another kind.
    """
    if metric != "build_clean_seconds":
        raise ValueError(f"{metric} is not sampled from builds; build_clean_seconds is")
    build = _build(session, implementation)
    return build.clean_seconds if build else ()


def fact(session: Session, implementation: str, metric: str) -> float | None:
    """An implementation's figure of a metric of kind `fact`; None where it was not counted. 0 is a lawful count (of dependencies).

    Raises ValueError for a metric of another kind.
    """
    if metric in {"image_bytes", "artifact_bytes"}:
        build = _build(session, implementation)
        return None if build is None else build.image_bytes if metric == "image_bytes" else build.artifact_bytes
    if metric in {"code_lines", "code_tokens"}:
        counted = _fact(session, implementation, "code", metric.removeprefix("code_"))
        return counted if isinstance(counted, int) else None
    if metric == "dependencies":
        direct = _fact(session, implementation, "dependencies", "direct")
        return len(direct) if isinstance(direct, list | tuple) else None
    raise ValueError(f"{metric} is no counted metric; those are {', '.join(m.name for m in METRICS.values() if m.kind == 'fact')}")


def _build(session: Session, implementation: str) -> Build | None:
    return next((build for build in session.builds if build.implementation == implementation), None)


def _fact(session: Session, implementation: str, group: str, key: str) -> object:
    found = session.facts.get(implementation, {}).get(group)
    return found.get(key) if isinstance(found, Mapping) else None
