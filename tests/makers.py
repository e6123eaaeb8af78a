"""Small nouns and lawful transcripts for the tests of the harness: two steps, two passes, names that no real folder has."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings

from harness.model import (
    SCHEMA,
    Case,
    CaseSpec,
    Check,
    Dataset,
    Implementation,
    Job,
    Limits,
    Run,
    Sample,
    Session,
    Step,
    Support,
    Times,
    Timing,
    Tolerance,
    Workload,
)

# A busy machine is no failure; what is too slow for good is seen by pytest's own limit.
settings.register_profile("bench", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bench")

STEPS = (Step("s1", "sum v by k", ("k",), ("v",)), Step("s2", "mean v, count by k", ("k",), ("v", "count")))
TIMING = Timing(warmup=1, timed=1, meter_interval_ns=10_000_000, meter_threshold_ns=8_000_000)
TOLERANCE = Tolerance(1e-9, 1e-9)
LIMITS = Limits(cpus=(1,), memory_bytes=2 << 30, time_s=120)
PARAMS: Mapping[str, int | float | str] = {"rows": 1000, "k": 10, "source": "made"}
SPEC = CaseSpec("small", "for tests", PARAMS, 120, 2 << 30, default=True, seeded=True)
TYPES = {"k": "text", "v": "float", "count": "integer"}
WORKLOAD = Workload("sums", "Sums", "Which sums fastest?", "row", "", STEPS, TIMING, TOLERANCE, TYPES, (SPEC,), Path("sums"))
CASE = Case("sums", "small", PARAMS, 7, 120, 2 << 30)
CHECK = Check(2, {"v": 3.5})
DATA = Dataset("small", {"table": "in/table.csv"}, "answers", 1000, "sha256:0", {}, {"s1": CHECK}, {"s1": {"v": 3.5}})


def implementation(name: str, lacks: Mapping[str, str] | None = None) -> Implementation:
    language, variant = name.split("/")
    support = {"sums": Support(lacks or {}, (f"{variant}.src",))}
    return Implementation(name, language, variant, "baseline", "made up", True, True, support, Path(name), {})


def job(**changes: Any) -> Job:
    fields = {
        "id": "b001-p01-x-std-small", "kind": "timed", "implementation": "x/std", "workload": "sums", "case": "small", "seed": 7,
        "block": 1, "position": 1, "threads": 1, "warmup": 1, "timed": 1, "steps": ("s1", "s2"), "limits": LIMITS,
    }  # fmt: skip
    return Job(**{**fields, **changes})


def sample(step: str = "s1", number: int = 2, wall_ns: int = 1_000_000, **changes: Any) -> Sample:
    fields = {
        "index": 0, "step": step, "number": number, "warmup": False, "start_ns": 2_000_000_000, "wall_ns": wall_ns,
        "user_ns": wall_ns, "system_ns": 0, "units": 1000, "check": CHECK,
    }  # fmt: skip
    return Sample(**{**fields, **changes})


def run(**changes: Any) -> Run:
    fields = {
        "schema": SCHEMA, "session": "s", "job": "b001-p01-x-std-small", "kind": "timed", "implementation": "x/std", "language": "x",
        "variant": "std", "track": "baseline", "contest": True, "workload": "sums", "case": "small", "params": PARAMS, "seed": 7,
        "block": 1, "position": 1, "threads": 1, "engine": "local", "limits": LIMITS, "outcome": "ok", "start_ns": 1_000_000_000,
        "times": Times(1, 2, 9_000_000_000, 9_100_000_000), "samples": (sample(),),
    }  # fmt: skip
    return Run(**{**fields, **changes})


def session(**changes: Any) -> Session:
    fields = {
        "schema": SCHEMA, "id": "s", "created": "2026-11-01T00:00:00+00:00", "command": "bench run", "bench_version": "0",
        "engine": "local", "isolation": "none",
        "workload": "sums", "question": "?", "unit": "row", "seed": 7, "blocks": 1, "threads": (1,), "cases": (CASE,),
        "steps": STEPS, "implementations": ("x/std",), "jobs": (job(),), "timing": TIMING, "tolerance": TOLERANCE, "builds": (),
        "datasets": (DATA,), "facts": {"x/std": {}}, "environment": {},
    }  # fmt: skip
    return Session(**{**fields, **changes})


def transcript(answers: bool = False) -> list[dict[str, Any]]:
    """What a lawful implementation says to `job()`, an event a dict."""
    passes = [("load", 1, False), ("s1", 1, True), ("s1", 2, False), ("s2", 1, True), ("s2", 2, False)]
    events: list[dict[str, Any]] = [
        {"event": "hello", "protocol": 1, "language": "x", "variant": "std", "runtime": "X 1", "libraries": {"l": "1"}, "parallelism": 1,
         "clock": "CLOCK_MONOTONIC", "allocator": None, "now_ns": 1},
        {"event": "ready", "now_ns": 2, "threads": 1},
    ]  # fmt: skip
    for index, (step, number, warmup) in enumerate(passes):
        check = None if step == "load" else {"rows": 2, "sums": {"v": 3.5}}
        events.append(
            {"event": "sample", "index": index, "step": step, "pass": number, "warmup": warmup, "start_ns": 1000 * (index + 1),
             "wall_ns": 500, "user_ns": 400, "system_ns": None, "units": 1000, "check": check, "phases": {"scan": 100}}
        )  # fmt: skip
        if answers and number == 2:
            events.append({"event": "answer", "step": step, "path": f"/out/{step}.csv", "rows": 2, "sha256": "00"})
    span = {"start_ns": 5, "wall_ns": 6}
    return [
        *events,
        {"event": "pauses", "collector": "none", "count": 1, "total_ns": 6, "cpu_share": None, "events": [{**span, "kind": "full"}],
         "dropped": 0, "clock_error_ns": None},
        {"event": "stalls", "interval_ns": 10, "threshold_ns": 8, "count": 3, "total_over_ns": 9, "max_over_ns": 6, "histogram": [0] * 32,
         "events": [span], "dropped": 0},
        {"event": "done", "now_ns": 9, "usage": {"minor_faults": 1, "major_faults": 0, "voluntary_switches": 1,
         "involuntary_switches": None, "peak_rss_bytes": 100}, "runtime_memory": {"heap": 50}},
    ]  # fmt: skip


def wire(events: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)
