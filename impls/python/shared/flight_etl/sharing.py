"""Ranges of the file to workers, and what they gave back in the file's order.

A worker is made once a thread or process, and keeps its memos from range to range; workers share nothing that they write to.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from bench_protocol.failure import Failure
from flight_rules import Range

from flight_etl.batches import Batches
from flight_etl.cleaning import Part, clean
from flight_etl.groups import Groups
from flight_etl.lookups import Hours, Lookups
from flight_etl.rows import Rows

KINDS: "dict[str, type[Groups] | type[Rows]]" = {"agg": Groups, "csv": Rows}
_own = threading.local()


class Task(NamedTuple):
    """What every worker must know; it goes to other processes as it is."""

    step: str
    flights: Path
    outputs: Path
    lookups: Lookups


class Worker:
    """Cleans one range after the other."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._batches: Batches[Any] = Batches(Hours(task.lookups.weather, KINDS[task.step].hour))

    def clean(self, whole: Range) -> Part:
        """What the range came to."""
        return clean(self._task.flights, whole, KINDS[self._task.step](self._task.lookups, self._task.outputs), self._batches)


MakePool = Callable[[int, Task], Executor]


def threads(workers: int, task: Task) -> Executor:
    """Threads of this process."""
    return ThreadPoolExecutor(workers, initializer=_begin, initargs=(task,))


def processes(workers: int, task: Task) -> Executor:
    """Processes, spawned: a fork would copy a process that has threads (the stall meter), with whatever locks they hold.

    A fork server's children would be nobody's whose CPU time is counted here.
    """
    return ProcessPoolExecutor(workers, get_context("spawn"), initializer=_begin, initargs=(task,))


def parts(make: MakePool, workers: int, task: Task, pieces: Iterable[Range]) -> Iterator[Part]:
    """One worker is this very thread: nobody starts a pool of one. An error of a worker is raised here, once the others have stopped."""
    if workers == 1:
        yield from map(Worker(task).clean, pieces)
        return
    pool = make(workers, task)
    try:
        yield from pool.map(_clean, pieces)
    except BrokenExecutor as error:
        raise Failure("memory", "a worker was killed, most likely for want of memory; raise the limit or take fewer threads") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(task: Task) -> None:
    _own.worker = Worker(task)


def _clean(whole: Range) -> Part:
    worker: Worker = _own.worker
    return worker.clean(whole)
