"""The csv-etl generator: the real file byte for byte, years, exact shares, a truth that the oracle finds, memory, and mistakes."""

import csv
import hashlib
import itertools
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from workload_scripts import SHARED, WORKLOADS, environment, load, one_line, run

GENERATE, ORACLE = load("csv-etl", "generate"), load("csv-etl", "oracle")
SPOIL = load("csv-etl", "spoil")
REASONS = ("long", "nul", "utf8", "quote", "few", "many", "value", "time")
HEADER = ",".join(ORACLE.COLUMNS).encode() + b"\n"
REAL = "563db8f117faf6ffd76aa868099df37dfa78dc17b5ac6d3d9ea6476e051a0bc4"


def table(rows: int) -> bytes:
    """Flights as they come, made up; some never left, and the last of the year leave in the next by UTC."""
    lines = []
    for i in range(rows):
        left, late = (i % 2400, i % 90 - 20) if i % 37 else ("NA", "NA")
        day = "2014-01-01T04" if i % 50 == 49 else f"2013-{i % 12 + 1:02d}-{i % 28 + 1:02d}T{i % 24:02d}"
        flew = f"{i % 2400},1310,{i % 150 - 40}" if i % 37 else "NA,1310,NA"
        lines.append(
            f"2013,{i % 12 + 1},{i % 28 + 1},{left},1100,{late},{flew},"
            f"UA,{i},{f'N{i % 997}' if i % 91 else 'NA'},EWR,IAH,{i % 600 + 20 if i % 37 else 'NA'},{i % 4000 + 80},11,0,{day}:00:00Z\n"
        )
    return HEADER + "".join(lines).encode()


def make(text: bytes, work: Path, repeat: int = 1, spoilt: float = 0, seed: int = 1) -> tuple[bytes, list[tuple[int, str]], dict[str, Any]]:
    """The flights, the truth and the facts."""
    work.mkdir(parents=True, exist_ok=True)
    facts = GENERATE.Flights(text, repeat, spoilt, seed).write(work)
    with (work / "planted.csv").open(newline="") as file:
        truth = [(int(row["line"]), row["reason"]) for row in csv.DictReader(file)]
    return (work / "flights.csv").read_bytes(), truth, facts


def test_neither_spoilt_nor_repeated_it_is_the_real_file(tmp_path: Path) -> None:
    text = table(500)
    content, truth, facts = make(text, tmp_path)
    assert content == text and truth == []
    assert facts["planted"] == dict.fromkeys(REASONS, 0) and (facts["rows"], facts["rejected"], facts["odd"]) == (500, 0, 0)
    assert (facts["bytes"], facts["sha256"]) == (len(text), hashlib.sha256(text).hexdigest())


def test_each_copy_has_its_years_one_later(tmp_path: Path) -> None:
    text = table(200)
    content, _, facts = make(text, tmp_path, repeat=248)
    assert facts["rows"] == 200 * 248
    lines = content.splitlines(keepends=True)[1:]
    for copy, first in ((1, 2014), (87, 2100), (247, 2260)):
        for real, later in zip(text.splitlines(keepends=True)[1:], lines[200 * copy : 200 * (copy + 1)], strict=True):
            wanted, got = real.split(b","), later.split(b",")
            assert got[0] == str(first).encode() and got[1:18] == wanted[1:18]
            assert int(got[18][:4]) == first + (wanted[18][:4] == b"2014") and got[18][4:] == wanted[18][4:]


@pytest.mark.parametrize(("repeat", "spoilt"), [(1, 0.1), (3, 5), (2, 50), (1, 90)])
def test_the_oracle_finds_what_was_planted_and_no_more(tmp_path: Path, repeat: int, spoilt: float) -> None:
    rows = 6000
    _, truth, facts = make(table(rows), tmp_path, repeat, spoilt)
    planted = round(rows * repeat * spoilt / 100)
    counts = Counter(reason for _, reason in truth)
    assert facts["planted"] == {reason: counts[reason] for reason in REASONS}
    assert facts["rejected"] == len(truth) == planted
    assert max(counts.values()) - min(counts[reason] for reason in REASONS) <= 1
    assert facts["odd"] == round(planted / 10)
    verdicts = list(ORACLE.verdicts(tmp_path / "flights.csv"))
    assert len(verdicts) == facts["rows"] == rows * repeat
    assert [(line, reason) for line, reason in verdicts if reason] == truth


def test_rows_are_drawn_evenly_and_by_the_seed_alone(tmp_path: Path) -> None:
    text = table(4000)
    one, again, other = (make(text, tmp_path / name, 2, 10, seed) for name, seed in (("1", 7), ("2", 7), ("3", 8)))
    assert one == again and one[0] != other[0] and one[1] != other[1]
    halves = [sum(line <= 4001 for line, _ in truth) for _, truth, _ in (one, other)]
    assert all(abs(half - 400) < 80 for half in halves)


def test_every_form_has_its_reason_in_every_row(tmp_path: Path) -> None:
    """Also where the row that it is made from has missing values, and between rows with quotes of every kind."""
    forms = [(reason, form) for reason, forms in SPOIL.DAMAGE.items() for form in forms] + [(None, form) for form in SPOIL.ODD]
    rows = table(40).splitlines()[1:]
    draw = SPOIL.Random(3)
    wanted, parts = [], []
    for (reason, form), row in itertools.product(forms, rows):
        wanted.append((reason, form(row.split(b","), draw)))
    draw.shuffle(wanted)
    parts = [made + b"\n" for _, made in wanted]
    (tmp_path / "flights.csv").write_bytes(HEADER + b"".join(parts))
    got = [reason for _, reason in ORACLE.verdicts(tmp_path / "flights.csv")]
    assert got == [reason for reason, _ in wanted]


# --- The script ------------------------------------------------------------------------------------------------------

# Runs the generator on a made-up table, for which no package is needed, and adds its peak: VmHWM.
WATCHED = r"""
import re, sys
sys.path.insert(0, sys.argv[1])
import generate
text = open(sys.argv[2], "rb").read()
generate.nycflights.table = lambda cache, name: text if name == "flights" else name.encode()
code = generate.serve("generate", generate.generate)
print(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1])
sys.exit(code)
"""


def generate(work: Path, repeat: int, spoilt: float) -> tuple[dict[str, Any], int]:
    """The manifest, and the peak of memory in KiB."""
    work.mkdir()
    (work / "table").write_bytes(table(20_000))
    request = {"params": {"repeat": repeat, "spoilt": spoilt, "table": 0}, "seed": 1, "out": str(work / "out"), "cache": str(work)}
    command = [sys.executable, "-c", WATCHED, str(WORKLOADS / "csv-etl"), str(work / "table")]
    done = subprocess.run(command, input=json.dumps(request), env=environment(), capture_output=True, text=True, check=True)
    manifest, peak = done.stdout.splitlines()
    return json.loads(manifest), int(peak)


def test_memory_stays_flat_and_the_truth_lies_aside(tmp_path: Path) -> None:
    few, low = generate(tmp_path / "few", 3, 5)
    many, high = generate(tmp_path / "many", 60, 5)
    assert high - low < 16 * 1024
    assert few["inputs"] == many["inputs"] == {name: f"{name}.csv" for name in ("flights", "airlines", "airports", "planes", "weather")}
    assert many["units"] == many["facts"]["rows"] == 1_200_000 and many["facts"]["rejected"] == 60_000
    assert many["aside"] == ["planted.csv"]
    files = sorted(path.name for path in (tmp_path / "many" / "out").iterdir())
    assert files == sorted([*many["inputs"].values(), "planted.csv"])
    assert (tmp_path / "many" / "out" / "planes.csv").read_text() == "planes"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"params": None}, "params"),
        ({"seed": -1}, "seed"),
        ({"out": 3}, "out"),
        ({"repeat": 0}, "repeat"),
        ({"repeat": 249}, "repeat"),
        ({"repeat": 1.5}, "repeat"),
        ({"spoilt": -1}, "spoilt"),
        ({"spoilt": 91}, "spoilt"),
        ({"spoilt": True}, "spoilt"),
        ({"spoilt": "5"}, "spoilt"),
        ({"table": 2}, "table"),
        ({"table": 1, "spoilt": 0.1}, "table"),
        ({"rows": 5}, "rows"),
    ],
)
def test_mistakes_are_told_in_one_line(tmp_path: Path, changes: dict[str, Any], word: str) -> None:
    params: dict[str, Any] = {"repeat": 1, "spoilt": 0.1, "table": 0}
    request: dict[str, Any] = {"params": params, "seed": 1, "out": str(tmp_path), "cache": str(tmp_path)}
    for key, value in changes.items():
        (request if key in request else params)[key] = value
    assert word in one_line(run("csv-etl", "generate.py", request))
    assert not list(tmp_path.iterdir())


@pytest.mark.sessions
def test_the_real_flights(tmp_path: Path) -> None:
    def made(name: str, **params: Any) -> tuple[Path, dict[str, Any]]:
        request = {
            "params": {"repeat": 1, "spoilt": 0, "table": 0} | params,
            "seed": 1,
            "out": str(tmp_path / name),
            "cache": str(tmp_path),
        }
        done = run("csv-etl", "generate.py", request)
        if "cannot be reached" in done.stderr and "CI" not in os.environ:
            pytest.skip("no package index within reach")
        return tmp_path / name, json.loads(done.stdout)

    folder, manifest = made("real")
    assert manifest["facts"]["sha256"] == hashlib.sha256((folder / "flights.csv").read_bytes()).hexdigest() == REAL
    nyc = load("shared", "nycflights")
    assert SHARED.is_dir() and manifest["units"] == nyc.ROWS
    for name in ("airlines", "airports", "planes", "weather"):
        assert (folder / f"{name}.csv").read_bytes() == nyc.table(tmp_path, name)
    spoilt, manifest = made("spoilt", spoilt=5)
    truth = (spoilt / "planted.csv").read_text().splitlines()[1:]
    found = [f"{line},{reason}" for line, reason in ORACLE.verdicts(spoilt / "flights.csv") if reason]
    assert found == truth and len(truth) == manifest["facts"]["rejected"] == 16_839
