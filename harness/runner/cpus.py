"""Which CPUs are whose: the jobs', the load generator's, and those left for the harness."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from harness.model import UserError


def usable() -> tuple[int, ...]:
    """Those that this process may run on, in order; on systems that can't say, all."""
    return tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else tuple(range(os.cpu_count() or 1))


def choose_cpus(threads: int) -> tuple[int, ...]:
    """The last `threads` usable CPUs: the first ones are where machines put interrupts, and where the harness goes."""
    found = usable()
    if threads > len(found):
        raise UserError(f"{threads} threads on {len(found)} usable CPUs; take --threads {len(found)} or less")
    return found[-threads:]


def company(cpus: Collection[int], of: Sequence[int]) -> tuple[int, ...]:
    """The CPU of what runs beside a job: the first of those that is none of the job's. UserError where there is none."""
    if not (free := [cpu for cpu in of if cpu not in cpus]):
        raise UserError(f"the load generator needs a CPU of its own, and all {len(cpus)} are the server's; take fewer --threads")
    return (free[0],)


@contextmanager
def kept_off(cpus: Collection[int], beside: Collection[int] = ()) -> Iterator[None]:
    """Keep the harness itself off the CPUs of the jobs, and off those beside, as far as others are left for it."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    everywhere = os.sched_getaffinity(0)
    others = everywhere - set(cpus)
    os.sched_setaffinity(0, others - set(beside) or others or everywhere)
    try:
        yield
    finally:
        os.sched_setaffinity(0, everywhere)
