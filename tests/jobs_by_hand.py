"""One job of a real implementation of csv-etl by hand, on inputs of the test's choice; how far it has read, and what came of it."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import quickly
from makers import TIMING, job
from workload_scripts import load

from harness import data, protocol
from harness.model import Implementation, Job

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
import nasty  # noqa: E402
from nasty_run.programs import Program  # noqa: E402

CATALOG = quickly.load(ROOT)
WORKLOAD = "csv-etl"
PARAMS = {"repeat": 1, "spoilt": 0, "table": 0}
TAKERS = [impl for impl in CATALOG.implementations.values() if WORKLOAD in impl.workloads]
QUICK = [impl for impl in TAKERS if impl.quick and not impl.docker]
WRITING = [step.name for step in CATALOG.workloads[WORKLOAD].steps if step.tally]
"""The steps that clean the file; the operations on a table read nothing that could be spoilt."""


Way = tuple[str, str, int]
"""An implementation, a step that it has, and a number of threads."""


def each_way(chosen: Sequence[Implementation]) -> pytest.MarkDecorator:
    """Runs a test with every step on one thread, and with the first on two as well: there the file is read in another way."""
    steps = [(step, 1) for step in WRITING] + [(WRITING[0], 2)]
    ways = [(impl.name, step, threads) for impl in chosen for step, threads in steps if step not in impl.workloads[WORKLOAD].lacks]
    return pytest.mark.parametrize("way", ways, ids=lambda way: "-".join(map(str, way)))


@functools.cache
def program(name: str) -> Program:
    """The local build of an implementation; skips where its toolchain is not here."""
    found = nasty.programs(CATALOG, [name], quick=True, build=True)
    if not found:
        pytest.skip(f"{name} is not built here: see standard error")
    return found[0]


@dataclass(frozen=True, slots=True)
class End:
    """How a job ended: its exit code (negative: of which signal), what it said, and all that lies in its outputs."""

    code: int | None
    said: bytes
    errors: bytes
    left: tuple[str, ...]

    @property
    def events(self) -> list[dict[str, Any]]:
        """Fails on a line that is no event, such as one of a traceback."""
        return [json.loads(line) for line in self.said.splitlines()]


def assert_refused(end: End, kind: str, *words: str) -> None:
    """It ended in an error whose one line has these words, before any step was done, and left nothing."""
    assert end.events, end.errors.decode()
    last = end.events[-1]
    assert (last["event"], last.get("kind"), end.code) == ("error", kind, 1), (last, end.errors[-2000:].decode())
    assert "\n" not in last["message"], last
    assert [word for word in words if word.lower() not in last["message"].lower()] == [], last
    assert [event["step"] for event in end.events if event["event"] == "sample" and event["step"] != "load"] == [], end.events
    assert end.left == (), end.left


@functools.cache
def table(name: str) -> bytes:
    """A table of the real flights' package."""
    content: bytes = load("shared", "nycflights").table(data.folder() / "downloads", name)
    return content


def header_and_rows(rows: int) -> tuple[bytes, bytes]:
    """Of the real flights: the header's line, and so many rows (0: all of them)."""
    begin, _, rest = table("flights").partition(b"\n")
    return begin + b"\n", b"".join(rest.splitlines(keepends=True)[:rows]) if rows else rest


def inputs(folder: Path, flights: bytes | None = None) -> dict[str, str]:
    """The paths of the job's inputs; the small ones are made, and the flights where they are given."""
    given = {"airlines": table("airlines"), "weather": table("weather"), **({} if flights is None else {"flights": flights})}
    for name, content in given.items():
        (folder / f"{name}.csv").write_bytes(content)
    return {name: str(folder / f"{name}.csv") for name in ("flights", "airlines", "weather")}


def one_step(step: str, threads: int = 1, **changes: Any) -> Job:
    """One pass of one step."""
    return job(workload=WORKLOAD, steps=(step,), threads=threads, warmup=0, timed=1, **changes)


def request(job: Job, paths: Mapping[str, str], outputs: str) -> bytes:
    """A job's request, as the harness would send it."""
    return protocol.request(job, PARAMS, paths, TIMING, None, outputs)


@contextmanager
def started(program: Program, ask: bytes, folder: Path, prepare: Callable[[], None] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """The program with its request as all that its standard input holds; killed at the end, should it still run."""
    (folder / "request.json").write_bytes(ask)
    # A limit on the size of files must not spoil the bytecode that other runs will use.
    env = {**os.environ, **program.env, "PYTHONDONTWRITEBYTECODE": "1"}
    pipe = subprocess.PIPE
    with (folder / "request.json").open("rb") as stdin:
        process = subprocess.Popen(program.command, stdin=stdin, stdout=pipe, stderr=pipe, env=env, preexec_fn=prepare)
    with process:
        try:
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[bytes], outputs: Path) -> End:
    """Waits for its end; the outputs are a folder of its own."""
    said, errors = process.communicate()
    left = sorted(str(path.relative_to(outputs)) for path in outputs.rglob("*"))
    return End(process.returncode, said, errors, tuple(left))


def caught_reading(process: subprocess.Popen[bytes], path: Path, at_least: int, timeout_s: float = 120) -> bool:
    """Stops it while it reads the file, of which it has read so many bytes and not yet three quarters; False where it was too quick.

    It counts what the process asks the kernel to read. One that maps the file reads nothing in that sense: it is never caught.
    """
    deadline, most = time.monotonic() + timeout_s, path.stat().st_size * 3 // 4
    before: int | None = None
    while (now := _read_by(process.pid)) is not None and now < most and time.monotonic() < deadline:
        before = now if before is None and _has_open(process.pid, path) else before
        if before is not None and now - before >= at_least:
            process.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
            return (_read_by(process.pid) or most) < most
        time.sleep(0.0005)
    return False


def _read_by(pid: int) -> int | None:
    """Bytes that the process has read since its start, of whatever; None once it has ended."""
    try:
        fields = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
        return int(fields["rchar"]) if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z" else None
    except (OSError, KeyError):
        return None


def _has_open(pid: int, path: Path) -> bool:
    try:
        return any(entry.readlink() == path for entry in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:  # it has ended, or closed one meanwhile
        return False
