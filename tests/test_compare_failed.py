"""Two sessions compared where runs fail: what fails now and did not before is a regression, and what survives of it says nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from compared_sessions import FEW, ended, kept, only, times

from harness.compare import compare
from harness.report import compared as page


def test_what_fails_now_is_a_regression_too() -> None:
    before, (made, runs) = kept({"x/a": FEW, "x/b": FEW}), kept({"x/a": FEW, "x/b": FEW}, id="t")
    crashed = [replace(r, outcome="crash", reason="killed by SIGSEGV") if r.implementation == "x/a" else r for r in runs]
    found = compare(before, (made, crashed))
    assert [(x.label, x.why) for x in found.lost] == [("x/a", "crash: killed by SIGSEGV")]
    assert found.exit_code == 1
    assert page.answer(found).startswith(
        "1 regression beyond 5 % of time: x/a on small: 3 of 3 runs did not end well: crash: killed by SIGSEGV."
    )
    assert "after: 3 runs don't pass the validity gate and take no part" in found.warnings


@pytest.mark.parametrize("outcome", ["wrong", "oom", "timeout", "hang", "crash", "protocol", "error"])
def test_what_fails_now_and_then_is_a_regression_and_its_survivors_say_nothing(outcome: str) -> None:
    """Seven of ten runs end at their limit; the three that are left are twice as fast as before."""
    ten = (*FEW, *FEW, *FEW, 1.0)
    after = ended(kept({"x/a": times(ten, 0.5), "x/b": ten}, id="t"), *[outcome] * 7)
    found = compare(kept({"x/a": ten, "x/b": ten}), after)
    assert [(x.label, x.case, x.failed, x.runs) for x in found.lost] == [("x/a", "small", 7, 10)]
    assert ([row.label for row in found.rows], found.exit_code) == (["x/b"], 1)
    assert page.answer(found) == f"1 regression beyond 5 % of time: x/a on small: 7 of 10 runs did not end well: {outcome}: why."
    assert page.as_json(found)["lost"] == [{"label": "x/a", "case": "small", "why": f"{outcome}: why", "failed": 7, "runs": 10}]


def test_each_way_to_fail_is_named() -> None:
    found = compare(kept({"x/a": FEW}), ended(kept({"x/a": FEW}, id="t"), "oom", "timeout"))
    assert page.answer(found) == "1 regression: x/a on small: 2 of 3 runs did not end well: oom: why; timeout: why."


def test_what_fails_now_was_well_before_though_suspect() -> None:
    made, runs = kept({"x/a": FEW})
    suspect = made, [replace(r, suspect=("throttled",)) for r in runs]
    assert compare(suspect, ended(kept({"x/a": FEW}, id="t"), "crash")).exit_code == 1


def test_a_suspect_run_has_not_failed_but_no_figure_at_all_is_a_loss() -> None:
    made, runs = kept({"x/a": FEW}, id="t")
    suspect = [replace(r, suspect=("throttled",)) for r in runs]
    some, none = (compare(kept({"x/a": FEW}), (made, after)) for after in ([*runs[:2], suspect[2]], suspect))
    assert (some.lost, len(some.rows), some.exit_code) == ((), 1, 0)
    assert [(x.failed, x.runs) for x in none.lost] == [(0, 3)]
    assert page.answer(none) == "1 regression: x/a on small: no figure any more: throttled."


@pytest.mark.parametrize("outcome", ["unbuilt", "skipped"])
def test_what_was_not_started_now_gives_no_figure_and_before_was_no_success(outcome: str) -> None:
    well, not_started = kept({"x/a": FEW}), ended(kept({"x/a": FEW}, id="t"), *[outcome] * 3)
    found = compare(well, not_started)
    assert page.answer(found) == f"1 regression: x/a on small: no figure any more: {outcome}: why."
    assert not compare(not_started, ended(well, "crash", "crash", "crash")).lost


def test_what_failed_now_and_then_before_is_compared_by_what_is_left() -> None:
    found = compare(ended(kept({"x/a": FEW}), "oom"), ended(kept({"x/a": FEW}, id="t"), "oom"))
    assert (found.lost, only(found).comparison.n, found.exit_code) == ((), 2, 0)


def test_what_failed_before_too_is_not_lost() -> None:
    made, runs = kept({"x/a": FEW})
    failed = [replace(r, outcome="oom", reason=None) for r in runs]
    found = compare((made, failed), (made, failed))
    assert (found.lost, found.rows, found.exit_code) == ((), (), 0)
    assert page.answer(found) == "no regression shown: no label has figures in both."


def test_a_session_that_has_not_run_yet_has_lost_nothing() -> None:
    made, _ = kept({"x/a": FEW}, id="t")
    found = compare(kept({"x/a": FEW}), (made, []))
    assert not found.lost
    assert "after is unfinished: 0 of 3 jobs have run" in found.warnings
