"""The nouns of what came of it: from a Sample to the Run and the Session of the files, and what is computed from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.model.asked import Arm, Case, Job, Kind, Limits, Params, Step, Timing, Tolerance, Track, label
from harness.model.served import Blame, Latency

SCHEMA = 2
"""Version of session.json and runs.jsonl. A reader refuses a newer one; an older one is migrated on reading.

1 (2026-11): the first.
2 (2026-11): several thread counts a session, the A/A arm, the claims as they stood, every clean build, the inputs' size; sealed lines.
"""

Outcome = Literal["ok", "wrong", "oom", "timeout", "hang", "crash", "protocol", "error", "unbuilt", "skipped"]
"""What came of a job.

ok: the right answers, all events. wrong: an answer or a check differs from the oracle. oom: out of memory. timeout: over its
time limit while working. hang: idle, or not ending after `done`. crash: died without saying why. protocol: what it wrote is
not the protocol. error: said itself that it can't. unbuilt: its build failed. skipped: not started, with the reason.
"""


@dataclass(frozen=True, slots=True)
class Check:
    """The cheap digest of an answer: its rows, and each value column's sum over what is not missing."""

    rows: int
    sums: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Sample:
    """One timed pass of a step. `number` is the pass, from 1.

    `queries` are the nanoseconds of each query in it, where the spec asks for them; `latency` what the load generator saw of a phase,
    and `blame` what its slow requests fell on.
    """

    index: int
    step: str
    number: int
    warmup: bool
    start_ns: int
    wall_ns: int
    user_ns: int | None
    system_ns: int | None
    units: int
    check: Check | None
    phases: Mapping[str, int] = field(default_factory=dict)
    queries: tuple[int, ...] = ()
    latency: Latency | None = None
    blame: tuple[Blame, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """An interval on the monotonic clock: a pause with the collector's name for it, or a stall."""

    start_ns: int
    wall_ns: int
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Pauses:
    """The collector's pauses in one job; `events` holds the longest, `dropped` how many more there were."""

    collector: str
    count: int | None
    total_ns: int | None
    cpu_share: float | None
    events: tuple[Span, ...]
    dropped: int
    clock_error_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Stalls:
    """What a stall meter saw; `histogram` entry i counts oversleeps in [2^i, 2^(i+1)) microseconds."""

    interval_ns: int
    threshold_ns: int
    count: int
    total_over_ns: int
    max_over_ns: int
    histogram: tuple[int, ...]
    events: tuple[Span, ...]
    dropped: int


@dataclass(frozen=True, slots=True)
class Usage:
    """The job's own account (getrusage and the runtime), as the last event carries it."""

    minor_faults: int | None
    major_faults: int | None
    voluntary_switches: int | None
    involuntary_switches: int | None
    peak_rss_bytes: int | None
    runtime_memory: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hello:
    """What the implementation says of itself."""

    protocol: int
    language: str
    variant: str
    runtime: str
    libraries: Mapping[str, str]
    parallelism: int
    clock: str
    allocator: str | None
    now_ns: int


@dataclass(frozen=True, slots=True)
class Reading:
    """The outside account of a job at one instant: its cgroup's, or its processes' where there is no cgroup of its own.

    `source` names which. `peak_bytes` is the cgroup's own high-water mark (with page cache).
    """

    source: str
    anon_bytes: int | None = None
    peak_bytes: int | None = None
    user_ns: int | None = None
    system_ns: int | None = None
    throttled_ns: int | None = None
    oom_kills: int | None = None
    swap_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """Anonymous memory against time: instants relative to the job's start, thinned evenly to a few thousand points."""

    at_ns: tuple[int, ...] = ()
    anon_bytes: tuple[int, ...] = ()
    interval_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """Instants of a job seen from outside, in nanoseconds after its start; None where it did not get so far.

    `waited_ns` of it went by while it was others' turn, and `waited_cpu_ns` is the CPU time that it took all the same.
    """

    hello_ns: int | None = None
    ready_ns: int | None = None
    done_ns: int | None = None
    exit_ns: int | None = None
    waited_ns: int = 0
    waited_cpu_ns: int | None = None

    @property
    def worked_ns(self) -> int | None:
        """From its start to its end, but for others' turns."""
        return None if self.exit_ns is None else self.exit_ns - self.waited_ns


@dataclass(frozen=True, slots=True)
class Run:
    """A job with what came of it: one line of runs.jsonl. `isolation` says in a line how well it was shut off.

    `objective_ns` is what a probe's 99th percentile is held against, in the search for the highest rate.
    """

    schema: int
    session: str
    job: str
    kind: Kind
    implementation: str
    language: str
    variant: str
    track: Track
    contest: bool
    workload: str
    case: str
    params: Params
    seed: int
    block: int
    position: int
    threads: int
    engine: str
    limits: Limits
    outcome: Outcome
    reason: str | None = None
    isolation: str | None = None
    suspect: tuple[str, ...] = ()
    started: str | None = None
    start_ns: int | None = None
    times: Times = field(default_factory=Times)
    threads_seen: int | None = None
    hello: Hello | None = None
    samples: tuple[Sample, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    pauses: Pauses | None = None
    stalls: Stalls | None = None
    control: Stalls | None = None
    usage: Usage | None = None
    outside: Reading | None = None
    anon_peak_bytes: int | None = None
    memory: Series = field(default_factory=Series)
    state_before: Mapping[str, object] = field(default_factory=dict)
    state_after: Mapping[str, object] = field(default_factory=dict)
    exit_code: int | None = None
    stderr: str = ""
    arm: Arm = "test"
    objective_ns: int | None = None

    @property
    def label(self) -> str:
        """What it counts as."""
        return label(self.implementation, self.threads, self.arm)

    @property
    def cgroup_peak_bytes(self) -> int | None:
        """The most that the kernel counted, page cache and all; None where nobody looked from outside."""
        return self.outside.peak_bytes if self.outside else None


def kind(job: Job | Run) -> tuple[str, str]:
    """What jobs are alike in how long they take: label and case, the A/A arm like its twin."""
    return label(job.implementation, job.threads), job.case


@dataclass(frozen=True, slots=True)
class Build:
    """One implementation made ready: `digest` names what will run (image id, or digest of the built files).

    `seconds` is what its making took with whatever the builder's caches held; `clean_seconds` what each build of these very
    sources from nothing but base images and toolchain took (`bench build --clean`), in the order made. `sources` names what it was
    made of, base images apart: on another machine the same sources give another `digest`.
    """

    implementation: str
    engine: str
    outcome: Literal["built", "cached", "failed"]
    seconds: float
    digest: str | None
    image_bytes: int | None
    artifact_bytes: int | None
    log: str
    reason: str | None = None
    hello: Hello | None = None
    bases: Mapping[str, str] = field(default_factory=dict)
    clean_seconds: tuple[float, ...] = ()
    sources: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What a file that a step writes must hold: its rows, and of each column of numbers the sum and the sum of the magnitudes."""

    rows: int
    sums: Mapping[str, float]
    scales: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Dataset:
    """A case's input and truth on disk; `digest` covers the input's bytes, and there are `input_bytes` of them.

    `checks` and `scales` go by step. So does `written`, for the steps that write: name of a file to what it must hold.
    `tolerance` is the case's own, in place of its workload's.
    """

    case: str
    inputs: Mapping[str, str]
    answers: str
    units: int
    digest: str
    facts: Mapping[str, object]
    checks: Mapping[str, Check]
    scales: Mapping[str, Mapping[str, float]]
    input_bytes: int | None = None
    written: Mapping[str, Mapping[str, Written]] = field(default_factory=dict)
    tolerance: Tolerance | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """All that a session was asked to do and where: session.json. Its jobs follow from `plan` with these alone.

    `again` is the label that runs a second time in each block (A/A); `claims` gives the digest of each registered claim when it began;
    `capabilities` are the workload's questions, which each implementation's facts answer under `can`. `generator` is the load
    generator, where something is served. With `turns` the jobs of a block on one case are there together, and pass for pass one works.
    """

    schema: int
    id: str
    created: str
    command: str
    bench_version: str
    engine: str
    isolation: str
    workload: str
    question: str
    unit: str
    seed: int
    blocks: int
    threads: tuple[int, ...]
    cases: tuple[Case, ...]
    steps: tuple[Step, ...]
    implementations: tuple[str, ...]
    jobs: tuple[Job, ...]
    timing: Timing
    tolerance: Tolerance
    builds: tuple[Build, ...]
    datasets: tuple[Dataset, ...]
    facts: Mapping[str, Mapping[str, object]]
    environment: Mapping[str, object]
    again: str | None = None
    claims: Mapping[str, str] = field(default_factory=dict)
    capabilities: Mapping[str, str] = field(default_factory=dict)
    generator: Build | None = None
    turns: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """All that it compares, the A/A arm's second label apart."""
        return tuple(label(name, threads) for threads in self.threads for name in self.implementations)


@dataclass(frozen=True, slots=True)
class Summary:
    """A centre with its interval over n invocations; low and high are None where n does not carry one."""

    centre: float
    low: float | None
    high: float | None
    n: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many times `other` takes what `base` takes: a ratio of geometric means with its 95 % interval, paired by block."""

    base: str
    other: str
    ratio: float
    low: float | None
    high: float | None
    n: int
    warnings: tuple[str, ...] = ()
