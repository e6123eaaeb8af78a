"""Jobs that work in turns: dealt in order with made-up courses, and in whole sessions of programs that wait, and of some that do not."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from itertools import chain, pairwise
from pathlib import Path

import psutil
import pytest
from bench_command import Bench
from hypothesis import given
from hypothesis import strategies as st
from makers import TIMING, job, run, transcript, wire
from planted import ask, lives, one, recorded, select, session_of, wait_for

from harness import store, turns
from harness.model import Run, Sample, UserError
from harness.plan import expected_samples
from harness.protocol import ProtocolError, Transcript, request
from harness.session import _check_memory

COUNT = (*ask("local"), "--turns")
STEPS = ("s1", "s2", "s3")


# --- dealing


def course(name: str, owes: list[tuple[str, int]], log: list[str]) -> turns.Course:
    """Logs each pass that it is given, and its beginning and its end."""
    try:
        log.append(f"{name} begins")
        for step, number in owes:
            yield step, number
            log.append(f"{name} {step} {number}")
        return run(job=name)
    finally:
        log.append(f"{name} ends")


def orders(names: list[str], log: list[str]) -> Iterator[list[str]]:
    while True:
        log.append("round")
        yield names[::-1] if len(log) % 2 else names


@given(st.lists(st.tuples(st.sets(st.sampled_from(STEPS)), st.integers(0, 7)), min_size=1, max_size=5), st.integers(1, 3))
def test_each_round_is_one_pass_of_one_step_for_all_that_owe_it(jobs: list[tuple[set[str], int]], passes: int) -> None:
    """Of each job the first so many passes, after which it fails: 0 to 7 of them."""
    owed = {
        f"j{n}": [(step, p) for step in STEPS if step in has for p in range(1, passes + 1)][:lasts] for n, (has, lasts) in enumerate(jobs)
    }
    log: list[str] = []
    ended = [r.job for r in turns.deal({name: course(name, owes, log) for name, owes in owed.items()}, STEPS, orders(list(owed), log))]
    assert sorted(ended) == sorted(owed)
    done = [entry.split(" ", 1) for entry in log if entry[-1].isdigit()]
    assert {name: [what for who, what in done if who == name] for name in owed} == {
        name: [f"{step} {p}" for step, p in owes] for name, owes in owed.items()
    }
    rounds = "\n".join(log).split("round")[1:]
    dealt = [{line.split(" ", 1)[1] for line in one.splitlines() if line and line[-1].isdigit()} for one in rounds]
    assert all(len(passes) == 1 for passes in dealt), "a round mixes passes"
    every = [next(iter(passes)) for passes in dealt]
    assert len(set(every)) == len(every), "a pass is dealt in two rounds"


def test_each_begins_after_the_one_before_has_come_to_its_first_turn() -> None:
    log: list[str] = []
    list(turns.deal({n: course(n, [("s1", 1)], log) for n in "ab"}, STEPS, orders(["a", "b"], log)))
    assert log[:2] == ["a begins", "b begins"] and log.index("a s1 1") > 1


def test_what_fails_in_the_middle_ends_all_of_them() -> None:
    log: list[str] = []

    def broken() -> turns.Course:
        yield "s1", 1
        raise KeyboardInterrupt

    courses = {"a": course("a", [("s1", 1), ("s1", 2)], log), "b": broken(), "c": course("c", [("s1", 1), ("s1", 2)], log)}
    with pytest.raises(KeyboardInterrupt):
        list(turns.deal(courses, STEPS, orders(["a", "b", "c"], log)))
    assert log.count("a ends") == log.count("c ends") == 1


def test_only_timed_jobs_of_a_block_on_a_case_are_there_together() -> None:
    plan = [job(id=f"{kind}{block}{case}{n}", kind=kind, block=block, case=case)
            for kind, block in (("verify", 0), ("timed", 1), ("timed", 2)) for case in "xy" for n in (1, 2)]  # fmt: skip
    together = [[j.id for j in group] for group in turns.groups(plan, turns=True)]
    assert [len(group) for group in together] == [1, 1, 1, 1, 2, 2, 2, 2]
    assert all(len(group) == 1 for group in turns.groups(plan, turns=False))
    assert list(chain.from_iterable(together)) == [j.id for j in plan]


# --- the wire


def said(given: list[int]) -> Transcript:
    """A transcript to which each line was fed after its turn was given at `given` nanoseconds, if that is one's."""
    heard = Transcript(expected_samples(job()), turns=True)
    turn = iter(given)
    for event in transcript():
        if event["event"] == "stalls":
            continue
        if heard.waits:
            heard.turn(next(turn, 0))
        heard.feed(wire([event]))
    return heard


def test_a_turn_is_owed_before_each_pass_and_no_stalls_after() -> None:
    heard = said([])
    assert heard.done and not heard.waits and heard.stalls is None
    assert not Transcript(expected_samples(job()), turns=True).waits, "loading needs no turn"


def test_a_pass_before_its_turn_is_against_the_protocol() -> None:
    first = next(e["start_ns"] for e in transcript() if e.get("step") == "s1")
    assert said([first]).done
    with pytest.raises(ProtocolError, match=r"sample 1 .*began before its turn"):
        said([first + 1])
    heard = Transcript(expected_samples(job()), turns=True)
    with pytest.raises(ProtocolError, match=r"line 4: sample 1 .*began before its turn"):
        heard.feed(wire(transcript()))


def test_who_works_in_turns_has_no_meter() -> None:
    assert b'"turns":true' in (line := request(job(), {}, {}, TIMING, None, turns=True)) and b'"meter":null' in line
    assert b'"turns":false' in (line := request(job(), {}, {}, TIMING, None)) and b'"meter":{' in line


# --- what can't be


def test_more_memory_than_there_is_is_refused_before_anything_starts() -> None:
    took = run(anon_peak_bytes=psutil.virtual_memory().total // 3)
    _check_memory(Path("s"), [took, None, run()])
    with pytest.raises(UserError, match=r"^s: jobs in turns are in memory together, and took \d+ MiB .*--turns"):
        _check_memory(Path("s"), [took] * 4)


@pytest.mark.sessions
def test_what_is_served_keeps_its_own_time(bench: Bench) -> None:
    done = bench("run", "-w", "doubling", "--turns", "--engine", "local")
    assert done.code == 2
    assert "is served" in done.err and "--turns" in done.err


# --- sessions


@pytest.fixture(scope="module")
def dealt(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    folder = tmp_path_factory.mktemp("turns") / "session"
    chosen = select("honest", "slow5", "crash", "eager", "greedy", "lastrow_timed")
    done = bench("run", *COUNT, *chosen, "--blocks", "2", "--passes", "3", "--param", "linger_ms=150", "--out", folder)
    runs = {r.job: r for r in store.read_runs(folder)[0]}
    session = store.read_session(folder)
    assert session.turns and session.timing.timed == 3 and done.code == 1
    assert runs.keys() == {j.id for j in session.jobs}
    return list(runs.values())


def timed(runs: list[Run], variant: str) -> list[Run]:
    return [r for r in runs if r.variant == variant and r.kind == "timed"]


def passes(runs: list[Run]) -> list[tuple[Sample, str]]:
    return sorted(((s, r.variant) for r in runs for s in r.samples), key=lambda found: found[0].start_ns)


@pytest.mark.sessions
def test_one_works_at_a_time_and_all_of_a_pass_before_the_next(dealt: list[Run]) -> None:
    fine = ("honest", "slow5", "lastrow_timed")
    for block in (1, 2):
        runs = [r for r in dealt if r.block == block and r.variant in fine]
        found = passes(runs)
        assert all(a.start_ns + a.wall_ns <= b.start_ns for (a, _), (b, _) in pairwise(found))
        rounds = [(s.step, s.number) for s, _ in found if s.step != "load"]
        assert len(rounds) == len(fine) * 2 * 4 and len([1 for a, b in pairwise(rounds) if a != b]) == 2 * 4 - 1
        assert [s.step for s, _ in found[: len(fine)]] == ["load"] * len(fine)


@pytest.mark.sessions
def test_what_went_by_in_others_turns_is_not_the_jobs(dealt: list[Run]) -> None:
    for r in timed(dealt, "honest"):
        assert (r.outcome, r.suspect, r.stalls, r.control) == ("ok", (), None, None)
        assert r.times.exit_ns and r.times.worked_ns and r.times.waited_ns > 4 * 2 * 150e6
        assert r.times.worked_ns + r.times.waited_ns == r.times.exit_ns
    verified = one(dealt, "honest")
    assert verified.stalls and verified.control and verified.times.waited_ns == 0


@pytest.mark.sessions
def test_who_does_not_wait_is_found_and_the_others_go_on(dealt: list[Run]) -> None:
    for r in timed(dealt, "eager"):
        assert r.outcome == "protocol" and r.reason and "began before its turn" in r.reason
    for r in timed(dealt, "greedy"):
        assert r.outcome == "ok" and any("of CPU time while it was others' turn" in why for why in r.suspect)
    assert {r.outcome for r in timed(dealt, "lastrow_timed")} == {"wrong"}
    assert {r.outcome for r in timed(dealt, "crash")} == {"skipped"}


@pytest.mark.sessions
def test_time_limits_count_each_ones_own_time_and_a_hang_holds_up_nobody_for_ever(bench: Bench, tmp_path: Path) -> None:
    """Three that take 2.4 s each under a limit of 6 s: together they take longer."""
    folder = tmp_path / "session"
    chosen = select("honest", "slow5", "leaver")
    options = ("--blocks", "1", "--passes", "2", "--param", "linger_ms=800", "--time-limit", "6", "--out", folder)
    runs = session_of(bench("run", *COUNT, *chosen, *options), folder)[1]
    assert {r.outcome for r in runs} == {"ok"}
    assert all(r.times.exit_ns and r.times.exit_ns > 6e9 for r in runs if r.kind == "timed")


@pytest.mark.sessions
def test_ctrl_c_in_the_middle_ends_all_and_the_rest_can_be_run(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "session"
    running = bench.start(
        "run", *COUNT, *select("honest", "slow5"), "--blocks", "1", "--passes", "8", "--param", "linger_ms=200", "--out", folder
    )
    wait_for(lambda: recorded(folder) == 2)
    children = wait_for(lambda: found if len(found := programs(running.pid)) == 2 else None)
    running.signal_group(signal.SIGINT)
    assert running.wait().code != 0
    wait_for(lambda: not any(lives(p.pid) for p in children), 10)
    session, runs = session_of(bench("run", "--resume", folder, "--no-plot", "--json"), folder)
    assert session.turns and {r.outcome for r in runs} == {"ok"} and not store.seals(folder)


def programs(pid: int) -> list[psutil.Process]:
    found = []
    for process in psutil.Process(pid).children(recursive=True):
        try:
            if process.cmdline()[-1].endswith("main.py"):
                found.append(process)
        except (psutil.Error, IndexError):
            continue
    return found
