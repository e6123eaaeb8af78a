"""The group-by workload's oracle: against answers written out by hand, and against plain Python in exact fractions."""

import json
import math
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from workload_scripts import WORKLOADS, load, one_line, run

ORACLE = load("groupby", "oracle")
SPEC = tomllib.loads((WORKLOADS / "groupby" / "workload.toml").read_text())
HEADER = "id1,id2,id3,id4,id5,id6,v1,v2,v3"

Row = tuple[Any, ...]
Answers = dict[str, list[Row]]


def by_missing_first(row: Row) -> list[tuple[bool, Any]]:
    return [(value is not None, value) for value in row]


def oracle(*lines: str) -> Answers:
    """The answers for a table given by its lines, each step's rows sorted, missing first."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "table.csv")
        source.write_text("\n".join([HEADER, *lines]) + "\n")
        ORACLE.answer(source, Path(folder))
        frames = {step: pl.read_parquet(Path(folder, f"{step}.parquet")) for step in ORACLE.STEPS}
        return {step: sorted(frame.rows(), key=by_missing_first) for step, frame in frames.items()}


def test_a_missing_key_is_a_key_like_any_other() -> None:
    answers = oracle("a,x,p,1,1,1,1,1,1", ",x,,,1,,2,1,10", ",,,,,,3,1,20", "a,x,p,1,1,1,4,1,2")
    assert answers["q1"] == [(None, 5.0), ("a", 5.0)]
    assert answers["q2"] == [(None, None, 3.0), (None, "x", 2.0), ("a", "x", 5.0)]
    assert answers["q3"] == [(None, 5.0, 15.0), ("p", 5.0, 1.5)]
    assert answers["q4"] == [(None, 2.5, 1.0, 15.0), (1, 2.5, 1.0, 1.5)]
    assert answers["q5"] == [(None, 5.0, 2.0, 30.0), (1, 5.0, 2.0, 3.0)]
    assert answers["q6"] == [(None, None, 20.0, None), (None, 1, 10.0, None), (1, 1, 1.5, math.sqrt(0.5))]
    assert answers["q7"] == [(None, 2), ("p", 3)]
    assert answers["q8"] == [(None, 10.0), (None, 20.0), (1, 1.0), (1, 2.0)]
    assert answers["q9"] == [(None, None, None), ("x", None, None), ("x", 1, None)]
    assert answers["q10"] == [
        (None, None, None, None, None, None, 20.0, 1),
        (None, "x", None, None, 1, None, 10.0, 1),
        ("a", "x", "p", 1, 1, 1, 3.0, 2),
    ]


def test_of_no_values_the_sum_is_zero_and_all_else_missing() -> None:
    answers = oracle("a,x,p,1,1,1,,,", "a,x,p,1,1,1,,,")
    assert answers["q1"] == [("a", 0.0)]
    assert answers["q2"] == [("a", "x", 0.0)]
    assert answers["q3"] == [("p", 0.0, None)]
    assert answers["q4"] == [(1, None, None, None)]
    assert answers["q5"] == [(1, 0.0, 0.0, 0.0)]
    assert answers["q6"] == [(1, 1, None, None)]
    assert answers["q7"] == [("p", None)]
    assert answers["q8"] == []
    assert answers["q9"] == [("x", 1, None)]
    assert answers["q10"] == [("a", "x", "p", 1, 1, 1, 0.0, 2)]


def test_a_row_of_nothing_but_missing_values_is_a_row() -> None:
    answers = oracle(",,,,,,,,")
    assert answers["q1"] == [(None, 0.0)]
    assert answers["q10"] == [(None, None, None, None, None, None, 0.0, 1)]


def test_a_table_without_rows_has_no_groups() -> None:
    assert oracle() == {step: [] for step in ORACLE.STEPS}


def v3(*values: str) -> Iterable[str]:
    return (f"a,x,p,1,1,1,1,1,{value}" for value in values)


def test_median_and_standard_deviation() -> None:
    # An even number: the mean of the two in the middle. Squares about the mean 4: 9 + 4 + 1 + 16 = 30; 30 / 3 = 10.
    assert oracle(*v3("5", "1", "8", "2"))["q6"] == [(1, 1, 3.5, math.sqrt(10))]
    assert oracle(*v3("5", "", "1", "3", ""))["q6"] == [(1, 1, 3.0, 2.0)]
    assert oracle(*v3("", "7.25"))["q6"] == [(1, 1, 7.25, None)]
    assert oracle(*v3("4", "4", "4"))["q6"] == [(1, 1, 4.0, 0.0)]


def test_question_7_takes_its_maximum_and_minimum_from_different_rows() -> None:
    assert oracle("a,x,p,1,1,1,5,,1", "a,x,p,1,1,1,,3,1", "a,x,p,1,1,1,2,9,1")["q7"] == [("p", 2)]
    assert oracle("a,x,p,1,1,1,5,,1", "a,x,q,1,1,1,,3,1")["q7"] == [("p", None), ("q", None)]


def test_question_8_keeps_ties_and_has_fewer_rows_where_values_are_few() -> None:
    assert oracle(*v3("5", "1", "5", "5"))["q8"] == [(1, 5.0), (1, 5.0)]
    assert oracle(*v3("", "5", "", "1", "5"))["q8"] == [(1, 5.0), (1, 5.0)]
    assert oracle(*v3("3", "", "1", "2"))["q8"] == [(1, 2.0), (1, 3.0)]
    assert oracle(*v3("", "5"))["q8"] == [(1, 5.0)]


def pairs(*values: str) -> Iterable[str]:
    return (f"a,x,p,1,1,1,{value},1" for value in values)


def test_squared_correlation() -> None:
    # About the means 2 and 2: products (-1)(-1) + 0*1 + 1*0 = 1, squares 2 and 2: r = 1/2.
    assert oracle(*pairs("1,1", "2,3", "3,2"))["q9"] == [("x", 1, 0.25)]
    # The same with rows of which one half is missing, and which therefore must not count.
    assert oracle(*pairs("1,1", "99,", "2,3", ",-99", "3,2", ","))["q9"] == [("x", 1, 0.25)]
    assert oracle(*pairs("1,7", "2,5"))["q9"] == [("x", 1, 1.0)]
    assert oracle(*pairs("1,1", "1,2", "2,1", "2,2"))["q9"] == [("x", 1, 0.0)]


@pytest.mark.parametrize("rows", [("1,1",), ("1,1", "2,"), ("3,1", "3,2", "3,9"), ("1,4", "2,4"), ("3,1", "3,2", "4,"), (",", ",")])
def test_correlation_is_missing_without_two_pairs_or_without_variation(rows: tuple[str, ...]) -> None:
    assert oracle(*pairs(*rows))["q9"] == [("x", 1, None)]


def test_standard_deviation_keeps_its_digits_where_values_lie_close_together() -> None:
    ((_, _, _, got),) = oracle(*v3("99.999999", "100", "99.999998"))["q6"]
    exact = [Fraction(99.999999), Fraction(100), Fraction(99.999998)]
    assert math.isclose(got, deviation(exact), rel_tol=1e-12)


def test_sums_of_many_values_lose_nothing() -> None:
    values = [round(37.0 * i % 100, 6) + 0.000001 * i for i in range(20_000)]
    answers = oracle(*v3(*map(repr, values)))
    exact = [Fraction(value) for value in values]
    assert math.isclose(answers["q5"][0][3], sum(exact), rel_tol=1e-15)
    assert math.isclose(answers["q3"][0][2], sum(exact) / len(exact), rel_tol=1e-15)
    assert math.isclose(answers["q6"][0][3], deviation(exact), rel_tol=1e-12)


def test_whole_numbers_are_exact_beyond_what_a_float_holds_on_the_way() -> None:
    big = 2**52
    answers = oracle(*pairs(f"{big},{-big}", f"{big},3", f"{-big},5", f"1,{big}"))
    assert answers["q5"] == [(1, float(big + 1), 8.0, 4.0)]
    assert answers["q7"] == [("p", 2 * big)]


def test_answers_have_the_columns_and_types_of_the_spec(tmp_path: Path) -> None:
    source = tmp_path / "table.csv"
    source.write_text(f"{HEADER}\nNA,null,007,1,1,1,1,1,1\n")
    done = run("groupby", "oracle.py", {"params": {}, "seed": 1, "inputs": {"table": str(source)}, "out": str(tmp_path / "out")})
    assert (done.returncode, done.stderr) == (0, "")
    steps = [step["name"] for step in SPEC["steps"]]
    assert json.loads(done.stdout) == {"steps": steps}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(f"{step}.parquet" for step in steps)
    types = {"text": pl.String(), "integer": pl.Int64(), "float": pl.Float64()}
    for step in SPEC["steps"]:
        frame = pl.read_parquet(tmp_path / "out" / f"{step['name']}.parquet")
        wanted = {name: types[SPEC["answer_types"][name]] for name in step["keys"] + step["values"]}
        assert list(frame.schema.items()) == list(wanted.items())
    # Text stays text, whatever it looks like.
    assert frame.row(0)[:3] == ("NA", "null", "007")


@pytest.mark.parametrize("content", [f"{HEADER}\na,x,p,1,1,1,1,1\n", f"{HEADER}\na,x,p,one,1,1,1,1,1\n"])
def test_a_broken_table_is_told_in_one_line_and_leaves_nothing(tmp_path: Path, content: str) -> None:
    source = tmp_path / "table.csv"
    source.write_text(content)
    done = run("groupby", "oracle.py", {"params": {}, "seed": 1, "inputs": {"table": str(source)}, "out": str(tmp_path / "out")})
    assert str(source) in one_line(done)
    assert list((tmp_path / "out").iterdir()) == []


def test_an_absent_table_is_told_in_one_line(tmp_path: Path) -> None:
    request = {"params": {}, "seed": 1, "inputs": {"table": str(tmp_path / "none.csv")}, "out": str(tmp_path)}
    assert "generate it first" in one_line(run("groupby", "oracle.py", request))


def deviation(values: list[Fraction]) -> float:
    mean = sum(values, Fraction()) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))


def mean(values: list[Fraction]) -> Fraction | None:
    return sum(values, Fraction()) / len(values) if values else None


def median(values: list[Fraction]) -> Fraction | None:
    middle = sorted(values)[(len(values) - 1) // 2 : len(values) // 2 + 1]
    return mean(middle)


def squared_correlation(rows: list[Row]) -> Fraction | None:
    both = [(Fraction(row[6]), Fraction(row[7])) for row in rows if row[6] is not None and row[7] is not None]
    if not both:
        return None
    x, y = (sum(side, Fraction()) / len(both) for side in zip(*both, strict=True))
    xy = sum((a - x) * (b - y) for a, b in both)
    squares = sum((a - x) ** 2 for a, _ in both) * sum((b - y) ** 2 for _, b in both)
    return Fraction(xy * xy, squares) if squares else None


def plain(table: list[Row]) -> Answers:
    """Every answer by the letter of the spec, in fractions."""

    def by(*keys: int) -> Iterable[tuple[Row, list[Row]]]:
        groups: dict[Row, list[Row]] = defaultdict(list)
        for row in table:
            groups[tuple(row[key] for key in keys)].append(row)
        return groups.items()

    def there(rows: list[Row], column: int) -> list[Fraction]:
        return [Fraction(row[column]) for row in rows if row[column] is not None]

    def total(rows: list[Row], column: int) -> Fraction:
        return sum(there(rows, column), Fraction())

    def spread(values: list[Fraction]) -> float | None:
        return deviation(values) if len(values) > 1 else None

    def span(rows: list[Row]) -> Fraction | None:
        v1, v2 = there(rows, 6), there(rows, 7)
        return max(v1) - min(v2) if v1 and v2 else None

    answers: dict[str, Iterable[Row]] = {
        "q1": ((*key, total(rows, 6)) for key, rows in by(0)),
        "q2": ((*key, total(rows, 6)) for key, rows in by(0, 1)),
        "q3": ((*key, total(rows, 6), mean(there(rows, 8))) for key, rows in by(2)),
        "q4": ((*key, *(mean(there(rows, column)) for column in (6, 7, 8))) for key, rows in by(3)),
        "q5": ((*key, *(total(rows, column) for column in (6, 7, 8))) for key, rows in by(5)),
        "q6": ((*key, median(there(rows, 8)), spread(there(rows, 8))) for key, rows in by(3, 4)),
        "q7": ((*key, span(rows)) for key, rows in by(2)),
        "q8": ((*key, value) for key, rows in by(5) for value in sorted(there(rows, 8))[-2:]),
        "q9": ((*key, squared_correlation(rows)) for key, rows in by(1, 3)),
        "q10": ((*key, total(rows, 8), len(rows)) for key, rows in by(0, 1, 2, 3, 4, 5)),
    }
    return {step: sorted(rows, key=by_missing_first) for step, rows in answers.items()}


def alike(got: Any, wanted: Any) -> bool:
    if got is None or wanted is None or isinstance(wanted, str):
        return bool(got == wanted)
    return math.isclose(got, wanted, rel_tol=1e-12, abs_tol=1e-12)


def optional(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), values, values)


TEXT, KEY, NUMBER = st.sampled_from(["a", "b"]), st.integers(1, 2), st.integers(-3, 5)
V3 = st.one_of(st.integers(0, 3).map(float), st.integers(-(10**8), 10**8).map(lambda micro: micro / 1e6))
ROWS = st.tuples(*map(optional, [TEXT, TEXT, TEXT, KEY, KEY, KEY, NUMBER, st.integers(-(10**6), 10**6) | NUMBER, V3]))


@settings(max_examples=60, deadline=None)
@given(st.lists(ROWS, max_size=24))
def test_oracle_agrees_with_plain_python(table: list[Row]) -> None:
    got = oracle(*(",".join("" if value is None else str(value) for value in row) for row in table))
    for step, wanted in plain(table).items():
        assert len(got[step]) == len(wanted), step
        for theirs, ours in zip(got[step], wanted, strict=True):
            assert all(map(alike, theirs, ours)), (step, theirs, ours)
