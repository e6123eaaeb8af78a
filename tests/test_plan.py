"""The plan: Williams designs balance positions and carry-over; a session is fixed by its seed, and every block is whole."""

import random
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from makers import CASE, SPEC, WORKLOAD, implementation, job, run

from harness import session
from harness.model import CaseSpec, Job, Reading, UserError, label
from harness.plan import MIB, case_of, estimate_s, expected_samples, jobs, limited, orders, treatments, williams

NAMES = ("go/std", "python/polars", "python/stdlib", "rust/polars", "rust/std")


PLANNED = [
    "b000-p01-python-stdlib-small", "b000-p02-python-polars-small", "b000-p03-go-std-small", "b000-p04-rust-std-small",
    "b000-p05-rust-polars-small", "b001-p01-python-stdlib-again-small", "b001-p02-rust-polars-small", "b001-p03-rust-std-small",
    "b001-p04-go-std-small", "b001-p05-python-polars-small", "b001-p06-python-stdlib-small",
]  # fmt: skip


def plan(seed: int = 7, blocks: int = 10, names: tuple[str, ...] = NAMES, cases: tuple[str, ...] = ("small", "big")) -> tuple[Job, ...]:
    chosen = [implementation(n) for n in names]
    return jobs(WORKLOAD, [replace(CASE, name=c) for c in cases], chosen, seed=seed, blocks=blocks, cpus={1: (1,)})


@pytest.mark.parametrize("n", range(1, 13))
def test_a_design_balances_positions_and_carry_over(n: int) -> None:
    rows = williams(n)
    each = range(n)
    squares = 1 if n % 2 == 0 or n == 1 else 2
    assert len(rows) == squares * n
    assert all(sorted(row) == list(each) for row in rows)
    assert Counter((p, x) for row in rows for p, x in enumerate(row)) == {(p, x): squares for p in each for x in each}
    assert Counter(pair for row in rows for pair in pairwise(row)) == {(a, b): squares for a in each for b in each if a != b}


def test_the_design_for_four_is_the_published_one() -> None:
    assert williams(4)[0] == [0, 3, 1, 2], "0, n-1, 1, n-2 (Williams 1949), which the other rows shift"
    assert williams(4)[1] == [1, 0, 2, 3]


@given(st.integers(1, 12), st.integers(1, 40), st.integers(0, 2**31))
def test_orders_are_balanced_over_each_n_blocks_and_carry_over_nearly_so(n: int, blocks: int, seed: int) -> None:
    names = [f"x/{i}" for i in range(n)]
    rows = list(orders(names, blocks, random.Random(seed)))
    assert len(rows) == blocks and all(sorted(row) == sorted(names) for row in rows)
    for start in range(0, blocks - n + 1, n):
        seen = Counter((p, x) for row in rows[start : start + n] for p, x in enumerate(row))
        assert set(seen.values()) == {1}
    whole = len(williams(n))
    for start in range(0, blocks - whole + 1, whole):
        followed = Counter(pair for row in rows[start : start + whole] for pair in pairwise(row))
        assert len(followed) == n * (n - 1) and len(set(followed.values())) <= 1


@given(st.integers(1, 12), st.integers(1, 40), st.integers(0, 2**31))
def test_positions_differ_by_one_at_most_after_any_number_of_blocks(n: int, blocks: int, seed: int) -> None:
    rows = list(orders([str(i) for i in range(n)], blocks, random.Random(seed)))
    seen = Counter((p, x) for row in rows for p, x in enumerate(row))
    counts = [seen[(p, str(x))] for p in range(n) for x in range(n)]
    assert max(counts) - min(counts) <= 1


def test_the_same_seed_gives_the_same_plan_and_another_seed_another() -> None:
    assert plan() == plan()
    assert [j.implementation for j in plan(seed=8)] != [j.implementation for j in plan(seed=7)]


def test_rows_are_dealt_by_the_seed_so_that_no_block_tells_the_next() -> None:
    """Undealt, each row of a square is the one before, shifted."""
    steps = set()
    for seed in range(20):
        first, second = orders("abcdef", 2, random.Random(seed))
        steps.add(tuple(first.index(x) for x in second))
    assert len(steps) > 1


@given(st.integers(0, 12), st.integers(1, 8), st.integers(1, 3), st.integers(0, 2**63 - 1))
def test_every_block_runs_every_implementation_once_on_each_case(blocks: int, n: int, cases: int, seed: int) -> None:
    names, chosen = tuple(f"x/{i}" for i in range(n)), tuple(f"c{i}" for i in range(cases))
    found = plan(seed, blocks, names, chosen)
    assert Counter((j.block, j.case, j.implementation) for j in found) == {
        (b, c, i): 1 for b in range(blocks + 1) for c in chosen for i in names
    }
    assert [j.block for j in found] == sorted(j.block for j in found)
    for block in range(blocks + 1):
        assert [j.position for j in found if j.block == block] == list(range(1, n * cases + 1))
    assert len({j.id for j in found}) == len(found)


def test_the_first_block_verifies_with_one_pass_and_the_others_are_timed() -> None:
    found = plan(blocks=2)
    assert {(j.kind, j.warmup, j.timed) for j in found if j.block == 0} == {("verify", 0, 1)}
    assert {(j.kind, j.warmup, j.timed) for j in found if j.block} == {("timed", 1, 1)}


def test_a_step_that_an_implementation_lacks_is_not_asked_of_it() -> None:
    found = jobs(WORKLOAD, [CASE], [implementation("x/std", {"s1": "no sums"})], seed=1, blocks=1, cpus={1: (0,)})
    assert {j.steps for j in found} == {("s2",)}
    assert expected_samples(found[1]) == [("load", 1, False), ("s2", 1, True), ("s2", 2, False)]
    assert expected_samples(found[0]) == [("load", 1, False), ("s2", 1, False)]


def test_a_case_runs_its_own_steps_and_only_on_those_that_have_one() -> None:
    able, unable = implementation("x/std"), implementation("x/less", {"s1": "no sums"})
    cases = [replace(CASE, name="one", steps=("s1",)), replace(CASE, name="all")]
    for seed in range(10):
        found = jobs(WORKLOAD, cases, [able, unable], seed=seed, blocks=2, cpus={1: (0,)}, again=True)
        assert {(j.implementation, j.case): j.steps for j in found} == {
            ("x/std", "one"): ("s1",), ("x/std", "all"): ("s1", "s2"), ("x/less", "all"): ("s2",),
        }  # fmt: skip
        assert {j.implementation for j in found if j.arm == "again"} == {"x/std"}, "its twin runs on every case"
        for block in range(3):
            assert [j.position for j in found if j.block == block] == list(range(1, 4 + 2 * bool(block)))
    assert jobs(WORKLOAD, cases[:1], [unable], seed=1, blocks=1, cpus={1: (0,)}, again=True) == ()


def test_a_yardstick_is_no_twin_unless_it_is_alone() -> None:
    """The A/A arm measures the contest's noise; a yardstick may have more cases than any contestant."""
    yardstick = replace(implementation("c/floor"), contest=False)
    for seed in range(10):
        both = [implementation("x/less", {"s1": "no sums"}), yardstick]
        found = jobs(WORKLOAD, [CASE], both, seed=seed, blocks=1, cpus={1: (0,)}, again=True)
        assert {j.implementation for j in found if j.arm == "again"} == {"x/less"}
    alone = jobs(WORKLOAD, [CASE], [yardstick], seed=1, blocks=1, cpus={1: (0,)}, again=True)
    assert sorted(j.arm for j in alone) == ["again", "test", "test"]


def test_where_all_run_on_every_case_the_plan_is_what_it_was_before_cases_had_steps() -> None:
    """Sessions of schema 2 go on by their jobs' ids; these are what the plan gave then."""
    found = jobs(WORKLOAD, [CASE], [implementation(n) for n in NAMES], seed=7, blocks=1, cpus={1: (0,)}, again=True)
    assert [j.id for j in found] == PLANNED


def test_changed_parameters_stand_in_the_case_and_its_name() -> None:
    case = case_of(WORKLOAD, SPEC, 3, {"k": 99, "rows": 1000})
    assert case.name == "small[k=99]", "rows keeps its value, so the name leaves it out"
    assert (case.params["k"], case.params["rows"], case.seed, case.time_limit_s) == (99, 1000, 3, SPEC.time_limit_s)
    assert case_of(WORKLOAD, SPEC, 3, {}).name == "small"
    assert case_of(WORKLOAD, SPEC, 3, {"k": 2, "source": "other"}).name == "small[k=2,source=other]"


@pytest.mark.parametrize(("key", "value"), [("kk", 1), ("k", "ten"), ("source", 1), ("k", 1.5)])
def test_parameters_that_a_case_does_not_have_are_a_user_mistake(key: str, value: int | float | str) -> None:
    with pytest.raises(UserError, match=f"'{key}'"):
        case_of(WORKLOAD, SPEC, 1, {key: value})


def test_real_input_has_no_seed() -> None:
    real = CaseSpec("real", "", {"rows": 1}, 1, 1, default=False, seeded=False)
    assert case_of(WORKLOAD, real, 123, {}).seed == 0


def test_an_estimate_adds_what_is_known_and_counts_what_is_not() -> None:
    found = plan(blocks=1, names=("x/a", "x/b"), cases=("small",))
    assert estimate_s(found, {("x/a", "small"): 2.5, ("x/b", "elsewhere"): 100.0}) == (5.0, 2)
    assert estimate_s(found, {}) == (0, 4)
    assert estimate_s([], {}) == (0, 0)


@given(st.integers(0, 2**31), st.integers(1, 5), st.sampled_from([(1,), (1, 2), (2, 4)]))
def test_each_block_holds_each_treatment_once_and_one_of_them_again(seed: int, blocks: int, threads: tuple[int, ...]) -> None:
    cpus = {n: tuple(range(n)) for n in threads}
    chosen = [implementation(n) for n in NAMES]
    found = jobs(WORKLOAD, [CASE], chosen, seed=seed, blocks=blocks, cpus=cpus, again=True)
    tested = {label(name, n) for name in NAMES for n in threads}
    twins = {j.label for j in found if j.arm == "again"}
    assert len(twins) == 1 and {twin.removesuffix(" (again)") for twin in twins} <= tested
    for block in range(1, blocks + 1):
        assert sorted(j.label for j in found if j.block == block) == sorted(tested | twins)
    assert sorted(j.label for j in found if j.block == 0) == sorted(tested), "what ran right once is not proven a second time"
    assert all(j.limits.cpus == cpus[j.threads] for j in found)
    assert len({j.id for j in found}) == len(found)


def test_over_seeds_each_implementation_is_the_one_that_runs_again() -> None:
    chosen = [implementation(n) for n in NAMES]
    twins = {t.label for seed in range(60) for t in treatments(chosen, {1: (0,)}, seed, again=True) if t.arm == "again"}
    assert twins == {f"{name} (again)" for name in NAMES}


def test_a_share_of_the_memory_is_a_limit_in_whole_mebibytes() -> None:
    given, tight = job(), replace(CASE, memory_share=1.05)
    assert limited(given, CASE, None) is given
    assert limited(given, tight, None) is None
    found = limited(given, tight, 100 * MIB)
    assert found == replace(given, limits=replace(given.limits, memory_bytes=105 * MIB))
    found = limited(given, tight, 100 * MIB + 1)
    assert found and found.limits.memory_bytes == 106 * MIB


@pytest.mark.parametrize("outside", [None, Reading("processes")])
def test_without_a_peak_there_is_no_limit_to_take_a_share_of(outside: Reading | None) -> None:
    tight = replace(CASE, memory_share=1.05)
    assert session.unfit(run(kind="verify", outside=outside), tight) == (
        "its memory limit is a share of what its verification took, and that was not recorded"
    )
    assert session.unfit(run(kind="verify", outside=outside), CASE) is None
