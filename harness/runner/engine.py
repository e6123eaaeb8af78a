"""What an engine must offer. Two exist: containers (docker.py) and local processes (local.py)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from harness.model import Build, Implementation, Job, Language, Reading

Chunk = tuple[Literal["out", "err"], bytes]
Tell = Callable[[str], None]
"""Takes one line of progress."""

HARNESS_LABEL = "org.bench.harness"
SESSION_LABEL = "org.bench.session"
HARNESS_VARIABLE = "BENCH_HARNESS"


class EngineError(Exception):
    """The engine could not start or watch a job (daemon gone, image missing); the message says what and what to try."""


@dataclass(frozen=True, slots=True)
class Launch:
    """A job with the folders that it may see: `data` to read, `out` to write its answers (None in timed jobs).

    `outputs` is for the files of its steps that `write` (None where none does); of the other steps it owes an answer in `out`.
    `company` are the CPUs of what runs beside it, if anything does; what has `beside` shares the network of that job (Handle.network).
    """

    job: Job
    implementation: Implementation
    language: Language
    build: Build
    session: str
    harness: str
    padding: str
    data: Path
    out: Path | None
    outputs: Path | None = None
    writes: frozenset[str] = frozenset()
    company: tuple[int, ...] = ()
    beside: str | None = None

    @property
    def owed_answers(self) -> tuple[str, ...]:
        """The steps whose whole answer it must give by an event."""
        return tuple(step for step in self.job.steps if self.out and step not in self.writes)


@dataclass(frozen=True, slots=True)
class Seen:
    """A launch's folders under the names by which the job sees them."""

    data: str
    out: str | None
    outputs: str | None


@dataclass(frozen=True, slots=True)
class Exit:
    """How a job ended; `signal` is set where one killed it, `oom` where the memory limit did."""

    code: int | None
    signal: str | None
    oom: bool


class Handle(Protocol):
    """One started job."""

    @property
    def network(self) -> str | None:
        """Names the network that it has to itself; None where it has the machine's."""

    @property
    def ended(self) -> bool:
        """True once standard output and standard error have both ended."""

    def pump(self, timeout_s: float) -> list[Chunk]:
        """What has come within `timeout_s`; empty where nothing has."""

    def write(self, data: bytes) -> None:
        """Send to standard input; quietly nothing where the job has closed it."""

    def close_stdin(self) -> None:
        """End its standard input."""

    def reading(self) -> Reading | None:
        """The outside account as it stands; None once there is nothing left to read."""

    def memory_bytes(self) -> int | None:
        """Anonymous memory now; the quick part of `reading`."""

    def terminate(self) -> None:
        """Ask it to end, by SIGTERM."""

    def kill(self) -> None:
        """End it at once."""

    def result(self, timeout_s: float) -> Exit | None:
        """How it ended; None where it hasn't within `timeout_s`."""

    def close(self) -> None:
        """Leave nothing behind: no process, no container, no open file."""


class Engine(Protocol):
    """A way to build implementations and to start jobs."""

    name: str
    isolation: str

    def build(self, implementation: Implementation, language: Language, log: Path, tell: Tell, *, clean: bool) -> Build:
        """Build it, with the full output in `log`; a failure is a Build with its reason, never an exception."""

    def has(self, build: Build, implementation: Implementation, language: Language) -> bool:
        """Whether what was built is still here, unchanged."""

    def lacks(self, language: Language) -> list[str]:
        """The tools that building this language's variants needs and this machine doesn't have."""

    def start(self, launch: Launch) -> Handle:
        """Start a job. EngineError where that fails."""

    def paths(self, launch: Launch) -> Seen:
        """The folders as the job will see them."""

    def sweep(self, alive: Callable[[str], bool]) -> list[str]:
        """Remove what harnesses that are no longer `alive` have left; what was removed, one line each."""
