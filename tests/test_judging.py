"""`bench report`, `claims` and `compare` as commands, on sessions that are well and on all that a folder may hold instead of one."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import page_sessions
import pytest
from click.testing import CliRunner, Result
from report_sessions import KINDS, fail

from harness import cli, store
from harness.model import Run, Session

ROOT = Path(__file__).parents[1]
OLD = ROOT / "tests" / "fixtures" / "session_schema_1"
DECIDED = {"supported", "refuted", "mixed"}
COUNTED = "C24"
"""Code lines: they are a session's from its first moment, and no block adds to them."""


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_ROOT", str(ROOT))


def bench(*words: str | Path) -> Result:
    done = CliRunner().invoke(cli.main, [*map(str, words)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    assert "Traceback" not in done.output
    return done


def put(folder: Path, made: Session, runs: Sequence[Run]) -> Path:
    store.create(folder, made)
    for run in runs:
        store.append(folder, run)
    return folder


def whole(folder: Path, blocks: int = 10) -> Path:
    made = page_sessions.session(blocks, cases=("1e6",))
    return put(folder, made, page_sessions.runs(made))


def words_on(folder: Path) -> dict[str, str]:
    done = bench("claims", "--session", folder, "--json")
    assert done.exit_code == 0, done.output
    return {v["claim"]["id"]: v["word"] for v in json.loads(done.stdout)["verdicts"]}


def page_of(folder: Path) -> str:
    done = bench("report", folder)
    assert done.exit_code == 0, done.output
    assert (folder / "report.md").read_text().startswith("# ")
    return (folder / "report.html").read_text()


# --- a session that is well


def test_a_whole_session_is_judged_and_its_page_needs_only_its_records(tmp_path: Path) -> None:
    folder = whole(tmp_path / "one")
    words = words_on(folder)
    assert len(words) == 32 and words["C01"] in DECIDED | {"inconclusive"} and words["C03"] == "not measured"
    text = page_of(folder)
    moved = shutil.copytree(folder, tmp_path / "elsewhere" / "one", ignore=shutil.ignore_patterns("report*"))
    assert page_of(moved) == text, "the same records, the same page, wherever they lie"


def test_the_evidence_of_one_claim_names_all_that_it_rests_on(tmp_path: Path) -> None:
    folder = whole(tmp_path / "one")
    said = bench("claims", "C05", "--session", folder).stdout
    for part in (
        "C05, ",
        "Hypothesis:",
        "Rule: mean",
        "sha256:",
        "go/std : rust/std",
        "noise floor",
        "records: b001-",
        "Measure it: bench run --claim C05",
    ):
        assert part in said, part
    assert bench("claims", "C99", "--session", folder).exit_code == 2
    assert "no claim 'C99'" in bench("claims", "C99").stderr


def test_the_first_line_of_all_claims_sums_up(tmp_path: Path) -> None:
    assert bench("claims", "--session", whole(tmp_path / "one", 2)).stdout.startswith("32 claims: ")


def test_a_claim_is_planned_with_exactly_what_it_needs() -> None:
    rows = json.loads(bench("run", "--claim", "C09", "--dry-run", "--json", "--engine", "local", "--no-aa").stdout)
    assert {r["label"] for r in rows} == {"python/polars", "python/polars@2", "python/pandas", "python/pandas@2"}
    assert {r["block"] for r in rows} == set(range(11))
    assert {(r["workload"], r["case"]) for r in rows} == {("groupby", "flights"), ("groupby", "1e6"), ("csv-etl", "1x-ops")}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--claim", "C14"), "nothing of it can be run yet"),
        (("--claim", "C77"), "no claim 'C77'"),
        (("--claim", "C07", "-w", "groupby"), "leave out --workload"),
        (("--claim", "C07", "--blocks", "3"), "asks for 10 blocks or more"),
    ],
)
def test_what_a_claim_can_not_be_asked_is_said(words: tuple[str, ...], why: str) -> None:
    done = bench("run", *words, "--dry-run", "--engine", "local")
    assert done.exit_code == 2 and why in done.stderr


# --- what else may lie there


def empty(folder: Path) -> Path:
    return put(folder, page_sessions.session(10), [])


def torn(folder: Path) -> Path:
    path = whole(folder, 3) / store.RUNS
    path.write_bytes(path.read_bytes()[:-300])
    return folder


def one_block(folder: Path) -> Path:
    return whole(folder, 1)


def language_failed(folder: Path) -> Path:
    made = page_sessions.session(10, cases=("1e6",))
    names = [name for name in KINDS if name.startswith("rust/")]
    return put(folder, made, fail(page_sessions.runs(made), names, "crash", "exit code 101 after hello"))


def schema_1(folder: Path) -> Path:
    return shutil.copytree(OLD, folder)


TROUBLED = {"empty": empty, "torn": torn, "one block": one_block, "language failed": language_failed, "schema 1": schema_1}


@pytest.mark.parametrize("make", TROUBLED.values(), ids=TROUBLED)
def test_a_troubled_session_gives_a_page_and_no_verdict_that_it_can_not_bear(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    folder = make(tmp_path / "one")
    words = words_on(folder)
    text = page_of(folder)
    assert "<html" in text and text.rstrip().endswith("</html>")
    if make is language_failed:
        assert not DECIDED & {words[c] for c in ("C01", "C05", "C08", "C11")}, "Rust has no figure"
        assert "exit code 101 after hello" in text
    else:
        assert not DECIDED & {word for claim, word in words.items() if claim != COUNTED}
    if make is torn:
        assert "is torn and was dropped" in text


def edited(folder: Path) -> Path:
    path = whole(folder) / store.RUNS
    lines = path.read_bytes().splitlines(keepends=True)
    run = msgspec.json.decode(lines[30])
    run["samples"][3]["wall_ns"] //= 2
    lines[30] = msgspec.json.encode(run) + b"\n"
    path.write_bytes(b"".join(lines))
    return folder


def moved_seed(folder: Path) -> Path:
    path = whole(folder) / store.SESSION
    path.write_text(path.read_text().replace('"seed": 7', '"seed": 8'))
    return folder


@pytest.mark.parametrize("make", [edited, moved_seed])
def test_records_changed_by_hand_are_shown_and_judged_no_more(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    folder = make(tmp_path / "one")
    assert set(words_on(folder).values()) <= {"not measured"}
    assert "changed after" in page_of(folder) and "changed after" in (folder / "report.md").read_text()
    done = bench("compare", folder, whole(tmp_path / "two"))
    assert done.exit_code == 2 and "changed by hand" in done.stderr


def nothing(folder: Path) -> None:
    folder.mkdir()


def a_file(folder: Path) -> None:
    folder.write_text("no session")


def no_json(folder: Path) -> None:
    folder.mkdir()
    (folder / store.SESSION).write_bytes(b"\xff\x00{")


def newer(folder: Path) -> None:
    path = whole(folder, 1) / store.SESSION
    path.write_text(path.read_text().replace('"schema": 2', '"schema": 99'))


def damaged(folder: Path) -> None:
    path = whole(folder, 1) / store.RUNS
    path.write_bytes(b"{}\n" + path.read_bytes())


@pytest.mark.parametrize("make", [nothing, a_file, no_json, newer, damaged])
@pytest.mark.parametrize("words", [("report",), ("claims", "--session"), ("compare", OLD)], ids=lambda w: w[0])
def test_what_is_no_session_is_one_clear_line(tmp_path: Path, make: Callable[[Path], None], words: tuple[str, ...]) -> None:
    make(tmp_path / "one")
    done = bench(*words, tmp_path / "one")
    assert done.exit_code == 2 and done.stderr.count("\n") == 1 and done.stderr.startswith("bench: ")


@pytest.mark.skipif(os.geteuid() == 0 or sys.platform == "win32", reason="root may write everywhere")
def test_a_folder_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    folder = whole(tmp_path / "one", 1)
    folder.chmod(0o555)
    assert bench("report", folder).exit_code == 2


# --- two sessions


def test_the_same_twice_is_no_regression_and_slower_is_one(tmp_path: Path) -> None:
    made = page_sessions.session(10, cases=("1e6",))
    made = replace(made, environment={"machine": {"cpu_model": "x", "memory_bytes": 1 << 34}})
    runs = page_sessions.runs(made)
    before = put(tmp_path / "before", made, runs)
    slower = [
        replace(r, samples=tuple(replace(s, wall_ns=s.wall_ns * 2) for s in r.samples)) if r.implementation == "rust/std" else r
        for r in runs
    ]
    anew = tuple(replace(b, digest=f"{b.digest}0") if b.implementation == "rust/std" else b for b in made.builds)
    after = put(tmp_path / "after", replace(made, builds=anew), slower)
    assert bench("compare", before, before).exit_code == 0
    done = bench("compare", before, after)
    assert done.exit_code == 1 and done.stdout.startswith("2 regressions") and "rust/std on 1e6" in done.stdout
    assert "as long to load" in done.stdout, "every wall time was doubled, the load's too"
    assert json.loads(bench("compare", before, after, "--json").stdout)["exit_code"] == 1
    assert bench("compare", before, after, "--markdown").stdout.startswith("2 regressions")
    assert bench("compare", OLD, before).exit_code == 2
