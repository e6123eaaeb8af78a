"""Planted faults, as local processes: each is found, named and recorded, and the rest of the session is complete."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from bench_command import Bench, Done, Running

from harness import store
from harness.model import Run, Session, Stalls

COUNT = ("--workload", "count", "--engine", "local", "--seed", "7", "--no-plot", "--json")
MOMENTS = 8


def select(*variants: str) -> list[str]:
    return [word for v in variants for word in ("--select", f"fake/{v}")]


def session_of(done: Done, folder: Path) -> tuple[Session, list[Run]]:
    """A session that has come to its end: not a line torn, and a record of each planned job, in order."""
    assert done.code in (0, 1), done.err
    session, (runs, warnings) = store.read_session(folder), store.read_runs(folder)
    assert not warnings
    assert [r.job for r in runs] == [j.id for j in session.jobs]
    return session, runs


def one(runs: list[Run], variant: str, kind: str = "verify") -> Run:
    (run,) = (r for r in runs if r.variant == variant and r.kind == kind)
    return run


def wait_for(what: Callable[[], object], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def lives(pid: int) -> bool:
    """Whether a process still runs; one that only waits for its parent to take notice does not."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


# --- outcomes

FOUND = {
    "oom": ("oom", "killed at the memory limit of 256 MiB; the last event was 'answer'"),
    "crash": ("crash", "killed by SIGSEGV after 'answer'"),
    "exit3": ("crash", "exit code 3 after 'answer'"),
    "lastrow": ("wrong", "(sorted row 40 of 40, key=k9)"),
    "garbage": ("protocol", "line 6 is no event: JSON is malformed: invalid character (byte 0): 'Warning: falling back to the slow path'"),
    "truncated": ("protocol", """line 6 is cut off: '{"event": "sample", "index": 3, "st'"""),
    "non_utf8": ("protocol", "line 6 is not UTF-8"),
    "flood": ("protocol", "line 6: an answer of 'sums' that was not asked for"),
    "flood_line": ("protocol", "line 6 is longer than 8 MiB"),
    "flood_blank": ("protocol", "more than 64 MiB on standard output"),
    "missing_event": ("protocol", "'done' although 'pauses' is missing"),
    "early_done": ("protocol", "line 6: 'done' although the sample of means, pass 1, is missing"),
    "second_hello": ("protocol", "line 2: a second 'hello'"),
    "unsupported": ("error", "unsupported: no vector unit on this machine"),
    "unbuilt": ("unbuilt", "ended with exit code 1"),
    "hang_after_done": ("hang", "said 'done', but did not end within 5 s of the end of its input"),
}
"""Those that verification finds, so that they are not timed."""
SUSPECT = {
    "liar_wall": r"of CPU time in 0\.00 s on 1 CPU",
    "liar_cpu": r"it claims \d+\.\d\d s of CPU time, its account shows",
    "liar_clock": "its timed sections lie outside the time that the job ran",
    "threads4": "its engine uses 4 threads, 1 were allowed",
}
FINE = ("honest", "plus50mb", "flood_err", "leaver")


@pytest.fixture(scope="module")
def faults(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """One session with all of them: a block of verification, a timed one."""
    folder = tmp_path_factory.mktemp("faults") / "session"
    chosen = select(*FOUND, *SUSPECT, *FINE, "lastrow_timed")
    done = bench("run", *COUNT, *chosen, "--blocks", "1", "--out", folder)
    assert done.code == 1
    return session_of(done, folder)[1]


@pytest.mark.parametrize("variant", FOUND)
def test_a_fault_is_found_and_named_and_not_timed(faults: list[Run], variant: str) -> None:
    outcome, reason = FOUND[variant]
    verified, timed = one(faults, variant), one(faults, variant, "timed")
    assert verified.outcome == outcome
    assert verified.reason and reason in verified.reason
    if outcome == "unbuilt":
        assert timed.outcome == "unbuilt"
    else:
        assert (timed.outcome, timed.reason) == ("skipped", f"{outcome} in verification: {verified.reason}")
        assert timed.start_ns is None


@pytest.mark.parametrize("variant", FINE)
def test_what_is_lawful_is_ok(faults: list[Run], variant: str) -> None:
    for kind in ("verify", "timed"):
        run = one(faults, variant, kind)
        assert (run.outcome, run.reason, run.suspect, run.exit_code) == ("ok", None, (), 0)
        assert run.times.hello_ns and run.times.ready_ns and run.times.done_ns and run.times.exit_ns
        assert run.times.hello_ns <= run.times.ready_ns <= run.times.done_ns < run.times.exit_ns
        assert run.memory.anon_bytes and run.outside and run.hello and run.pauses and run.stalls and run.control and run.usage


@pytest.mark.parametrize("variant", SUSPECT)
def test_a_lie_makes_a_run_suspect(faults: list[Run], variant: str) -> None:
    for kind in ("verify", "timed"):
        run = one(faults, variant, kind)
        assert run.outcome == "ok"
        assert any(re.search(SUSPECT[variant], text) for text in run.suspect), run.suspect


def test_a_wrong_answer_given_only_when_it_counts_is_found(faults: list[Run]) -> None:
    assert one(faults, "lastrow_timed").outcome == "ok"
    timed = one(faults, "lastrow_timed", "timed")
    assert timed.outcome == "wrong"
    assert timed.reason and timed.reason.startswith("sums, pass 1: the sum of n is")


def test_fifty_megabytes_are_seen(faults: list[Run]) -> None:
    for kind in ("verify", "timed"):
        more, less = (one(faults, v, kind).anon_peak_bytes for v in ("plus50mb", "honest"))
        assert more and less
        assert 48e6 < more - less < 52e6


def test_only_the_end_of_a_flood_on_standard_error_is_kept(faults: list[Run]) -> None:
    kept = one(faults, "flood_err").stderr
    assert len(kept) == 64 << 10
    assert kept.endswith("xxx\nthe last line")


def test_nothing_that_a_job_leaves_behind_survives_it(faults: list[Run]) -> None:
    left = [int(one(faults, "leaver", kind).stderr) for kind in ("verify", "timed")]
    wait_for(lambda: not any(map(lives, left)), 10)


def test_time_limit_tells_work_from_idleness(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "session"
    done = bench("run", *COUNT, *select("timeout", "hang"), "--blocks", "1", "--time-limit", "4", "--out", folder)
    runs = session_of(done, folder)[1]
    busy, idle = one(runs, "timeout"), one(runs, "hang")
    assert (busy.outcome, busy.reason) == ("timeout", "not done after 4 s; the last event was 'answer'")
    assert idle.outcome == "hang"
    assert idle.reason and idle.reason.startswith("idle for") and idle.reason.endswith("after 'answer', at the time limit of 4 s")


# --- stalls


def overlap(stalls: Stalls, start_ns: int, end_ns: int) -> list[int]:
    """Lengths in milliseconds of the stalls seen that touch an interval."""
    return [s.wall_ns // 1_000_000 for s in stalls.events if s.start_ns < end_ns and s.start_ns + s.wall_ns > start_ns]


def planted_in(run: Run) -> list[tuple[int, int]]:
    """Start and end of each stall by its own word, as far as the meter was certainly on."""
    last = run.samples[-1]
    found = [(int(start), int(end)) for start, end in map(str.split, run.stderr.splitlines())]
    return [(start, end) for start, end in found if end < last.start_ns + last.wall_ns]


def test_stalls_are_seen_where_they_are_and_only_there(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "session"
    done = bench("run", *COUNT, *select("honest", "stall20"), "--blocks", "1", "--param", "linger_ms=1300", "--out", folder)
    session, runs = session_of(done, folder)
    for run in runs:
        assert run.stalls and run.control
        if run.variant == "honest":
            assert len(run.stalls.events) <= 2 * len(run.control.events) + 2
            continue
        planted = planted_in(run)
        assert len(planted) >= (1 if run.kind == "verify" else 2)
        for start, end in planted:
            # The meter had up to its interval left to sleep when the stall began; a busy machine adds to what it sees, never takes away.
            shortest = (end - start - session.timing.meter_interval_ns) // 1_000_000
            assert any(seen >= shortest for seen in overlap(run.stalls, start, end)), (start, run.stalls.events)


# --- what ends the harness itself


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


def recorded(folder: Path) -> int:
    path = folder / store.RUNS
    return path.read_bytes().count(b"\n") if path.exists() else 0


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
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert bench("show", folder).code == 0
    for arguments, answer in {
        ("run", "--resume", folder): "make it writable",
        ("run", *COUNT, *select("honest"), "--out", small_disk / "other"): "choose another folder with --out",
        ("plot", folder): "make it writable",
    }.items():
        assert answer in last_line(bench(*arguments))


def test_a_limit_on_file_size_loses_nothing(bench: Bench, tmp_path: Path) -> None:
    """A full disk as one without the right to mount can have it: a line is cut short, the next write refused."""
    folder = tmp_path / "session"
    arguments = ("run", *COUNT, *select("honest"), "--blocks", "20", "--out", folder)
    line = last_line(bench(*arguments, file_limit=50_000))
    assert line.startswith(f"bench: {folder / store.RUNS}: ")
    assert line.endswith(f"free some room, then: bench run --resume {folder}")
    kept, warnings = store.read_runs(folder)
    assert kept and not warnings
    assert finished(bench, folder, [])[: len(kept)] == kept


# --- mistakes: exit code 2, one line that says what to try


@pytest.fixture(scope="module")
def no_session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mistakes") / "notes.txt"
    path.write_text("not a session")
    return path


MISTAKES = {
    "workload": (["run", "-w", "sorting"], "no workload 'sorting'; there are: count"),
    "case": (["run", "-w", "count", "-c", "huge"], "no case matches 'huge'; there are: tiny"),
    "implementation": (["run", "-w", "count", "-s", "fake/zig"], "no implementation matches 'fake/zig'; there are: fake/crash"),
    "implementation to build": (["build", "-s", "zig/*"], "no implementation matches 'zig/*'; there are:"),
    "parameter": (["run", "-w", "count", "-p", "depth=3"], "case 'tiny' has no parameter 'depth'; it has: rows, k, loops, linger_ms"),
    "parameter's form": (["run", "-w", "count", "-p", "rows"], "write it as NAME=VALUE"),
    "parameter's type": (["run", "-w", "count", "-p", "rows=many"], "'many' is of another type than '3000'"),
    "threads": (["run", "-w", "count", "--threads", "4096"], "take --threads"),
    "nothing said": (["run"], "say what to run with --workload NAME; there are: count"),
    "no results": (["plot", "nowhere"], "nowhere is no session and holds none; sessions are made by: bench run"),
    "file to plot": (["plot", "{file}"], "is no session and holds none"),
    "file to show": (["show", "{file}"], "is no session and holds none"),
    "file to resume": (["run", "--resume", "{file}"], "is no session"),
    "out below a file": (
        ["run", "-w", "count", "--engine", "local", "-s", "fake/honest", "--out", "{file}/s"],
        "choose another folder with --out",
    ),
    "out in /proc": (
        ["run", "-w", "count", "--engine", "local", "-s", "fake/honest", "--out", "/proc/s"],
        "choose another folder with --out",
    ),
}


def one_line(done: Done, *, code: int = 2) -> str:
    assert (done.code, done.out) == (code, ""), done.err
    assert done.err.count("\n") == 1, done.err
    return done.err.removesuffix("\n")


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_answered_in_one_line(bench: Bench, no_session: Path, mistake: str) -> None:
    arguments, answer = MISTAKES[mistake]
    line = one_line(bench(*[a.format(file=no_session) for a in arguments]))
    assert line.startswith("bench: ") and answer in line


BREAKAGES: dict[str, tuple[str, Callable[[str], str], str]] = {
    "impl.toml without a key": ("impls/fake/honest/impl.toml", lambda t: t.replace("summary", "sumary", 1), "honest/impl.toml"),
    "impl.toml that is no TOML": ("impls/fake/honest/impl.toml", lambda t: t + "track track", "honest/impl.toml: not TOML"),
    "impl.toml of no workload": (
        "impls/fake/honest/impl.toml",
        lambda t: t.replace("workloads.count", "workloads.cuont"),
        "no such workload",
    ),
    "workload.toml without a key": ("workloads/count/workload.toml", lambda t: t.replace("unit =", "units ="), "count/workload.toml"),
    "workload.toml that is no TOML": ("workloads/count/workload.toml", lambda t: "[" + t, "count/workload.toml: not TOML"),
    "workload.toml of a wrong type": ("workloads/count/workload.toml", lambda t: t.replace("= 256", '= "256"'), "memory_mb"),
    "language.toml without a key": ("impls/fake/language.toml", lambda t: t.replace("title", "titel"), "fake/language.toml"),
    "a recipe with an unknown placeholder": (
        "impls/fake/language.toml",
        lambda t: t.replace("{impl}", "{implementation}"),
        "no such placeholder; there are: {build}",
    ),
    "a recipe with a brace too many": ("impls/fake/language.toml", lambda t: t.replace("{impl}", "{impl"), "write a brace"),
}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_broken_file_is_named_in_one_line(own_bench: Bench, breakage: str) -> None:
    name, change, answer = BREAKAGES[breakage]
    path = own_bench.root / name
    path.write_text(change(path.read_text()))
    line = one_line(own_bench("list"))
    assert line.startswith(f"bench: {path}: ") and answer in line and ";" in line


def test_an_empty_checkout_is_named(own_bench: Bench) -> None:
    shutil.rmtree(own_bench.root / "impls")
    assert "run inside a checkout or set BENCH_ROOT" in one_line(own_bench("list"))


def test_a_damaged_session_is_named_with_its_line(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "session"
    session_of(bench("run", *COUNT, *select("honest"), "--blocks", "1", "--out", folder), folder)
    path = folder / store.RUNS
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first[:100] + b"\n" + second)
    assert f"{path}:1: " in one_line(bench("show", folder))
    (folder / store.SESSION).write_text('{"schema": 99}')
    assert "use a newer one" in one_line(bench("plot", folder))


def test_the_command_as_a_shell_starts_it() -> None:
    """The other tests fork; this one has the interpreter begin from nothing."""
    world = {**os.environ, "BENCH_ROOT": str(Path(__file__).with_name("fakes"))}
    ask = [sys.executable, "-m", "harness.cli", "run", "--workload", "sorting"]
    done = subprocess.run(ask, env=world, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1])
    assert (done.returncode, done.stderr) == (2, "bench: no workload 'sorting'; there are: count\n")
