"""The collector's pauses: every run of CPython's cyclic collector, by `gc.callbacks`, from the start of the process.

Reference counting frees most memory and is not seen here; it is part of the work. The collector stays as it is: on.
"""

import gc
from time import monotonic_ns, process_time_ns, thread_time_ns
from typing import Any

from bench_protocol.longest import Longest

KINDS = ("gen0", "gen1", "gen2")


class PauseRecorder:
    """Records from its making to its report."""

    def __init__(self) -> None:
        self._longest = Longest()
        self._total_ns = self._cpu_ns = self._others_process_ns = 0
        self._start_ns = self._start_cpu_ns = 0
        gc.callbacks.append(self._note)

    def report(self) -> dict[str, Any]:
        """Stops recording, so that the report is of one instant."""
        told = self.stop()
        return {
            "collector": "CPython cyclic collector",
            "count": self._longest.seen,
            "total_ns": told["total_ns"],
            "cpu_share": told["cpu_ns"] / told["process_ns"],
            "clock_error_ns": None,
            **self._longest.report(),
        }

    def stop(self) -> dict[str, Any]:
        """Stops recording; what is known so far, as `absorb` takes it from another process."""
        if self._note in gc.callbacks:
            gc.callbacks.remove(self._note)
        process_ns = self._others_process_ns + process_time_ns()
        return {"total_ns": self._total_ns, "cpu_ns": self._cpu_ns, "process_ns": process_ns, **self._longest.report()}

    def absorb(self, told: dict[str, Any]) -> None:
        """Takes over what a process of its own has recorded, as if it were this one's."""
        self._total_ns += told["total_ns"]
        self._cpu_ns += told["cpu_ns"]
        self._others_process_ns += told["process_ns"]
        self._longest.absorb(told)

    def _note(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._start_cpu_ns = thread_time_ns()
            self._start_ns = monotonic_ns()
        else:
            wall_ns = monotonic_ns() - self._start_ns
            self._total_ns += wall_ns
            self._cpu_ns += thread_time_ns() - self._start_cpu_ns
            self._longest.add(self._start_ns, wall_ns, KINDS[info["generation"]])
