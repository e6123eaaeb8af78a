"""Sessions made up for the report's tests: the shape of a real one, every figure drawn from a fixed seed. Nothing here was measured."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.model import (
    SCHEMA,
    Build,
    Case,
    Dataset,
    Job,
    Limits,
    Outcome,
    Pauses,
    Reading,
    Run,
    Sample,
    Series,
    Session,
    Span,
    Stalls,
    Step,
    Times,
    Timing,
    Tolerance,
    Track,
)

STEPS = tuple(
    Step(f"q{i}", title, ("id1",), ("v1",))
    for i, title in enumerate(
        (
            "sum v1 by id1", "sum v1 by id1, id2", "sum v1, mean v3 by id3", "mean v1, v2, v3 by id4", "sum v1, v2, v3 by id6",
            "median v3, sd v3 by id4, id5", "max v1 - min v2 by id3", "two largest v3 by id6", "squared correlation of v1, v2 by id2, id4",
            "sum v3, count by id1 to id6",
        ),
        1,
    )
)  # fmt: skip
WEIGHTS = (0.02, 0.05, 0.09, 0.03, 0.08, 0.14, 0.09, 0.18, 0.08, 0.6)
LIMIT = 8 << 30


@dataclass(frozen=True)
class Kind:
    """How a made-up implementation behaves; times in seconds at a million rows, memory in MiB."""

    track: Track
    total: float
    load: float
    ready: float
    memory: float
    collector: str = "none"
    pauses: int = 0
    pause_ms: float = 0.0
    contest: bool = True
    inside: str = ""
    build_s: float = 5.0
    artifact: int | None = None


KINDS: Mapping[str, Kind] = {
    "python/stdlib": Kind("baseline", 14.0, 3.1, 0.05, 1900, "CPython gc", 160, 45.0, build_s=3),
    "python/numpy": Kind("ecosystem", 1.9, 1.6, 0.15, 420, "CPython gc", 25, 3.0, build_s=14),
    "python/pandas": Kind("ecosystem", 1.5, 0.55, 0.55, 640, "CPython gc", 40, 9.0, build_s=19, inside="C"),
    "python/polars": Kind("ecosystem", 0.62, 0.27, 0.12, 310, "CPython gc", 9, 1.5, build_s=15, inside="Rust"),
    "python/duckdb": Kind("ecosystem", 0.58, 0.47, 0.08, 380, "CPython gc", 8, 1.4, contest=False, build_s=12, inside="C++"),
    "rust/std": Kind("baseline", 0.41, 0.21, 0.003, 150, build_s=24, artifact=620_000),
    "rust/polars": Kind("ecosystem", 0.60, 0.26, 0.02, 290, build_s=640, artifact=48_000_000),
    "go/std": Kind("baseline", 0.83, 0.34, 0.006, 360, "Go concurrent mark and sweep", 60, 0.4, build_s=11, artifact=2_300_000),
}
SIZES = {"1e6": 1_000_000, "1e7": 10_000_000}


def session(blocks: int = 10, names: Sequence[str] = tuple(KINDS), cases: Sequence[str] = ("1e6",), engine: str = "docker") -> Session:
    """The plan of a session, complete but for its runs."""
    specs = tuple(Case("groupby", c, {"rows": SIZES[c], "k": 100}, 7, 600.0, LIMIT) for c in cases)
    jobs = tuple(
        Job(f"b{block:03d}-p{place:02d}-{name.replace('/', '-')}-{case}", "timed" if block else "verify", name, "groupby", case, 7, block,
            place, 1, 1, 1, tuple(s.name for s in STEPS), Limits((1,), LIMIT, 600.0))
        for block in range(blocks + 1)
        for case in cases
        for place, name in enumerate(names, 1)
    )  # fmt: skip
    builds = tuple(
        Build(
            n,
            engine,
            "built",
            KINDS[n].build_s,
            f"sha256:{i}",
            (90 + 40 * i) << 20 if engine == "docker" else None,
            KINDS[n].artifact,
            "",
            clean_seconds=(KINDS[n].build_s,) if i % 2 else (),
        )
        for i, n in enumerate(names)
    )
    return Session(
        SCHEMA, "20261123-101500-groupby", "2026-11-23T10:15:00+00:00", "bench run", "0.1.0", engine, "a container a job",
        "groupby", "Which language groups and aggregates a table fastest?", "row", 7, blocks, (1,), specs, STEPS, tuple(names), jobs,
        Timing(1, 1, 10_000_000, 8_000_000), Tolerance(1e-9, 1e-9), builds,
        tuple(Dataset(c, {}, "", SIZES[c], "", {}, {}, {}) for c in cases),
        {n: {"dependencies": {"inside": KINDS[n].inside}} for n in names}, {},
    )  # fmt: skip


def apart(blocks: int = 6) -> Session:
    """Two cases of different steps: one implementation has no step of the second, and so no job on it."""
    made = session(blocks, cases=("1e6", "1e7"))
    cases = tuple(replace(case, steps=("q1",) if case.name == "1e6" else ("q2", "q3")) for case in made.cases)
    steps = {case.name: case.steps for case in cases}
    jobs = tuple(replace(job, steps=steps[job.case]) for job in made.jobs if (job.implementation, job.case) != ("go/std", "1e7"))
    lacking = [("rust/polars", "1e7"), ("python/polars", "1e7")]
    jobs = tuple(replace(job, steps=("q2",)) if (job.implementation, job.case) in lacking else job for job in jobs)
    return replace(made, cases=cases, jobs=jobs)


def runs(made: Session) -> list[Run]:
    """A run for every job of the session, all of them well."""
    return [_run(made, job) for job in made.jobs]


def failed(run: Run, outcome: Outcome, reason: str) -> Run:
    """The same job, ended badly half way."""
    half = run.samples[: len(run.samples) // 2]
    return replace(run, outcome=outcome, reason=reason, samples=half, times=replace(run.times, done_ns=None), pauses=None, stalls=None)


def fail(given: Sequence[Run], names: Sequence[str], outcome: Outcome, reason: str) -> list[Run]:
    """Every timed run of those implementations failed."""
    return [failed(r, outcome, reason) if r.implementation in names and r.kind == "timed" else r for r in given]


def _run(made: Session, job: Job) -> Run:
    kind, rng = KINDS[job.implementation], random.Random(f"{job.id}")
    scale = SIZES[job.case] / 1e6
    start = 1_000_000_000_000 * (job.block + 1)
    ready = int(kind.ready * 1e9 * rng.lognormvariate(0.2, 0.08))
    samples = _samples(kind, job, scale, start + ready, rng)
    done = samples[-1].start_ns + samples[-1].wall_ns - start + 2_000_000
    peak = int(kind.memory * scale**0.8 * (1 << 20) * rng.lognormvariate(0, 0.015))
    memory = _memory(peak, ready, samples[0].wall_ns, done, kind.pauses > 0, rng)
    language, _, variant = job.implementation.partition("/")
    return Run(
        SCHEMA, made.id, job.id, job.kind, job.implementation, language, variant, kind.track, kind.contest, "groupby", job.case,
        {"rows": SIZES[job.case]}, 7, job.block, job.position, 1, made.engine, job.limits, "ok", start_ns=start,
        times=Times(ready // 2, ready, done, done + 3_000_000), threads_seen=1, samples=samples,
        pauses=_pauses(kind, start, ready, done, rng), stalls=_stalls(kind.pause_ms + rng.uniform(0.2, 1.5)), control=_stalls(0.9),
        outside=Reading("cgroup v1", peak, peak + (70 << 20)), anon_peak_bytes=peak, memory=memory,
    )  # fmt: skip


def _samples(kind: Kind, job: Job, scale: float, begin: int, rng: random.Random) -> tuple[Sample, ...]:
    rows, at, found = SIZES[job.case], begin, list[Sample]()
    drift = rng.lognormvariate(0, 0.012)

    def add(step: str, number: int, seconds: float) -> None:
        nonlocal at
        wall = int(seconds * 1e9)
        found.append(Sample(len(found), step, number, step != "load" and number == 1, at, wall, wall, 0, rows, None))
        at += wall + 200_000

    add("load", 1, kind.load * scale * drift * rng.lognormvariate(0, 0.02))
    weights = dict(zip((step.name for step in STEPS), WEIGHTS, strict=True))
    for name, weight in ((name, weights[name]) for name in job.steps):
        for number, slower in ((1, 1.25), (2, 1.0)):
            add(name, number, kind.total * scale / sum(WEIGHTS) * weight * slower * drift * rng.lognormvariate(0, 0.03))
    return tuple(found)


def _memory(peak: int, ready: int, load: int, done: int, saws: bool, rng: random.Random) -> Series:
    at = [done * i // 1500 for i in range(1501)]
    table = 0.55 * peak

    def level(i: int, t: int) -> int:
        if t < ready + load:
            return int(max(0.02 * peak, table * max(0, t - ready) / load))
        saw = (i % 60) / 60 if saws else float(i % 150 > 90)
        return int(table + (peak - table) * saw * rng.uniform(0.9, 1))

    return Series(tuple(at), tuple(level(i, t) for i, t in enumerate(at)), done // 1500)


def _pauses(kind: Kind, start: int, ready: int, done: int, rng: random.Random) -> Pauses:
    if not kind.pauses:
        return Pauses("none", None, None, None, (), 0)
    spans = tuple(
        Span(start + rng.randrange(ready, done), int(kind.pause_ms * 1e6 * rng.uniform(0.05, 1)), f"generation {rng.randrange(3)}")
        for _ in range(kind.pauses)
    )
    return Pauses(kind.collector, kind.pauses, sum(s.wall_ns for s in spans), 0.02, spans, 0, 1000)


def _stalls(longest_ms: float) -> Stalls:
    return Stalls(10_000_000, 8_000_000, 100, int(longest_ms * 2e6), int(longest_ms * 1e6), (90, 10), (), 0)
