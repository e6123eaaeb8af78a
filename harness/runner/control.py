"""Holds the control meter (meter.py) for a session: a stall meter outside every job, on the same CPUs."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import msgspec

from harness.model import Stalls, Timing
from harness.runner.engine import HARNESS_VARIABLE


@dataclass(frozen=True, slots=True)
class Mark:
    """What lay between two marks, and the CPU time of a fixed piece of work at the second."""

    stalls: Stalls | None = None
    work_ns: int | None = None


class ControlMeter:
    """`with ControlMeter(timing, cpus) as meter:` then `meter.mark()` at a job's start and end; the second gives what lay between."""

    def __init__(self, timing: Timing, cpus: tuple[int, ...]) -> None:
        self._command = [sys.executable, "-I", "-S", str(Path(__file__).with_name("meter.py"))]
        self._command += [str(timing.meter_interval_ns), str(timing.meter_threshold_ns)]
        self._cpus = cpus
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> ControlMeter:
        # Without the harness's name: the meter outlives each job, after which all that carries the name is ended.
        env = {key: value for key, value in os.environ.items() if key != HARNESS_VARIABLE}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(self._command, stdin=pipe, stdout=pipe, env=env, start_new_session=True)
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(self._process.pid, self._cpus)
        return self

    def mark(self) -> Mark:
        """What was seen since the last mark; nothing where the meter has died."""
        pipe = self._process
        if pipe is None or pipe.stdin is None or pipe.stdout is None:
            return Mark()
        try:
            pipe.stdin.write(b"\n")
            pipe.stdin.flush()
            return msgspec.json.decode(pipe.stdout.readline(), type=Mark)
        except (BrokenPipeError, msgspec.MsgspecError):
            return Mark()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process and self._process.stdin:
            with suppress(BrokenPipeError):  # it has died, and what was written to it is still in the buffer
                self._process.stdin.close()
            self._process.wait(timeout=5)
