"""The nouns of what is asked for: from a workload's spec and an implementation's folder to a Job of the plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from harness.model.served import Traffic

Params = Mapping[str, int | float | str]
Track = Literal["baseline", "ecosystem", "tuned"]
Kind = Literal["verify", "timed", "probe"]
"""probe: a job of a search, under another memory limit or at another rate than its case's."""
Arm = Literal["test", "again"]
"""again: the A/A arm, an implementation that runs a second time in each block under another label."""
Format = Literal["csv", "parquet"]


def label(implementation: str, threads: int = 1, arm: Arm = "test") -> str:
    """What is compared, everywhere: `rust/std`, `rust/std@2` at two threads, `rust/std (again)` in the A/A arm."""
    return f"{implementation}{f'@{threads}' if threads != 1 else ''}{' (again)' if arm == 'again' else ''}"


class UserError(Exception):
    """A mistake that the user can mend: one line with what is wrong and what to try. The command line turns it into exit code 2."""


@dataclass(frozen=True, slots=True)
class Step:
    """A timed part of a workload; `keys` and `values` are the columns of its answer.

    One that `writes` leaves its answer as a file, and tables of the workload `beside` it; its check is the `tally` in place of sums.
    One with `traffic` is served: it is the load generator that times it, and `keys` is the number of a request's body, from 0.
    """

    name: str
    title: str
    keys: tuple[str, ...]
    values: tuple[str, ...]
    writes: Format | None = None
    beside: tuple[str, ...] = ()
    tally: tuple[str, ...] = ()
    traffic: Traffic | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files that it leaves, the main one first; tables beside are CSV whatever that one is."""
        if self.writes is None:
            return ()
        return (f"{self.name}.{self.writes}", *(f"{self.name}.{table}.csv" for table in self.beside))


@dataclass(frozen=True, slots=True)
class Table:
    """What a step may leave beside its main output, as `<step>.<table>.csv`."""

    keys: tuple[str, ...]
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Timing:
    """How often a step is timed in a job, and how the stall meter is set."""

    warmup: int
    timed: int
    meter_interval_ns: int
    meter_threshold_ns: int


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far an answer may lie from the oracle's: within `relative` of it, or within `absolute`."""

    relative: float
    absolute: float


@dataclass(frozen=True, slots=True)
class CaseSpec:
    """A case as the workload declares it, before a seed is chosen; `seeded` is false where the input is real and has no seed.

    `steps` are the only ones that run on it; empty where all do. `memory_share` is the limit of a timed job over what the same
    implementation took at most in verification; None where `memory_bytes` is the limit of all.
    """

    name: str
    summary: str
    params: Params
    time_limit_s: float
    memory_bytes: int
    default: bool
    seeded: bool
    steps: tuple[str, ...] = ()
    memory_share: float | None = None


@dataclass(frozen=True, slots=True)
class Workload:
    """What must be computed. `capabilities` are questions that each implementation answers in words (name to question)."""

    name: str
    title: str
    question: str
    unit: str
    prose: str
    steps: tuple[Step, ...]
    timing: Timing
    tolerance: Tolerance
    answer_types: Mapping[str, str]
    cases: tuple[CaseSpec, ...]
    folder: Path
    tables: Mapping[str, Table] = field(default_factory=dict)
    capabilities: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """A workload at one size and seed; `name` carries parameters that were changed: `1e6[k=10]`. The rest as in CaseSpec."""

    workload: str
    name: str
    params: Params
    seed: int
    time_limit_s: float
    memory_bytes: int
    steps: tuple[str, ...] = ()
    memory_share: float | None = None


def steps_of(case: CaseSpec | Case, steps: Iterable[Step]) -> tuple[Step, ...]:
    """Those of a workload's steps that run on the case, in the workload's order."""
    return tuple(step for step in steps if not case.steps or step.name in case.steps)


@dataclass(frozen=True, slots=True)
class LocalRecipe:
    """How variants are built and run as processes; strings hold placeholders such as {impl} and {build}.

    `requires` are tools that it needs besides those of its language.
    """

    build: tuple[tuple[str, ...], ...]
    run: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    artifact: str | None = None
    requires: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DockerRecipe:
    """How images are built; `artifact` is the stripped binary's path in the image, `arguments` are further ones of the build.

    `context` is the folder that the build sees, by its place in the checkout; the language's own where there is none.
    """

    dockerfile: str
    artifact: str | None = None
    arguments: Mapping[str, str] = field(default_factory=dict)
    context: str | None = None


@dataclass(frozen=True, slots=True)
class Language:
    """A language under test: how every variant of it is built."""

    name: str
    title: str
    version: tuple[str, ...]
    requires: tuple[str, ...]
    local: LocalRecipe
    docker: DockerRecipe
    folder: Path


@dataclass(frozen=True, slots=True)
class Support:
    """What an implementation takes of one workload: the steps it lacks with reasons, the files of its code, and what it `can` in words."""

    lacks: Mapping[str, str]
    source: tuple[str, ...]
    can: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Implementation:
    """A language with a library. `contest` is false for a yardstick outside the languages' contest.

    `docker` and `local` are recipes of its own, for one that the language's do not serve; with `docker` alone it runs in containers alone.
    `beside` are files and folders outside of its language's that it is built from.
    """

    name: str
    language: str
    variant: str
    track: Track
    summary: str
    contest: bool
    quick: bool
    workloads: Mapping[str, Support]
    folder: Path
    facts: Mapping[str, object]
    docker: DockerRecipe | None = None
    local: LocalRecipe | None = None
    beside: tuple[Path, ...] = ()

    @property
    def contained(self) -> bool:
        """Whether only a container can hold it."""
        return self.docker is not None and self.local is None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a job may use."""

    cpus: tuple[int, ...]
    memory_bytes: int
    time_s: float
    idle_s: float = 30.0
    pids: int = 256
    output_bytes: int = 64 << 20


@dataclass(frozen=True, slots=True)
class Job:
    """One start of one implementation on one case. Block 0 verifies; the timed blocks count from 1; position from 1."""

    id: str
    kind: Kind
    implementation: str
    workload: str
    case: str
    seed: int
    block: int
    position: int
    threads: int
    warmup: int
    timed: int
    steps: tuple[str, ...]
    limits: Limits
    arm: Arm = "test"

    @property
    def label(self) -> str:
        """What it counts as."""
        return label(self.implementation, self.threads, self.arm)
