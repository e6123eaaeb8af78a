"""The harness itself killed, interrupted, out of room: no record is lost, nothing is left running, and the session goes on."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from bench_command import Bench, Done, Running
from planted import ask, lives, recorded, select, session_of, wait_for

from harness import store
from harness.model import Run

pytestmark = pytest.mark.sessions
COUNT = ask("local")
MOMENTS = 8


def started_by(running: Running) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(running.pid).children(recursive=True)
    return []


def carries_name_of(process: psutil.Process, pid: int) -> bool:
    with suppress(psutil.Error, OSError):
        return f"-{pid}-" in process.environ().get("BENCH_HARNESS", "")
    return False


def nothing_left(of: Running, known: list[psutil.Process]) -> bool:
    """No process that a harness had started is left, neither by descent nor by the name that it carries."""
    return not any(lives(p.pid) for p in known) and not any(carries_name_of(p, of.pid) for p in psutil.process_iter())


def finished(bench: Bench, folder: Path, arguments: list[str]) -> list[Run]:
    """The session brought to its end: resumed, or begun where it had not been."""
    again = ["run", "--resume", str(folder), "--no-plot", "--json"] if (folder / store.SESSION).exists() else arguments
    return session_of(bench(*again), folder)[1]


@pytest.fixture(scope="module")
def undisturbed_s(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> float:
    """Seconds that the session takes that the next tests interrupt."""
    start = time.monotonic()
    session_of(bench(*small(folder := tmp_path_factory.mktemp("whole") / "session")), folder)
    return time.monotonic() - start


def small(folder: Path) -> list[str]:
    return ["run", *COUNT, *select("honest", "leaver"), "--blocks", "1", "--out", str(folder)]


@pytest.mark.parametrize("moment", range(MOMENTS))
def test_kill_at_any_moment_loses_no_record_and_leaves_no_process(bench: Bench, tmp_path: Path, undisturbed_s: float, moment: int) -> None:
    folder = tmp_path / "session"
    running = bench.start(*small(folder))
    time.sleep(undisturbed_s * random.Random(moment).uniform(moment, moment + 1) / MOMENTS)
    known, before = started_by(running), recorded(folder)
    running.signal_kill()
    running.wait()
    kept = store.read_runs(folder)[0]
    assert len(kept) >= before
    assert bench("list").code == 0
    wait_for(lambda: nothing_left(running, known), 10)
    runs = finished(bench, folder, small(folder))
    assert runs[: len(kept)] == kept
    assert {p.name for p in folder.iterdir()} == {store.SESSION, store.RUNS, store.LOCK}


def test_a_build_does_not_outlive_a_killed_harness_for_long(own_bench: Bench, tmp_path: Path) -> None:
    recipe = own_bench.root / "impls" / "fake" / "language.toml"
    text = recipe.read_text()
    recipe.write_text(text.replace(text[text.index("build =") : text.index("run =")], 'build = [["sleep", "600"]]\n'))
    running = own_bench.start(*small(tmp_path / "session"))
    wait_for(lambda: any(p.name() == "sleep" for p in started_by(running)))
    known = started_by(running)
    running.signal_kill()
    running.wait()
    assert "of a harness that is gone" in own_bench("list").err
    wait_for(lambda: nothing_left(running, known), 10)


@pytest.mark.parametrize("kept_bytes", [1, 700, -1])
def test_a_torn_line_is_dropped_aloud_and_its_job_runs_again(bench: Bench, tmp_path: Path, kept_bytes: int) -> None:
    folder = tmp_path / "session"
    session_of(bench("run", *COUNT, *select("honest"), "--blocks", "1", "--out", folder), folder)
    path = folder / store.RUNS
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + second[:kept_bytes])
    shown = bench("show", folder)
    assert shown.code == 0
    assert "is torn and was dropped" in shown.out + shown.err
    assert "torn" in bench("run", "--resume", folder, "--no-plot", "--json").err
    assert path.read_bytes().startswith(first)
    assert len(store.read_runs(folder)[0]) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_session_is_readable_and_goes_on(bench: Bench, tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "session"
    running = bench.start("run", *COUNT, *select("honest"), "--blocks", "2", "--param", "linger_ms=300", "--out", folder)
    wait_for(lambda: recorded(folder))
    known = started_by(running)
    running.signal_group(number) if number == signal.SIGINT else os.kill(running.pid, number)
    done = running.wait()
    assert done.code == 130
    assert f"Go on with: bench run --resume {folder}" in done.err
    assert "Traceback" not in done.err
    wait_for(lambda: nothing_left(running, known), 10)
    session, (runs, warnings) = store.read_session(folder), store.read_runs(folder)
    assert not warnings
    assert 1 <= len(runs) < len(session.jobs)
    assert finished(bench, folder, [])[: len(runs)] == runs


# --- a disk that is full, or not to be written


def last_line(done: Done) -> str:
    assert done.code == 2, done.err
    assert "Traceback" not in done.err
    return done.err.splitlines()[-1]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"can't mount: {made.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_loses_nothing(bench: Bench, small_disk: Path) -> None:
    folder = small_disk / "session"
    line = last_line(bench("run", *COUNT, *select("honest"), "--blocks", "20", "--out", folder))
    assert line.endswith(f"No space left on device; free some room, then: bench run --resume {folder}")
    kept, warnings = store.read_runs(folder)
    assert kept and not warnings
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert finished(bench, folder, [])[: len(kept)] == kept


def test_a_disk_that_may_only_be_read_is_named_in_one_line(bench: Bench, small_disk: Path) -> None:
    folder = small_disk / "session"
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    running = bench.start("run", *COUNT, *select("honest"), "--blocks", "5", "--out", folder)
    wait_for(lambda: recorded(folder))
    running.signal_kill()
    running.wait()
    # Busy until the job, which dies with its harness, has let go of its files.
    wait_for(lambda: not subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], capture_output=True, check=False).returncode)
    assert bench("show", folder).code == 0
    assert "make it writable" in last_line(bench("run", "--resume", folder))
    assert "make it writable" in last_line(bench("plot", folder))
    assert "choose another folder with --out" in last_line(bench("run", *COUNT, *select("honest"), "--out", small_disk / "other"))


def test_a_limit_on_file_size_loses_nothing(bench: Bench, tmp_path: Path) -> None:
    """A full disk as one without the right to mount can have it: a line is cut short, the next write refused."""
    folder = tmp_path / "session"
    line = last_line(bench("run", *COUNT, *select("honest"), "--blocks", "20", "--out", folder, file_limit=50_000))
    assert line.startswith(f"bench: {folder / store.RUNS}: ")
    assert line.endswith(f"free some room, then: bench run --resume {folder}")
    kept, warnings = store.read_runs(folder)
    assert kept and not warnings
    assert finished(bench, folder, [])[: len(kept)] == kept
