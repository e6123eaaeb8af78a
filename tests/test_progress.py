"""Progress: one line a job where output is piped, with the time left as far as it is known."""

import io

import pytest
from makers import job, run
from rich.console import Console

from harness.model import Build, Times
from harness.progress import UNKNOWN, Progress, duration


def piped() -> tuple[Progress, io.StringIO]:
    out = io.StringIO()
    return Progress(Console(file=out, width=200, force_terminal=False)), out


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (200, "3 min 20 s"),
        (3599.7, "1 h 0 min"),
        (7500, "2 h 5 min"),
        (90_000, "25 h 0 min"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_piped_session_has_one_line_a_job_and_no_escape_codes() -> None:
    progress, out = piped()
    jobs = [job(id=f"j{n}", block=n) for n in range(3)]
    progress.expect(jobs, {("x/std", "small"): 10.0})
    with progress:
        for number, one in enumerate(jobs, 1):
            progress.job(one, number, 3)
            progress.step("s1 pass 1")
            progress.ended(run(job=one.id))
    lines = out.getvalue().splitlines()
    assert len(lines) == 3 and "\x1b" not in out.getvalue()
    assert lines[0].startswith("[1/3] block 0: x/std small: ok, 0.0 s") and lines[-1].endswith("0 s left")


def test_jobs_that_are_there_together_are_told_by_their_own_time() -> None:
    progress, out = piped()
    jobs = [job(id=f"j{n}", implementation=f"x/{n}", block=1) for n in (1, 2)]
    progress.expect(jobs, {})
    for number, one in enumerate(jobs, 1):
        progress.job(one, number, 2)
    for one in jobs:
        times = Times(exit_ns=9_000_000_000, waited_ns=4_000_000_000)
        progress.ended(run(job=one.id, implementation=one.implementation, times=times))
    assert [line.partition(";")[0] for line in out.getvalue().splitlines()] == [
        "[1/2] block 1: x/1 small: ok, 5.0 s", "[2/2] block 1: x/2 small: ok, 5.0 s",
    ]  # fmt: skip


def test_a_job_that_fails_is_named_with_its_outcome_and_reason() -> None:
    progress, out = piped()
    progress.expect([job()], {})
    progress.job(job(), 1, 1)
    progress.ended(run(outcome="oom", reason="killed at the memory limit of 64 MiB"))
    assert out.getvalue() == "b001-p01-x-std-small: oom: killed at the memory limit of 64 MiB\n"


@pytest.mark.parametrize("terminal", [False, True])
def test_a_run_that_is_suspect_is_said_at_once(terminal: bool) -> None:
    out = io.StringIO()
    progress = Progress(Console(file=out, width=200, force_terminal=terminal))
    progress.expect([job()], {})
    with progress:
        progress.job(job(), 1, 1)
        progress.ended(run(suspect=("the load generator lagged",)))
    assert "ok, 0.0 s; 0 s left; suspect: the load generator lagged\n" in out.getvalue()


def test_time_left_is_unknown_rough_or_known() -> None:
    progress, _ = piped()
    todo = [job(id="1"), job(id="2", implementation="x/other")]
    progress.expect(todo, {})
    assert progress._left() == UNKNOWN
    progress.expect(todo, {("x/std", "small"): 30})
    assert progress._left() == "roughly 1 min 0 s left"
    progress.expect(todo, {("x/std", "small"): 30, ("x/other", "small"): 5})
    assert progress._left() == "35 s left"


def test_a_job_that_was_skipped_teaches_nothing_about_time() -> None:
    progress, _ = piped()
    progress.expect([job(id="1"), job(id="2")], {})
    progress.job(job(id="1"), 1, 2)
    progress.ended(run(job="1", outcome="skipped", reason="wrong in verification"))
    assert progress._left() == UNKNOWN


def test_a_build_that_failed_gives_its_reason() -> None:
    progress, out = piped()
    progress.building("x/std", 1, 2)
    progress.built(Build("x/std", "local", "failed", 61, None, None, None, "log", "no compiler"), 1, 2)
    assert out.getvalue() == "[1/2] x/std: failed (1 min 1 s): no compiler\n"


def test_what_a_program_says_is_never_taken_for_markup() -> None:
    progress, out = piped()
    progress.say("[red]not[/red] [markup")
    assert out.getvalue() == "[red]not[/red] [markup\n"


def test_a_terminal_gets_a_live_line_that_goes_away() -> None:
    out = io.StringIO()
    progress = Progress(Console(file=out, width=120, force_terminal=True, color_system=None))
    progress.expect([job()], {("x/std", "small"): 5})
    with progress:
        progress.job(job(), 1, 1)
        progress.step("[s1] pass 1")
        progress.line("compiling [a")
        progress.ended(run())
    assert "block 1: x/std small" in out.getvalue()
    assert "\x1b[?25h" in out.getvalue(), "the cursor comes back"
