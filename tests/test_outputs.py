"""Files read back against the oracle: CSV and Parquet, rows and sums or every value, plain files alone."""

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from makers import DATA, TOLERANCE, WORKLOAD

from harness import outputs, tabular
from harness.model import Dataset, Step, Table

CSV = Step("out", "", ("k", "at"), ("n", "v"), "csv", ("rest",))
PARQUET = replace(CSV, writes="parquet", beside=())
TYPES = {"k": "text", "at": "time", "n": "integer", "v": "float", "line": "integer", "why": "text"}
REST = Table(("line", "why"), ())
KEEP = replace(WORKLOAD, answer_types=TYPES, tables={"rest": REST})
AT = [datetime(2013, 1, 1, 5, tzinfo=UTC), datetime(2182, 12, 31, 23, 59, 59, tzinfo=UTC), None]
TRUTH = pl.DataFrame({"k": ["a", None, "c"], "at": AT, "n": [1, 2, None], "v": [0.5, None, 3.25]})
LEFT = pl.DataFrame({"line": [4, 9], "why": ["few", "many"]})
GOOD = {
    "out.csv": "k,at,n,v\nc,,,3.25\na,2013-01-01T05:00:00Z,1,5e-1\n,2182-12-31T23:59:59Z,2,\n",
    "out.rest.csv": "line,why\n9,many\n4,few\n",
}


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    folder = tmp_path / "truth"
    folder.mkdir()
    TRUTH.write_parquet(folder / "out.parquet")
    LEFT.write_parquet(folder / "out.rest.parquet")
    own = {name: tabular.truth(outputs.truth(folder, name), table, TYPES) for name, table in outputs.tables(CSV, KEEP).items()}
    return replace(DATA, answers=str(folder), written={"out": {**own, "out.parquet": own["out.csv"]}})


@pytest.fixture
def left(tmp_path: Path) -> Path:
    folder = tmp_path / "outputs"
    folder.mkdir()
    return folder


def judge(left: Path, data: Dataset, *, whole: bool, step: Step = CSV, **files: str) -> str | None:
    given: Mapping[str, str] = {**GOOD, **{name.replace("_", ".") + ".csv": text for name, text in files.items()}} if step is CSV else {}
    for name, text in given.items():
        (left / name).write_text(text)
    return outputs.judge(left, [step], KEEP, data, TOLERANCE, whole=whole)


def test_what_must_be_there_is_known_before(data: Dataset) -> None:
    assert CSV.files == ("out.csv", "out.rest.csv") and PARQUET.files == ("out.parquet",)
    held = data.written["out"]
    assert (held["out.csv"].rows, held["out.csv"].sums) == (3, {"n": 3, "v": 3.75})
    assert (held["out.rest.csv"].rows, held["out.rest.csv"].sums) == (2, {"line": 13})


@pytest.mark.parametrize("whole", [True, False])
def test_right_files_are_taken(left: Path, data: Dataset, whole: bool) -> None:
    assert judge(left, data, whole=whole) is None
    assert judge(left, data, whole=whole, out=GOOD["out.csv"].replace("\n", "\r\n").replace("a,2013", '"a",2013')) is None


@pytest.mark.parametrize(
    ("files", "by_sums", "by_values"),
    [
        ({"out": "k,at,n,v\n"}, "0 rows, the oracle has 3", "0 rows"),
        ({"out": ""}, "can't be read", "can't be read"),
        ({"out": "k,n,at,v\n"}, "columns ['k', 'n', 'at', 'v'], the spec has", "columns"),
        ({"out": GOOD["out.csv"].replace("3.25", "3.26")}, "the sum of v is 3.76", "v is 3.26"),
        ({"out": GOOD["out.csv"].replace(",1,", ",2,")}, "the sum of n is 4", "n is 2"),
        ({"out": GOOD["out.csv"].replace("3.25", "NaN")}, "the sum of v is nan", "v: NaN"),
        ({"out": GOOD["out.csv"].replace(",1,", ",one,")}, "can't be read", "can't be read"),
        ({"out": GOOD["out.csv"].replace("T05", "T06")}, None, "at is datetime"),
        ({"out": GOOD["out.csv"].replace("T05:00:00Z", " 05:00:00")}, None, "at has '2013-01-01 05:00:00', which is no instant"),
        ({"out": GOOD["out.csv"].replace("2013-01-01", "2013-1-1")}, None, "at has '2013-1-1T05:00:00Z', which is no instant"),
        ({"out": GOOD["out.csv"].replace("2013-01-01", "2013-02-30")}, None, "which is no instant"),
        ({"out_rest": "line,why\n4,few\n"}, "1 rows, the oracle has 2", "1 rows"),
        ({"out_rest": "line,why\n9,many\n5,few\n"}, "the sum of line is 14", "line is 5"),
        ({"out_rest": "line,why\n9,few\n4,many\n"}, None, "why is 'many'"),
    ],
)
def test_wrong_files_are_found(left: Path, data: Dataset, files: dict[str, str], by_sums: str | None, by_values: str) -> None:
    name = next(iter(files)).replace("_", ".") + ".csv"
    for whole, why in ((False, by_sums), (True, by_values)):
        found = judge(left, data, whole=whole, **files)
        if why is None:
            assert found is None
        else:
            assert found and found.startswith(f"{name}: ") and why in found and "\n" not in found


@pytest.mark.parametrize("whole", [True, False])
def test_exactly_the_plain_files_of_the_steps_lie_there(left: Path, data: Dataset, whole: bool) -> None:
    assert judge(left, data, whole=whole) is None
    (left / ".part").mkdir()
    assert judge(left, data, whole=whole) == ".part: it does not belong in the outputs"
    (left / ".part").rmdir()
    real = (left / "out.csv").rename(left.parent / "real.csv")
    for link in (Path.symlink_to, Path.hardlink_to):
        link(left / "out.csv", real)
        assert outputs.judge(left, [CSV], KEEP, data, TOLERANCE, whole=whole) == "out.csv: it is not a plain file"
        (left / "out.csv").unlink()
    os.mkfifo(left / "out.csv")
    assert outputs.judge(left, [CSV], KEEP, data, TOLERANCE, whole=whole) == "out.csv: it is not a plain file"
    (left / "out.csv").unlink()
    assert outputs.judge(left, [CSV], KEEP, data, TOLERANCE, whole=whole) == "out.csv: it was not written"


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("integer", [pl.Int32, pl.Int64])
@pytest.mark.parametrize("text", [pl.String, pl.Categorical])
def test_parquet_may_have_any_lawful_type(
    left: Path, data: Dataset, whole: bool, unit: str, integer: type[pl.DataType], text: type[pl.DataType]
) -> None:
    own = TRUTH.cast({"at": pl.Datetime(unit, "UTC"), "n": integer, "k": text})  # type: ignore[arg-type]
    own.reverse().write_parquet(left / "out.parquet")
    assert judge(left, data, whole=whole, step=PARQUET) is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (pl.col("n").cast(pl.Int8), "n is Int8, which is no lawful type of integer"),
        (pl.col("n").cast(pl.Float64), "n is Float64"),
        (pl.col("v").cast(pl.Float32), "v is Float32"),
        (pl.col("at").dt.replace_time_zone(None), "at is Datetime"),
        (pl.col("at").dt.convert_time_zone("America/New_York"), "at is Datetime"),
        (pl.col("at").dt.date(), "at is Date"),
        (pl.col("k").cast(pl.Binary), "k is Binary"),
        (pl.col("v").alias("w"), "columns"),
    ],
)
def test_parquet_of_other_types_is_refused(left: Path, data: Dataset, change: pl.Expr, why: str) -> None:
    TRUTH.with_columns(change).write_parquet(left / "out.parquet")
    for whole in (True, False):
        found = judge(left, data, whole=whole, step=PARQUET)
        assert found and found.startswith("out.parquet: ") and why in found


def test_a_file_that_is_no_parquet_is_refused(left: Path, data: Dataset) -> None:
    (left / "out.parquet").write_bytes(b"PAR1 but no more")
    found = judge(left, data, whole=True, step=PARQUET)
    assert found and "can't be read" in found


def test_sums_of_narrow_integers_do_not_wrap(left: Path) -> None:
    pl.DataFrame({"line": pl.Series([2**31 - 1] * 4, dtype=pl.Int32), "why": ["x"] * 4}).write_parquet(left / "t.parquet")
    assert tabular.contents(left / "t.parquet", REST, TYPES).sums == {"line": 4 * (2**31 - 1)}
