"""Planted faults, as local processes: each is found, named and recorded, and the rest of the session is complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bench_command import Bench
from planted import ask, lives, one, select, session_of, wait_for

from harness import store
from harness.model import Run, Sample, Stalls

pytestmark = pytest.mark.sessions
COUNT = ask("local")


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
    "liar_wall": r"of CPU time in 0\.0\d s on 1 CPU",
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
        assert all(float(str(state["reference_ms"])) > 0 for state in (run.state_before, run.state_after))


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


def test_ten_times_the_work_is_seen(bench: Bench, tmp_path: Path) -> None:
    """By the least CPU time of interleaved passes. Not twice: on a shared machine the same work may take that long by itself.

    Smaller plants are recovered by `make selftest`, on a quiet machine.
    """
    folder = tmp_path / "session"
    done = bench("run", *COUNT, *select("honest", "slow900"), "--blocks", "5", "--param", "loops=200000", "--out", folder)
    runs = session_of(done, folder)[1]
    slow, honest = (min(map(cpu_ns, passes(runs, variant))) for variant in ("slow900", "honest"))
    assert 4 < slow / honest < 25


def test_the_second_label_runs_in_each_block_and_is_verified_once(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "session"
    ask = [word for word in COUNT if word != "--no-aa"]
    session, runs = session_of(bench("run", *ask, *select("honest"), "--blocks", "3", "--out", folder), folder)
    text = (folder / store.SESSION).read_text()
    assert str(bench.root) not in text and str(Path.home()) not in text, "a session that is published tells nothing of folders"
    assert session.again == "fake/honest" and session.threads == (1,) and not store.seals(folder)
    assert [r.label for r in runs if r.block == 0] == ["fake/honest"]
    assert all({r.label for r in runs if r.block == b} == {"fake/honest", "fake/honest (again)"} for b in (1, 2, 3))
    assert {r.outcome for r in runs} == {"ok"}


def passes(runs: list[Run], variant: str) -> list[Sample]:
    return [s for r in runs if r.variant == variant for s in r.samples if s.step == "sums"]


def cpu_ns(sample: Sample) -> int:
    return (sample.user_ns or 0) + (sample.system_ns or 0)


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
