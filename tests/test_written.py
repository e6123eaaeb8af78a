"""Files that steps write, from the job to the verdict: read back after every job, as local processes; in containers below."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench_command import Bench
from planted import one, select, session_of, wait_for

import docker
from harness import store
from harness.model import Run, Session
from harness.session import ANSWERS, OUTPUTS, TRAFFIC, swept

pytestmark = pytest.mark.sessions
KEEP = ("--workload", "keep", "--seed", "7", "--no-plot", "--json")
WRONG = {
    "keeper_swap": "kept.csv: n is ",
    "keeper_link": "kept.csv: it is not a plain file",
    "keeper_extra": "kept.log: it does not belong in the outputs",
}
VARIANTS = ("keeper", "keeper_timed", "keeper_half", "keeper_lacks", *WRONG)


def measured(bench: Bench, folder: Path, engine: str, *more: str) -> tuple[Session, list[Run]]:
    done = bench("run", *KEEP, "--engine", engine, *select(*VARIANTS), *more, "--blocks", "1", "--out", folder)
    return session_of(done, folder)


@pytest.fixture(scope="module")
def written(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> tuple[Session, list[Run], Path]:
    folder = tmp_path_factory.mktemp("written") / "session"
    return *measured(bench, folder, "local", "--no-aa", "--case", "both", "--case", "files"), folder


def on(runs: list[Run], case: str) -> list[Run]:
    return [run for run in runs if run.case == case]


@pytest.mark.parametrize("case", ["both", "files"])
def test_what_was_written_is_read_back(written: tuple[Session, list[Run], Path], case: str) -> None:
    runs = on(written[1], case)
    for kind in ("verify", "timed"):
        run = one(runs, "keeper", kind)
        assert (run.outcome, run.reason, run.suspect) == ("ok", None, ())
        assert set(run.answers) == ({"rows"} if (kind, case) == ("verify", "both") else set())
    for variant, reason in WRONG.items():
        run = one(runs, variant)
        assert run.outcome == "wrong"
        assert run.reason and run.reason.startswith(reason)
    half = one(runs, "keeper_half")
    assert half.outcome == "crash"
    assert half.reason and half.reason.startswith("exit code 3")
    assert one(runs, "keeper_timed").outcome == "ok"
    timed = one(runs, "keeper_timed", "timed")
    assert timed.outcome == "wrong"
    assert timed.reason and " rows, the oracle has " in timed.reason


def test_a_case_runs_its_own_steps_on_those_that_have_one(written: tuple[Session, list[Run], Path]) -> None:
    session, runs, _ = written
    assert {job.steps for job in session.jobs if job.case == "files"} == {("kept",)}
    assert {job.steps for job in session.jobs if job.implementation == "fake/keeper_lacks"} == {("rows",)}
    assert "keeper_lacks" not in {run.variant for run in on(runs, "files")}
    assert one(on(runs, "both"), "keeper_lacks", "timed").outcome == "ok"


def test_nothing_that_was_written_outlives_its_job(written: tuple[Session, list[Run], Path]) -> None:
    assert {path.name for path in written[2].iterdir()} == {store.SESSION, store.RUNS, store.LOCK}


def test_the_one_that_runs_again_runs_on_every_case(bench: Bench, tmp_path: Path) -> None:
    for seed in range(4):
        done = bench("run", *KEEP, "--engine", "local", *select("keeper", "keeper_lacks"), "--case", "*", "--dry-run", "--seed", str(seed))
        assert '"fake/keeper (again)"' in done.out
        assert "keeper_lacks (again)" not in done.out


def test_truth_that_is_set_aside_is_in_no_folder_that_a_job_sees(written: tuple[Session, list[Run], Path], data_folder: Path) -> None:
    homes = {Path(path.replace("$BENCH_DATA", str(data_folder))).parents[1] for d in written[0].datasets for path in d.inputs.values()}
    assert len(homes) == 2, "a case with steps of its own has truth of its own"
    for home in homes:
        assert [p.name for p in (home / "input").iterdir()] == ["table.csv"]
        assert [p.name for p in (home / "aside").iterdir()] == ["planted.csv"]


def test_a_case_of_which_nobody_has_a_step_is_a_mistake(bench: Bench) -> None:
    done = bench("run", *KEEP, "--engine", "local", *select("keeper_lacks"), "--case", "files", "--dry-run")
    assert done.code == 2
    assert "nothing that was chosen has a step of files;" in done.err


def test_ctrl_c_leaves_no_outputs(bench: Bench, tmp_path: Path) -> None:
    import signal

    folder = tmp_path / "session"
    running = bench.start("run", *KEEP, "--engine", "local", *select("keeper"), "--blocks", "200", "--out", folder)
    wait_for(lambda: folder.exists() and any(folder.glob(".outputs-*")))
    running.signal_group(signal.SIGINT)
    assert running.wait().code == 130
    assert not [*folder.glob(".outputs-*"), *folder.glob(".answers-*")]


@pytest.mark.parametrize("kind", [ANSWERS, OUTPUTS, TRAFFIC])
def test_ctrl_c_while_a_folder_is_made_or_removed_leaves_none(tmp_path: Path, kind: str) -> None:
    with pytest.raises(KeyboardInterrupt), swept(tmp_path):
        (tmp_path / f"{kind}just-made").mkdir()
        raise KeyboardInterrupt
    assert not [*tmp_path.iterdir()]


def test_what_a_killed_harness_left_is_removed_on_resuming(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "session"
    running = bench.start("run", *KEEP, "--engine", "local", *select("keeper"), "--blocks", "3", "--out", folder)
    wait_for(lambda: folder.exists() and any(folder.glob(".outputs-*")))
    running.signal_kill()
    running.wait()
    (folder / ".outputs-left").mkdir(exist_ok=True)
    session_of(bench("run", "--resume", folder, "--no-plot", "--json"), folder)
    assert not [*folder.glob(".outputs-*"), *folder.glob(".answers-*")]


@pytest.mark.docker
def test_containers_write_into_a_folder_of_their_own(daemon: docker.DockerClient, bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "session"
    runs = measured(bench, folder, "docker", "--no-aa", "--yes")[1]
    assert {run.outcome for run in runs if run.variant == "keeper"} == {"ok"}
    for variant, reason in WRONG.items():
        assert (one(runs, variant).reason or "").startswith(reason)
    assert one(runs, "keeper_half").outcome == "crash"
    assert {path.name for path in folder.iterdir()} == {store.SESSION, store.RUNS, store.LOCK}
