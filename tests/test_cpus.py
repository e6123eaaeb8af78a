"""Whose CPU is whose, on machines of several sizes that are made up."""

import os

import pytest

from harness.model import UserError
from harness.runner.cpus import choose_cpus, company, kept_off, usable


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The CPUs that this process may run on, for the test to fill."""
    allowed: set[int] = set()

    def allow(pid: int, cpus: set[int]) -> None:
        kept = set(cpus)
        allowed.clear()
        allowed.update(kept)

    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(allowed), raising=False)
    monkeypatch.setattr(os, "sched_setaffinity", allow, raising=False)
    return allowed


@pytest.mark.parametrize(
    ("cpus", "jobs", "beside", "harness"),
    [
        ({0, 1}, (1,), (), {0}),
        ({0, 1}, (1,), (0,), {0}),
        ({0, 1, 2}, (2,), (0,), {1}),
        ({0, 1, 2, 3}, (2, 3), (0,), {1}),
        ({5}, (5,), (), {5}),
    ],
)
def test_the_harness_keeps_off_the_jobs_and_off_the_generator_where_others_are_left(
    machine: set[int], cpus: set[int], jobs: tuple[int, ...], beside: tuple[int, ...], harness: set[int]
) -> None:
    machine |= cpus
    assert choose_cpus(len(jobs)) == jobs
    assert not beside or company(jobs, usable()) == beside
    with kept_off(jobs, beside):
        assert machine == harness
    assert machine == cpus


def test_the_generator_needs_a_cpu_of_its_own(machine: set[int]) -> None:
    machine |= {0, 1}
    with pytest.raises(UserError, match="take fewer --threads"):
        company((0, 1), usable())
    with pytest.raises(UserError, match="3 threads on 2 usable CPUs"):
        choose_cpus(3)
