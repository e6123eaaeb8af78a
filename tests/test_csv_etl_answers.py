"""The csv-etl oracle's answers and tallies against ones worked out by hand, and how its script is asked."""

import json
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from flights_files import BODIES, HEADER, ORACLE, row, verdicts
from hypothesis import given, settings
from workload_scripts import one_line, run

# --- The work --------------------------------------------------------------------------------------------------------

AIRLINES = "carrier,name\nUA,United Air Lines Inc.\n"
WEATHER = """\
origin,year,month,day,hour,temp,dewp,humid,wind_dir,wind_speed,wind_gust,precip,pressure,visib,time_hour
EWR,2013,1,1,5,40.5,26,60,270,10.25,NA,0,1012,10,2013-01-01T10:00:00Z
EWR,2013,1,1,6,NA,26,60,270,NA,NA,0,1012,9.5,2013-01-01T11:00:00Z
"""
TALLY = ("read", "clean", "dropped", "rejected", "kept", "reject_lines")


def answers(body: Iterable[bytes], *steps: str) -> tuple[dict[str, list[dict[str, Any]]], tuple[int, ...]]:
    """Each answer's rows, and the tally in its order."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder, f"{name}.csv") for name in ("flights", "airlines", "weather")}
        paths["flights"].write_bytes(b"\n".join([HEADER, *body]))
        paths["airlines"].write_text(AIRLINES)
        paths["weather"].write_text(WEATHER)
        out = Path(folder, "out")
        out.mkdir()
        tally = ORACLE.answer(paths, out, list(steps))
        return {path.stem: pl.read_parquet(path).to_dicts() for path in sorted(out.iterdir())}, tuple(tally[name] for name in TALLY)


BODY = [
    row(),  # Tuesday, 10 h: early, not late, made up -9; 1,400 miles in 227 minutes
    row(year=b"2016", time_hour=b"2016-01-01T11:30:00Z", arr_delay=b"16", air_time=b"-0"),  # clean, does not pass
    row(time_hour=b"2017-01-01T11:30:00Z", arr_delay=b"16", air_time=b"200"),  # Sunday; weather without temp
    row(distance=b"499"),
    row(distance=b"500", carrier=b'"U,A"', tailnum=b"NA", origin=b"JFK", month=b"07"),  # no airline, no weather
    row(arr_time=b"NA"),
    row(dep_delay=b'"NA"'),
    b"",
    row(minute=b"x"),
]  # fmt: skip


def test_aggregates() -> None:
    got, tally = answers(BODY, "agg")
    assert tally == (9, 5, 2, 2, 3, 9 + 10)
    assert got["agg.rejects"] == [{"line": 9, "reason": "few"}, {"line": 10, "reason": "value"}]
    united, other = got["agg"]
    assert united == {
        "carrier": "UA", "name": "United Air Lines Inc.", "origin": "EWR", "month": 1,
        "flights": 2, "late": 1, "weekend": 1, "early": 2, "made_up": (-9 - 14) / 2,
        "speed": pytest.approx((84000 / 227 + 420) / 2, rel=1e-15), "temp": 40.5,
    }  # fmt: skip
    assert other == {
        "carrier": "U,A", "name": None, "origin": "JFK", "month": 7,
        "flights": 1, "late": 0, "weekend": 0, "early": 1, "made_up": -9.0, "speed": pytest.approx(30000 / 227, rel=1e-15), "temp": None,
    }  # fmt: skip


def test_rows() -> None:
    got, tally = answers(BODY, "csv", "parquet")
    assert tally == (9, 5, 2, 2, 3, 19)
    assert got["csv"] == got["parquet"] and got["csv.rejects"] == got["parquet.rejects"]
    assert len(got["csv"]) == 3
    assert got["csv"][1] == {
        "carrier": "UA", "name": "United Air Lines Inc.", "flight": 1545, "tailnum": "N14228", "origin": "EWR", "dest": "IAH",
        "year": 2013, "month": 1, "day": 1, "time_hour": datetime(2017, 1, 1, 11, 30, tzinfo=UTC),
        "dep_delay": 2, "arr_delay": 16, "air_time": 200, "distance": 1400, "weekday": 7, "hour": 11,
        "speed": 420.0, "made_up": -14.0, "late": 1, "temp": None, "wind_speed": None, "visib": 9.5,
    }  # fmt: skip
    assert got["csv"][2]["tailnum"] is None


def test_operations_on_a_table() -> None:
    got, _ = answers(BODY[:7], "read", "filter", "join", "write")
    assert set(got) == {"read", "filter", "join", "write"}
    assert len(got["read"]) == len(got["join"]) == 7 and got["read"] == got["write"]
    assert [(line["air_time"], line["arr_delay"]) for line in got["filter"]] == [(0, 16), (200, 16)]
    assert [(line["name"], line["temp"], line["visib"], line["hour"]) for line in got["join"][1:5:3]] == [
        ("United Air Lines Inc.", None, 9.5, 5),
        (None, None, None, 5),
    ]
    assert got["read"][5]["arr_time"] is None and got["read"][6]["dep_delay"] is None


@settings(max_examples=40, deadline=None)
@given(BODIES)
def test_nothing_is_lost(body: bytes) -> None:
    got, (read, clean, dropped, rejected, kept, lines) = answers([body], "agg", "csv")
    assert read == clean + dropped + rejected == len(verdicts(body))
    assert kept == len(got["csv"]) == sum(group["flights"] for group in got["agg"]) <= clean
    wanted = [{"line": line, "reason": reason} for line, reason in verdicts(body) if reason]
    assert got["agg.rejects"] == got["csv.rejects"] == wanted
    assert lines == sum(reject["line"] for reject in wanted)


# --- The script ------------------------------------------------------------------------------------------------------


def request(folder: Path, **changes: Any) -> dict[str, Any]:
    for name, text in {"flights": HEADER.decode() + "\n", "airlines": AIRLINES, "weather": WEATHER}.items():
        (folder / f"{name}.csv").write_text(text)
    inputs = {name: str(folder / f"{name}.csv") for name in ("flights", "airlines", "weather")}
    return {"params": {}, "seed": 1, "inputs": inputs, "out": str(folder / "out")} | changes


def test_the_steps_that_are_asked_for(tmp_path: Path) -> None:
    done = run("csv-etl", "oracle.py", request(tmp_path, steps=["agg", "read"]))
    assert json.loads(done.stdout) == {"steps": ["agg", "read"], "tallies": {"agg": dict.fromkeys(TALLY, 0)}}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["agg.parquet", "agg.rejects.parquet", "read.parquet"]
    assert pl.read_parquet(tmp_path / "out" / "read.parquet").schema["time_hour"] == pl.Datetime("us", "UTC")


def test_all_steps_where_none_are_named(tmp_path: Path) -> None:
    done = run("csv-etl", "oracle.py", request(tmp_path))
    assert json.loads(done.stdout)["steps"] == ["agg", "csv", "parquet", "read", "filter", "join", "write"]


def test_mistakes_are_told_in_one_line(tmp_path: Path) -> None:
    assert "unknown rows" in one_line(run("csv-etl", "oracle.py", request(tmp_path, steps=["rows"])))
    absent = request(tmp_path)
    absent["inputs"]["weather"] = str(tmp_path / "nowhere.csv")
    assert "generate it first" in one_line(run("csv-etl", "oracle.py", absent))
    refused = request(tmp_path)
    (tmp_path / "flights.csv").write_bytes(b"\x1f\x8b\x08\0")
    assert "does not begin with the header" in one_line(run("csv-etl", "oracle.py", refused))
    assert not list((tmp_path / "out").iterdir())
