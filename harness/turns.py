"""Several jobs at once of which one works at a time: their passes are dealt in turns, so that all meet the same seconds of the machine.

A shared machine is slow for tenths of a second to seconds at a time: longer than a pass, shorter than a job. Jobs one after the other
each draw their own share of that; passes in turns share it (Abedi and Brecht 2017: randomised multiple interleaved trials).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import groupby

from harness.model import Job, Run
from harness.runner.drive import Owed

Course = Generator[Owed, None, Run]
"""A job on its way: it stops with the step and the pass that it waits with, and ends as its record."""


def alone(course: Course) -> Run:
    """The record of a job to which every turn is given at once."""
    while True:
        try:
            next(course)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def groups(jobs: Sequence[Job], *, turns: bool) -> Iterator[list[Job]]:
    """Those that are there together: with turns the timed jobs of one block on one case, else each by itself."""
    for (kind, *_), together in groupby(jobs, lambda job: (job.kind, job.block, job.case)):
        if turns and kind == "timed":
            yield list(together)
        else:
            yield from ([job] for job in together)


def deal(courses: Mapping[str, Course], steps: Sequence[str], orders: Iterator[Sequence[str]]) -> Iterator[Run]:
    """Each record as its job ends. Each job begins, and loads, by itself; then every round gives each that owes the pass its turn.

    A round is one pass of one step, in the next of `orders`; who lacks the step, or has failed, is passed over.
    """
    with ExitStack() as stack:
        for course in courses.values():
            stack.callback(course.close)
        waiting: dict[str, Owed] = {}
        for name, course in courses.items():
            yield from _on(name, course, waiting)
        while waiting:
            due = min(waiting.values(), key=lambda owed: (steps.index(owed[0]), owed[1]))
            for name in next(orders):
                if waiting.get(name) == due:
                    yield from _on(name, courses[name], waiting)


def _on(name: str, course: Course, waiting: dict[str, Owed]) -> Iterator[Run]:
    """To its next turn, or to its end."""
    try:
        waiting[name] = next(course)
    except StopIteration as end:
        waiting.pop(name, None)
        yield end.value
