"""The clock: wall and CPU time around one call and nothing else."""

from collections.abc import Callable
from resource import RUSAGE_SELF, getrusage
from time import monotonic_ns
from typing import Any


def timed(work: Callable[..., Any], *arguments: Any) -> tuple[Any, dict[str, int]]:
    """The call's result and its times. The result is freed by the caller, outside the clock."""
    before = getrusage(RUSAGE_SELF)
    start_ns = monotonic_ns()
    result = work(*arguments)
    wall_ns = monotonic_ns() - start_ns
    after = getrusage(RUSAGE_SELF)
    return result, {
        "start_ns": start_ns,
        "wall_ns": wall_ns,
        "user_ns": round((after.ru_utime - before.ru_utime) * 1e9),
        "system_ns": round((after.ru_stime - before.ru_stime) * 1e9),
    }
