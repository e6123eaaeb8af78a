"""Judging: row order is free, every value counts, and a lie about time or limits is named."""

import hashlib
import itertools
import math
import os
import random
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from makers import DATA, STEPS, TOLERANCE, TYPES, run, sample

from harness.model import Check, Dataset, Hello, Reading, Step, Times, Tolerance
from harness.verify import announced, answers, checks, compare, suspicions

STEP = Step("s", "", ("k", "n"), ("v",))
TWO = Step("two", "two largest v by n", ("n",), ("v",))
SCHEMA = {"k": pl.String, "n": pl.Int64, "v": pl.Float64}
TRUTH = pl.DataFrame({"k": ["a", "a", None, "b"], "n": [1, None, 1, 2], "v": [1.0, None, 2.5, 1e9]}, schema=SCHEMA)


def judged(got: pl.DataFrame, truth: pl.DataFrame = TRUTH, step: Step = STEP, tolerance: Tolerance = TOLERANCE) -> str | None:
    return compare(got, truth, step, tolerance)


def with_value(row: int, column: str, value: object) -> pl.DataFrame:
    rows = TRUTH.rows(named=True)
    rows[row][column] = value
    return pl.DataFrame(rows, schema=SCHEMA)


def test_the_order_of_rows_is_free() -> None:
    for order in itertools.permutations(range(4)):
        assert judged(TRUTH[list(order)]) is None


@pytest.mark.parametrize(
    ("got", "why"),
    [
        (with_value(3, "v", 1e9 + 2), "v is 1000000002.0, the oracle has 1000000000.0 .*k=b, n=2"),
        (with_value(1, "v", 0.0), "v is 0.0, the oracle has None"),
        (with_value(0, "v", None), "v is None, the oracle has 1.0"),
        (with_value(0, "v", math.nan), "v: NaN"),
        (with_value(0, "v", math.inf), "v is inf"),
        (with_value(2, "k", "z"), "k is 'z', the oracle has None"),
        (with_value(0, "k", "A"), "k is 'A', the oracle has 'a'"),
        (with_value(0, "n", 3), "n is 3"),
        (with_value(0, "k", None), "k is"),
        (TRUTH[:3], "3 rows, the oracle has 4"),
        (pl.concat([TRUTH, TRUTH[:1]]), "5 rows, the oracle has 4"),
        (pl.concat([TRUTH[:3], TRUTH[:1]]), "n is|k is"),
        (TRUTH[:0], "0 rows"),
        (TRUTH.select("n", "k", "v"), "columns .*, the spec has"),
        (TRUTH.drop("n"), "columns"),
        (TRUTH.with_columns(w=1), "columns"),
    ],
)
def test_what_differs_is_found_and_shown(got: pl.DataFrame, why: str) -> None:
    found = judged(got)
    assert found
    assert re.search(why, found)


@pytest.mark.parametrize(
    ("theirs", "mine", "near"),
    [
        (1e6, 1e6 * (1 + 0.9e-6), True),
        (1e6, 1e6 * (1 + 1.1e-6), False),
        (-1e6, -1e6 * (1 + 0.9e-6), True),
        (1e6, -1e6, False),
        (0.0, 0.9e-3, True),
        (0.0, 1.1e-3, False),
        (0.0, -0.0, True),
        (1e-3, 1.9e-3, True),
        (1e300, 1e300, True),
        (1e300, 1.1e300, False),
    ],
)
def test_tolerance_is_relative_or_absolute_near_zero(theirs: float, mine: float, near: bool) -> None:
    found = judged(with_value(0, "v", mine), with_value(0, "v", theirs), tolerance=Tolerance(1e-6, 1e-3))
    assert (found is None) == near


def test_whole_numbers_have_no_tolerance() -> None:
    count = Step("s", "", ("k",), ("n",))
    truth = pl.DataFrame({"k": ["a"], "n": [2**53]})
    assert compare(truth.with_columns(n=pl.lit(2**53 + 1)), truth, count, Tolerance(0.1, 10)) == (
        f"n is {2**53 + 1}, the oracle has {2**53} (sorted row 1 of 1, k=a)"
    )


def test_a_wrong_last_row_of_many_is_found() -> None:
    many = pl.DataFrame({"k": [f"{i:06d}" for i in range(50_000)], "n": range(50_000), "v": [float(i) for i in range(50_000)]})
    wrong = many.with_columns(v=pl.when(pl.col("n") == 49_999).then(pl.col("v") + 1e-3).otherwise(pl.col("v")))
    found = judged(wrong.sample(fraction=1.0, shuffle=True, seed=1), many)
    assert found and "sorted row 50000 of 50000, k=049999, n=49999" in found


def test_several_rows_of_one_key_are_compared_as_a_set() -> None:
    truth = pl.DataFrame({"n": [1, 1, 2, 2, 3], "v": [5.0, 4.0, 7.0, 7.0, 1.0]})
    assert compare(truth[[1, 0, 4, 3, 2]], truth, TWO, TOLERANCE) is None
    assert compare(truth.with_columns(v=pl.col("v") * (1 + 1e-12)), truth, TWO, TOLERANCE) is None
    assert compare(pl.DataFrame({"n": [1, 1, 2, 2, 3], "v": [5.0, 5.0, 7.0, 7.0, 1.0]}), truth, TWO, TOLERANCE)
    assert compare(pl.DataFrame({"n": [1, 2, 2, 2, 3], "v": [5.0, 4.0, 7.0, 7.0, 1.0]}), truth, TWO, TOLERANCE)


ROWS = st.lists(
    st.tuples(
        st.none() | st.text(st.characters(exclude_categories=("Cs",)), max_size=3),
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.floats(-1e12, 1e12),
    ),
    min_size=1,
    max_size=20,
    unique_by=lambda row: row[:2],
)


@given(ROWS, st.randoms(use_true_random=False))
def test_a_frame_equals_itself_shuffled(rows: list[tuple[Any, ...]], rng: random.Random) -> None:
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    order = rng.sample(range(len(rows)), len(rows))
    assert judged(frame[order], frame) is None


@given(ROWS, st.data())
def test_one_value_beyond_tolerance_is_always_found(rows: list[tuple[Any, ...]], data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.integers(0, 2))
    old = rows[row][column]
    if column < 2:
        new = f"{old}!" if column == 0 else 5 if old != 5 else 6
    else:
        new = 3.0 if old is None else old + data.draw(st.sampled_from([-1e-6, 1e-6])) * max(1.0, abs(old))
    changed = [*rows]
    changed[row] = (*rows[row][:column], new, *rows[row][column + 1 :])
    frame, spoilt = (pl.DataFrame(r, schema=SCHEMA, orient="row") for r in (rows, changed))
    assert judged(spoilt[::-1], frame)


# --- whole answers, from files


TRUTHS = {
    "s1": pl.DataFrame({"k": ["a", "b", None], "v": [1.0, None, 3.0]}),
    "s2": pl.DataFrame({"k": ["a", "b"], "v": [0.5, 1.5], "count": [1, 2]}),
}
GOOD = {"s1": "k,v\n,3.0\na,1\nb,\n", "s2": "k,v,count\nb,1.5,2\na,0.5,1\n"}


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    folder = tmp_path / "truth"
    folder.mkdir()
    for name, frame in TRUTHS.items():
        frame.write_parquet(folder / f"{name}.parquet")
    return replace(DATA, answers=str(folder))


def judge(tmp_path: Path, data: Dataset, **files: str | bytes | None) -> str | None:
    for name, text in {**GOOD, **files}.items():
        if text is not None:
            (tmp_path / f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return answers(tmp_path, STEPS, TYPES, data, TOLERANCE)


def test_a_right_answer_is_taken(tmp_path: Path, data: Dataset) -> None:
    assert judge(tmp_path, data) is None
    assert judge(tmp_path, data, s1="k,v\r\n,3.0\r\na,1e0\r\nb,\r\n") is None
    assert judge(tmp_path, data, s1='k,v\n,3.0\n"a","1"\nb,\n') is None, "RFC 4180 quotes what it likes"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "can't be read"),
        (b"", "can't be read"),
        (b"k,v\n", "0 rows"),
        (b"k,v\n\xff,1\nb,\n,3.0\n", "can't be read"),
        (b"k,v\na,one\nb,\n,3.0\n", "can't be read"),
        (b"k,v\na,1,9\nb,\n,3.0\n", "can't be read"),
        (b"k,w\na,1\nb,\n,3.0\n", "columns"),
        (b"v,k\n1,a\n,b\n3.0,\n", "columns"),
        (b"k,k,v\na,a,1\nb,b,\n,,3.0\n", "columns"),
        (b"a,1\nb,\n,3.0\n", "columns"),
        (b"k,v\na,1\nb,NaN\n,3.0\n", "NaN"),
        (b"k,v\na,1\nb,nan\n,3.0\n", "NaN"),
        (b"k,v\na,1\nb,\n,inf\n", "v is inf"),
        (b"k,v\na,1\nb,\n,NULL\n", "can't be read"),
        (b"k,v\na,1\nb,\nnull,3.0\n", "k is 'null'"),
        (b"k,v\na,1\nb,\n", "2 rows, the oracle has 3"),
        (b'k,v\na,1\nb,\n"un', "."),
    ],
)
def test_a_spoilt_answer_is_refused_with_its_reason(tmp_path: Path, data: Dataset, text: bytes | None, why: str) -> None:
    found = judge(tmp_path, data, s1=text)
    assert found and found.startswith("s1: ") and "\n" not in found
    assert re.search(why, found)


def test_a_missing_key_is_not_an_empty_text(tmp_path: Path, data: Dataset) -> None:
    TRUTHS["s1"].with_columns(pl.col("k").fill_null("")).write_parquet(Path(data.answers) / "s1.parquet")
    assert judge(tmp_path, data), "an empty field is missing"
    assert judge(tmp_path, data, s1='k,v\n"",3.0\na,1\nb,\n') is None, "a quoted empty one is a text"


def test_whole_numbers_are_read_exactly(tmp_path: Path, data: Dataset) -> None:
    TRUTHS["s2"].with_columns(count=pl.lit(2**62 + 1)).write_parquet(Path(data.answers) / "s2.parquet")
    assert judge(tmp_path, data, s2=f"k,v,count\na,0.5,{2**62 + 1}\nb,1.5,{2**62 + 1}\n") is None
    found = judge(tmp_path, data, s2=f"k,v,count\na,0.5,{2**62 + 1}\nb,1.5,{2**62}\n")
    assert found and found.startswith("s2: count is")


def test_text_that_looks_like_a_number_stays_text(tmp_path: Path, data: Dataset) -> None:
    pl.DataFrame({"k": ["007", "7"], "v": [1.0, 2.0]}).write_parquet(Path(data.answers) / "s1.parquet")
    assert judge(tmp_path, data, s1="k,v\n7,2\n007,1\n") is None
    assert judge(tmp_path, data, s1="k,v\n7,2\n7,1\n")


@settings(max_examples=30)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5))
def test_numbers_written_in_full_are_read_back_to_the_last_bit(tmp_path_factory: pytest.TempPathFactory, values: list[float]) -> None:
    folder = tmp_path_factory.mktemp("answer")
    step = Step("s", "", ("count",), ("v",))
    pl.DataFrame({"count": range(len(values)), "v": values}).write_parquet(folder / "s.parquet")
    (folder / "s.csv").write_text("count,v\n" + "".join(f"{i},{v!r}\n" for i, v in enumerate(values)))
    assert answers(folder, [step], TYPES, replace(DATA, answers=str(folder)), Tolerance(0, 0)) is None


# --- checks


def test_a_right_check_is_taken_and_load_has_none() -> None:
    assert checks([sample("load", 1, check=None), sample()], DATA, TOLERANCE) is None
    assert checks([], DATA, TOLERANCE) is None


@pytest.mark.parametrize(
    ("check", "why"),
    [
        (Check(3, {"v": 3.5}), "s1, pass 2: 3 rows, the oracle has 2"),
        (Check(2, {"v": 3.6}), "s1, pass 2: the sum of v is 3.6, the oracle has 3.5"),
        (Check(2, {"v": math.nan}), "the sum of v is nan"),
        (Check(2, {}), "the sum of v is None"),
    ],
)
def test_a_wrong_check_is_found_in_any_pass(check: Check, why: str) -> None:
    found = checks([sample(), replace(sample(), check=check)], DATA, TOLERANCE)
    assert found and why in found


def test_the_slack_of_a_sum_follows_the_size_of_what_was_added() -> None:
    """A sum that cancels to almost nothing carries the rounding of its large terms."""
    data = replace(DATA, checks={"s1": Check(2, {"v": 1e-3})}, scales={"s1": {"v": 1e9}})
    assert checks([sample(check=Check(2, {"v": 0.5}))], data, TOLERANCE) is None
    assert checks([sample(check=Check(2, {"v": 1.5}))], data, TOLERANCE)


# --- suspicions


def test_an_honest_account_raises_no_suspicion() -> None:
    assert suspicions(run(outside=Reading("cgroup v1", user_ns=2_000_000, system_ns=0, throttled_ns=0, swap_bytes=0), threads_seen=1)) == ()
    assert suspicions(run(outside=None)) == ()
    assert suspicions(run(outside=Reading("processes"))) == ()
    assert suspicions(run(samples=(), start_ns=None, times=Times())) == ()


LONG = sample(wall_ns=1_000_000_000, user_ns=900_000_000)
OUTSIDE = Reading("cgroup v2", user_ns=900_000_000, system_ns=10_000_000)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"threads_seen": 2}, "uses 2 threads, 1 were allowed"),
        ({"outside": replace(OUTSIDE, throttled_ns=5_000_000)}, "throttled for 5 ms"),
        ({"outside": replace(OUTSIDE, swap_bytes=3 << 20)}, "3 MiB of it were swapped out"),
        ({"outside": replace(OUTSIDE, user_ns=100_000_000)}, "claims 0.90 s of CPU time, its account shows 0.11 s"),
        ({"samples": (replace(LONG, user_ns=1_900_000_000),)}, "1.90 s of CPU time in 1.00 s on 1 CPU"),
        ({"samples": (replace(LONG, start_ns=999_999_999),)}, "lie outside the time that the job ran"),
        ({"samples": (replace(LONG, start_ns=9_500_000_000),)}, "lie outside the time that the job ran"),
        ({"samples": (replace(LONG, wall_ns=10_000_000_000),)}, "add up to more than the job's whole time"),
    ],
    ids=["threads", "throttled", "swapped", "more CPU than the account", "more CPU than time", "before", "after", "longer than the job"],
)
def test_an_account_that_can_not_be_true_is_named(changes: dict[str, Any], word: str) -> None:
    honest = run(samples=(LONG,), outside=OUTSIDE)
    assert suspicions(honest) == ()
    assert any(word in s for s in suspicions(replace(honest, **changes))), suspicions(replace(honest, **changes))


def test_slack_is_left_for_the_coarse_clocks_of_accounts() -> None:
    ticks = sample(wall_ns=1_000_000, user_ns=10_000_000)
    assert suspicions(run(samples=(ticks,), outside=Reading("cgroup v1", user_ns=0, system_ns=0))) == ()


def test_only_the_plain_file_that_was_announced_is_an_answer(tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_bytes(b"k,v\n")
    digest = hashlib.sha256(b"k,v\n").hexdigest()
    assert announced(tmp_path, {"q": digest}) is None
    assert announced(tmp_path, {"q": "0" * 64}) == "q: its answer is not the file whose sha256 was announced"
    (tmp_path / "link.csv").symlink_to(tmp_path / "q.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    for step in ("link", "pipe", "absent"):
        assert announced(tmp_path, {step: digest}) == f"{step}: its answer is not a plain file"


def test_a_clock_of_its_own_is_suspect() -> None:
    hello = Hello(1, "x", "std", "X 1", {}, 1, "CLOCK_MONOTONIC", None, now_ns=1_500)
    job = run(hello=hello, start_ns=1_000, times=Times(hello_ns=600))
    assert suspicions(job) == ()
    assert "its clock is not the machine's" in suspicions(replace(job, start_ns=2_000))[0]
    assert "its clock is not the machine's" in suspicions(replace(job, times=Times(hello_ns=400)))[0]
