"""The clock: wall and CPU time around one call and nothing else."""

from collections.abc import Callable
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from time import monotonic_ns
from typing import Any


def timed(work: Callable[..., Any], *arguments: Any) -> tuple[Any, dict[str, int]]:
    """The call's result and its times. The result is freed by the caller, outside the clock."""
    before = _cpu()
    start_ns = monotonic_ns()
    result = work(*arguments)
    wall_ns = monotonic_ns() - start_ns
    after = _cpu()
    return result, {
        "start_ns": start_ns,
        "wall_ns": wall_ns,
        "user_ns": round((after[0] - before[0]) * 1e9),
        "system_ns": round((after[1] - before[1]) * 1e9),
    }


def _cpu() -> tuple[float, float]:
    """User and system seconds of this process and of the children that it has waited for, as a pool does when it ends."""
    own, children = getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN)
    return own.ru_utime + children.ru_utime, own.ru_stime + children.ru_stime
