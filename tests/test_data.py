"""Inputs and truths: made once, found again, named by all that they depend on, and complete or absent."""

import json
import os
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from makers import CASE, WORKLOAD

from harness import data
from harness.model import Check, Dataset, Table, UserError, Workload, Written

GENERATE = """
import json, pathlib, sys
ask = json.load(sys.stdin)
pathlib.Path(ask["out"], "table.csv").write_text("k,v\\n" + "".join(f"{i % 2},{i * ask['seed']}\\n" for i in range(4)))
log = pathlib.Path(ask["cache"], "log")
log.write_text((log.read_text() if log.exists() else "") + "made\\n")
print("progress is free", file=sys.stderr)
print(json.dumps({"inputs": {"table": "table.csv"}, "units": 4, "facts": {"licence": "none"}}))
"""
ORACLE = """
import json, pathlib, sys
import polars as pl
ask = json.load(sys.stdin)
frame = pl.read_csv(ask["inputs"]["table"]).with_columns(pl.col("k").cast(pl.String))
sums = frame.group_by("k").agg(pl.col("v").sum().cast(pl.Float64))
sums.write_parquet(pathlib.Path(ask["out"], "s1.parquet"))
sign = pl.when(pl.col("k") == "0").then(-1).otherwise(1)
sums.with_columns(v=pl.col("v") * sign, count=2).write_parquet(pathlib.Path(ask["out"], "s2.parquet"))
print(json.dumps({"steps": ["s1", "s2"]}))
"""


@pytest.fixture
def workload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workload:
    monkeypatch.setenv("BENCH_DATA", str(tmp_path / "data"))
    folder = tmp_path / "sums"
    folder.mkdir()
    (folder / "generate.py").write_text(GENERATE)
    (folder / "oracle.py").write_text(ORACLE)
    (folder / "workload.toml").write_text("title = 'sums'")
    return replace(WORKLOAD, folder=folder)


def prepare(workload: Workload, seed: int = 3, told: list[str] | None = None) -> Dataset:
    return data.prepare(workload, replace(CASE, seed=seed), (told if told is not None else []).append)


def made(tmp_path: Path) -> int:
    return (tmp_path / "data" / "downloads" / "log").read_text().count("made")


def test_data_come_with_checks_scales_and_facts(workload: Workload) -> None:
    """Values 0 to 9 by threes: key 0 sums to 6, key 1 to 12; the second step turns the sign of key 0."""
    found = prepare(workload)
    assert (found.case, found.units, found.facts) == ("small", 4, {"licence": "none"})
    assert Path(found.inputs["table"]).read_text() == "k,v\n0,0\n1,3\n0,6\n1,9\n"
    assert (found.checks["s1"].rows, found.checks["s1"].sums) == (2, {"v": 18})
    assert found.checks["s2"].sums == {"v": 6, "count": 4} and found.scales["s2"] == {"v": 18, "count": 4}
    assert (Path(found.answers) / "s2.parquet").exists()
    assert found.digest.startswith("sha256:")


def test_data_are_made_once_and_whoever_waits_is_told(workload: Workload, tmp_path: Path) -> None:
    told: list[str] = []
    first = prepare(workload, told=told)
    assert told == ["small: generating the input", "small: asking the oracle"]
    assert prepare(workload, told=told) == first and len(told) == 2 and made(tmp_path) == 1


def test_a_case_of_another_name_shares_the_same_data(workload: Workload, tmp_path: Path) -> None:
    prepare(workload)
    assert data.prepare(workload, replace(CASE, seed=3, name="other"), print).case == "other"
    assert made(tmp_path) == 1


def test_another_seed_parameter_script_or_spec_is_other_data(workload: Workload) -> None:
    keys = {data.key(workload, CASE), data.key(workload, replace(CASE, seed=8)), data.key(workload, replace(CASE, params={"k": 2}))}
    for name in ("generate.py", "oracle.py", "workload.toml"):
        (workload.folder / name).write_text((workload.folder / name).read_text() + "\n")
        keys.add(data.key(workload, CASE))
    assert len(keys) == 6


WRITER = """
import json, pathlib, sys
import polars as pl
from sharing import NAME
ask = json.load(sys.stdin)
out = pathlib.Path(ask["out"])
assert not pathlib.Path(ask["inputs"]["table"]).with_name("planted.csv").exists()
for step in ask["steps"]:
    pl.DataFrame({"k": ["a", "b"], "v": [1.5, None]}).write_parquet(out / f"{step}.parquet")
pl.DataFrame({"line": [3, 4], "k": ["x", "y"]}).write_parquet(out / "s1.rest.parquet")
print(json.dumps({"steps": ask["steps"], "tallies": {"s1": {"read": 4, NAME: 2}}}))
"""
ASIDE = GENERATE.replace('"units": 4', '"aside": ["planted.csv"], "units": 4').replace(
    "log = ", 'pathlib.Path(ask["out"], "planted.csv").write_text("line\\n3\\n")\nlog = '
)


@pytest.fixture
def writer(workload: Workload) -> Workload:
    """Its first step writes; its scripts import from the folder that workloads share."""
    shared = workload.folder.parent / "shared"
    shared.mkdir()
    (shared / "sharing.py").write_text("NAME = 'kept'")
    (workload.folder / "oracle.py").write_text(WRITER)
    (workload.folder / "generate.py").write_text(ASIDE)
    first = replace(workload.steps[0], writes="csv", beside=("rest",), tally=("read", "kept"))
    second = replace(workload.steps[1], values=("v",))
    types = {"k": "text", "v": "float", "line": "integer"}
    return replace(workload, steps=(first, second), tables={"rest": Table(("line",), ("k",))}, answer_types=types)


def test_a_step_that_writes_has_its_tally_for_a_check_and_its_files_to_be_read_back(writer: Workload) -> None:
    found = prepare(writer)
    assert found.checks["s1"] == Check(2, {"read": 4, "kept": 2})
    assert found.checks["s2"] == Check(2, {"v": 1.5})
    assert found.written == {
        "s1": {"s1.csv": Written(2, {"v": 1.5}, {"v": 1.5}), "s1.rest.csv": Written(2, {"line": 7}, {"line": 7})},
    }


def test_what_is_set_aside_lies_beside_the_inputs(writer: Workload) -> None:
    found = prepare(writer)
    home = Path(found.answers).parent
    assert [p.name for p in (home / "input").iterdir()] == ["table.csv"]
    assert (home / "aside" / "planted.csv").read_text() == "line\n3\n"


def test_a_case_with_its_own_steps_has_its_own_truth(writer: Workload) -> None:
    own = data.prepare(writer, replace(CASE, seed=3, steps=("s2",)), print)
    assert set(own.checks) == {"s2"} and own.written == {}
    assert [p.name for p in Path(own.answers).iterdir() if p.name.startswith("s2")] == ["s2.parquet"]
    assert data.key(writer, replace(CASE, steps=("s2",))) != data.key(writer, CASE)


def test_a_shared_script_is_part_of_what_data_depend_on(writer: Workload) -> None:
    before = data.key(writer, CASE)
    (writer.folder.parent / "shared" / "sharing.py").write_text("NAME = 'rest'")
    assert data.key(writer, CASE) != before


def test_a_tally_that_is_not_the_specs_is_named(writer: Workload) -> None:
    (writer.folder.parent / "shared" / "sharing.py").write_text("NAME = 'rest'")
    with pytest.raises(UserError, match=r"oracle\.py: the tally of s1 is read, rest; workload\.toml has read, kept"):
        prepare(writer)


def test_the_same_seed_gives_the_same_digest(workload: Workload, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = prepare(workload).digest
    monkeypatch.setenv("BENCH_DATA", str(tmp_path / "elsewhere"))
    assert prepare(workload).digest == first
    assert prepare(workload, seed=4).digest != first


@pytest.mark.parametrize(
    ("script", "text", "why"),
    [
        ("generate.py", "import sys; print(1, file=sys.stderr); sys.exit('no network: try again')", r"generate\.py: no network: try again"),
        ("oracle.py", "import sys; sys.exit(1)", r"oracle\.py: no message"),
        ("generate.py", "", r"generate\.py: it ended without its line of JSON"),
        ("generate.py", "print('done')", r"generate\.py: it ended without its line of JSON"),
    ],
)
def test_a_script_that_fails_is_named_and_leaves_nothing(workload: Workload, tmp_path: Path, script: str, text: str, why: str) -> None:
    (workload.folder / script).write_text(text)
    with pytest.raises(UserError, match=why):
        prepare(workload)
    assert list((tmp_path / "data" / "sums").iterdir()) == []


def test_a_failure_half_way_is_made_whole_the_next_time(workload: Workload) -> None:
    (workload.folder / "oracle.py").write_text("raise SystemExit(1)")
    with pytest.raises(UserError):
        prepare(workload)
    (workload.folder / "oracle.py").write_text(ORACLE)
    assert prepare(workload).checks["s1"].rows == 2


def test_another_bench_that_was_quicker_is_no_failure(workload: Workload, monkeypatch: pytest.MonkeyPatch) -> None:
    first = prepare(workload)
    home = data.folder() / "sums" / data.key(workload, replace(CASE, seed=3))
    real = Path.exists
    seen: list[Path] = []

    def too_early(self: Path) -> bool:
        """The first look comes before the other has finished."""
        early = self == home / "dataset.json" and self not in seen
        seen.append(self)
        return not early and real(self)

    monkeypatch.setattr(Path, "exists", too_early)
    assert prepare(workload) == first
    assert [p.name for p in home.parent.iterdir()] == [home.name]


def test_a_folder_that_can_not_be_made_is_a_user_mistake(workload: Workload, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("BENCH_DATA", str(tmp_path / "file"))
    with pytest.raises(UserError, match="set BENCH_DATA"):
        prepare(workload)


def test_a_damaged_manifest_says_what_to_remove(workload: Workload) -> None:
    prepare(workload)
    manifest = next(data.folder().glob("sums/*/dataset.json"))
    manifest.write_text("{}")
    with pytest.raises(UserError, match=r"remove .* and try again"):
        prepare(workload)


def test_jobs_of_any_user_may_read_the_data(workload: Workload) -> None:
    strict = os.umask(0o077)
    try:
        prepare(workload)
    finally:
        os.umask(strict)
    home = next(data.folder().glob("sums/*"))
    assert all(p.stat().st_mode & (0o005 if p.is_dir() else 0o004) for p in (home, *home.rglob("*")))


def test_the_cache_is_listed_and_pruned_but_downloads_stay(workload: Workload, tmp_path: Path) -> None:
    prepare(workload)
    prepare(workload, seed=4)
    rows = data.stored()
    assert [(r["workload"], r["case"]) for r in rows] == [("sums", "small")] * 2
    assert all(isinstance(r["bytes"], int) and r["bytes"] > 0 for r in rows) and json.dumps(rows)
    assert data.prune() == sum(int(str(r["bytes"])) for r in rows)
    assert data.stored() == [] and made(tmp_path) == 2


def test_a_damaged_manifest_can_still_be_pruned(workload: Workload) -> None:
    prepare(workload)
    next(data.folder().glob("sums/*/dataset.json")).write_bytes(b'{"case": "\xff"}')
    with pytest.raises(UserError, match="remove"):
        prepare(workload)
    data.prune()
    assert list(data.folder().glob("sums/*")) == []


def test_the_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BENCH_DATA", str(tmp_path / "a"))
    assert data.folder() == tmp_path / "a"
    monkeypatch.delenv("BENCH_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "b"))
    assert data.folder() == tmp_path / "b" / "bench"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert data.folder() == Path.home() / ".cache" / "bench"


def test_the_manifest_is_a_data_set(workload: Workload) -> None:
    found = prepare(workload)
    manifest = next(data.folder().glob("sums/*/dataset.json"))
    assert replace(msgspec.json.decode(manifest.read_bytes(), type=Dataset), input_bytes=found.input_bytes) == found
    assert found.input_bytes == sum(Path(path).stat().st_size for path in found.inputs.values())


def test_a_record_names_data_without_the_machines_folders(workload: Workload) -> None:
    found = prepare(workload)
    kept = data.portable(found)
    assert all(path.startswith("$BENCH_DATA/sums/") for path in (*kept.inputs.values(), kept.answers))
    assert data.located(kept) == found
    assert data.located(found) == found, "as sessions of schema 1 have them"
