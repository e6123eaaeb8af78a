"""The nightly job: its course with a made-up command, and whole nights of the fakes, with a slow-down planted in the third."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import copy_of_fakes

SCRIPT = Path(__file__).parents[1] / "scripts" / "nightly.sh"
STUB = """#!/bin/sh
case $1 in
  run) while [ "$1" != --out ]; do shift; done
       mkdir -p "$2" && touch "$2/session.json" "$2/runs.jsonl"; exit "${RUN:-0}" ;;
  report) touch "$2/report.html"; exit "${REPORT:-0}" ;;
  show) echo "x/a was fastest" ;;
  compare) echo "$@" >>"$ASKED"; printf '%s' "${SAID-1 regression: x/a
| a table |}"; exit "${COMPARE:-0}" ;;
esac
"""


@dataclass(frozen=True)
class Night:
    """How a night ended, and the newest session in its folder."""

    code: int
    out: str
    err: str
    session: Path | None

    @property
    def summary(self) -> str:
        assert self.session
        return (self.session / "summary.md").read_text(encoding="utf-8")


def night(folder: Path, **env: str | Path) -> Night:
    """Run the script as anyone would, with none of what the tests' own surroundings may set of GitHub."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("GITHUB_", "NIGHTLY_"))}
    given = {k: str(v) for k, v in env.items()}
    done = subprocess.run(
        [SCRIPT], env={**plain, "NIGHTLY_FOLDER": str(folder), **given}, capture_output=True, text=True, timeout=240, check=False
    )
    return Night(done.returncode, done.stdout, done.stderr, max(folder.glob("*/"), default=None))


@pytest.fixture
def stub(tmp_path: Path) -> Mapping[str, Path]:
    """A command that leaves a session and says what it is told to, and a night before tonight's."""
    command = tmp_path / "bench"
    command.write_text(STUB)
    command.chmod(0o755)
    store_of(tmp_path, "20260101-000000")
    return {"BENCH": command, "ASKED": tmp_path / "asked"}


def store_of(folder: Path, name: str) -> None:
    (folder / "nights" / name).mkdir(parents=True)
    for file in ("session.json", "runs.jsonl"):
        (folder / "nights" / name / file).touch()


def test_a_night_is_compared_with_the_newest_before_it(stub: Mapping[str, Path], tmp_path: Path) -> None:
    store_of(tmp_path, "20260102-000000")
    (tmp_path / "nights" / "20260103-000000").mkdir()  # given up before its first record
    done = night(tmp_path / "nights", **stub)
    assert (done.code, "warning" in done.err) == (0, False)
    assert stub["ASKED"].read_text() == f"compare --markdown {tmp_path / 'nights' / '20260102-000000'} {done.session}\n"
    assert "x/a was fastest" in done.summary and "| a table |" in done.summary


def test_a_regression_warns_and_does_not_fail(stub: Mapping[str, Path], tmp_path: Path) -> None:
    done = night(tmp_path / "nights", COMPARE="1", **stub)
    assert (done.code, done.err) == (0, "nightly: warning: 1 regression: x/a\n")
    assert done.out == ""


def test_github_gets_the_summary_the_session_and_the_warning(stub: Mapping[str, Path], tmp_path: Path) -> None:
    page, outputs = tmp_path / "page.md", tmp_path / "outputs"
    page.write_text("before\n")
    done = night(tmp_path / "nights", COMPARE="1", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=page, GITHUB_OUTPUT=outputs, **stub)
    assert page.read_text() == f"before\n{done.summary}"
    assert outputs.read_text() == f"session={done.session}\n"
    assert "::warning title=nightly::1 regression: x/a\n" in done.out


def test_sessions_that_are_not_comparable_are_no_failure(stub: Mapping[str, Path], tmp_path: Path) -> None:
    done = night(tmp_path / "nights", COMPARE="2", SAID="not comparable: kernel: 1 before, 2 after", **stub)
    assert (done.code, "warning" in done.err) == (0, False)
    assert "not comparable: kernel: 1 before, 2 after" in done.summary


@pytest.mark.parametrize("broken", [{"COMPARE": "1", "SAID": ""}, {"COMPARE": "3"}, {"REPORT": "1"}, {"RUN": "1"}])
def test_a_failure_of_ours_fails_the_night_and_is_summed_up(stub: Mapping[str, Path], tmp_path: Path, broken: dict[str, str]) -> None:
    done = night(tmp_path / "nights", **broken, **stub)
    assert done.code == 1
    assert "It did not end well: exit code 1." in done.summary


def test_an_interrupted_night_ends_at_once(stub: Mapping[str, Path], tmp_path: Path) -> None:
    done = night(tmp_path / "nights", RUN="130", **stub)
    assert done.code == 130
    assert done.session and not (done.session / "report.html").exists()


@pytest.mark.parametrize(("keep", "left"), [("1", 1), ("2", 2), ("9", 4)])
def test_only_the_newest_nights_are_kept(stub: Mapping[str, Path], tmp_path: Path, keep: str, left: int) -> None:
    for name in ("20260102-000000", "20260103-000000"):
        store_of(tmp_path, name)
    done = night(tmp_path / "nights", NIGHTLY_KEEP=keep, **stub)
    assert len([*(tmp_path / "nights").iterdir()]) == left
    assert done.session and done.summary


@pytest.mark.parametrize("keep", ["0", "-1", "some"])
def test_a_night_is_never_told_to_forget_itself(stub: Mapping[str, Path], tmp_path: Path, keep: str) -> None:
    done = night(tmp_path / "nights", NIGHTLY_KEEP=keep, **stub)
    assert (done.code, len([*(tmp_path / "nights").iterdir()])) == (2, 1)


SLOWER = """import time
from speaker import Honest


class Slower(Honest):
    def loops(self) -> int:
        time.sleep(0.4)
        return super().loops()


Slower().run()
"""
RUN = "--workload count --engine local --select fake/honest --select fake/slow5 --param linger_ms=100 --blocks 3 --no-plot"


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory, data_folder: Path) -> list[Night]:
    """Two nights of the same, and a third for which one of two implementations has become slower; the other is its control."""
    folder = tmp_path_factory.mktemp("nights")
    root = copy_of_fakes(folder)
    bench = os.environ.get("BENCH", str(Path(sys.executable).with_name("bench")))
    done = []
    for source in (None, None, SLOWER):
        if source:
            (root / "impls" / "fake" / "honest" / "main.py").write_text(source)
        done.append(night(folder / "kept", BENCH=bench, BENCH_ROOT=root, BENCH_DATA=data_folder, NIGHTLY_RUN=RUN))
    return done


@pytest.mark.sessions
def test_the_first_night_has_nothing_to_compare_with(nights: list[Night]) -> None:
    assert nights[0].code == 0, nights[0].err
    assert "No earlier night to compare with." in nights[0].summary
    assert nights[0].session and [*nights[0].session.glob("*.html")]


@pytest.mark.sessions
def test_the_second_night_is_compared_with_the_first(nights: list[Night]) -> None:
    assert nights[1].code == 0, nights[1].err
    assert "nightly: warning" not in nights[1].err
    assert "every build is the same in both" in nights[1].summary


@pytest.mark.sessions
def test_a_planted_slow_down_warns(nights: list[Night]) -> None:
    assert nights[2].code == 0, nights[2].err
    assert "nightly: warning: " in nights[2].err
    assert "fake/honest on tiny[linger_ms=100] takes" in nights[2].summary
    assert "fake/slow5 on tiny[linger_ms=100] takes" not in nights[2].summary


@pytest.mark.sessions
@pytest.mark.parametrize(("select", "code"), [("--select fake/crash --select fake/honest", 1), ("--select fake/nobody", 2)])
def test_a_failing_run_fails_the_night(tmp_path: Path, data_folder: Path, select: str, code: int) -> None:
    bench = os.environ.get("BENCH", str(Path(sys.executable).with_name("bench")))
    run = f"--workload count --engine local {select} --blocks 1 --no-plot"
    done = night(tmp_path / "kept", BENCH=bench, BENCH_ROOT=copy_of_fakes(tmp_path), BENCH_DATA=data_folder, NIGHTLY_RUN=run)
    assert done.code == code
    assert (done.session is not None) == (code == 1)
    if code == 1:
        assert "It did not end well: exit code 1." in done.summary
