"""How the tests ask for sessions of planted faults (tests/fakes), and what they look up in the records."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import psutil
from bench_command import Done

from harness import store
from harness.model import Run, Session

T = TypeVar("T")


def ask(engine: str) -> tuple[str, ...]:
    """Options of `bench run` that all of them share; one seed, so that the input is made once."""
    return ("--workload", "count", "--engine", engine, "--seed", "7", "--no-aa", "--no-plot", "--json")


def select(*variants: str) -> list[str]:
    return [word for v in variants for word in ("--select", f"fake/{v}")]


def session_of(done: Done, folder: Path) -> tuple[Session, list[Run]]:
    """A session that has come to its end: not a line torn, and a record of each planned job, in order."""
    assert done.code in (0, 1), done.err
    session, (runs, warnings) = store.read_session(folder), store.read_runs(folder)
    assert not warnings
    assert [r.job for r in runs] == [j.id for j in session.jobs]
    return session, runs


def one(runs: list[Run], variant: str, kind: str = "verify") -> Run:
    (run,) = (r for r in runs if r.variant == variant and r.kind == kind)
    return run


def recorded(folder: Path) -> int:
    """Whole lines written so far."""
    path = folder / store.RUNS
    return path.read_bytes().count(b"\n") if path.exists() else 0


def wait_for(what: Callable[[], T], timeout_s: float = 60) -> T:
    """The first true answer of `what`."""
    deadline = time.monotonic() + timeout_s
    while not (found := what()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)
    return found


def lives(pid: int) -> bool:
    """Whether a process still runs; one that only waits for its parent to take notice does not."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False
