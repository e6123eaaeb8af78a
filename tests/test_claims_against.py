"""One program under two settings, which are two cases: paired by block like two programs on one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import makers
import pytest
from claim_sessions import claim, contrast, judged, planted

from harness import claims, registry, stats
from harness.model import Run, Session, UserError

OWN = {"of": "x/slow", "to": "x/slow", "cases": ("on",), "against": "off"}


def settings(on: float = 3.0, off: float = 2.0, **changes: object) -> tuple[Session, list[Run]]:
    """x/slow takes `on` seconds on the case of that name, `off` on the other; x/fast is there on both."""
    session, runs = planted({"x/slow": 1.0, "x/fast": 1.0}, sd=0.01, cases=("on", "off"), **changes)  # type: ignore[arg-type]
    took = {("x/slow", "on"): on, ("x/slow", "off"): off}

    def scaled(run: Run) -> Run:
        factor = took.get((run.label, run.case), 1.0)
        return replace(run, samples=tuple(replace(s, wall_ns=int(s.wall_ns * factor)) for s in run.samples))

    return session, [scaled(run) for run in runs]


def test_the_ratio_is_that_of_the_two_settings() -> None:
    session, runs = settings()
    verdict = judged(claim(contrast(**OWN)), (session, runs))
    (cell,) = verdict.cells
    assert verdict.word == "supported" and cell.case == "on" and cell.comparison
    # Two cases share no drift of the block, so the interval is wider than within one.
    assert cell.comparison.low is not None and cell.comparison.high is not None
    assert cell.comparison.low < 1.5 < cell.comparison.high
    assert set(cell.jobs) == {run.job for run in runs if run.label == "x/slow"}


def test_a_session_without_the_other_case_measures_nothing() -> None:
    session, runs = planted({"x/slow": 1.0}, cases=("on",))
    (cell,) = judged(claim(contrast(**OWN)), (session, runs)).cells
    assert cell.word == "not measured" and "x/slow is not in this session" in cell.why


def test_a_failure_on_the_other_case_holds_the_word_back() -> None:
    session, runs = settings()
    failed = [replace(run, outcome="wrong", reason="7") if (run.case, run.block) == ("off", 3) else run for run in runs]
    (cell,) = judged(claim(contrast(**OWN)), (session, failed)).cells
    assert cell.word == "inconclusive" and "did not end well" in cell.why


def test_both_cases_are_needed() -> None:
    (need,) = claims.needs(claim(contrast(**OWN)))
    assert need.cases == ("on", "off") and need.implementations == ("x/slow",)


ENTRY = """
id = "C01"
title = "t"
section = "s"
hypothesis = "h"
rule = "all"
blocks = 10
unmeasured = []
notes = []
[[contrasts]]
name = "n"
workload = "sums"
cases = ["small"]
metric = "seconds"
of = "x/std"
to = "x/std"
least = 1
why = "w"
"""


@pytest.mark.parametrize(("against", "why"), [("", "a contrast takes two"), ("small", "is no other case"), ("nowhere", "is no other case")])
def test_an_entry_must_name_another_case(tmp_path: Path, against: str, why: str) -> None:
    (tmp_path / "claims").mkdir()
    (tmp_path / "claims" / "C01.toml").write_text(ENTRY + (f'against = "{against}"\n' if against else ""))
    known = {"x/std": makers.implementation("x/std")}
    with pytest.raises(UserError, match=why):
        registry.load(tmp_path, stats.METRICS, {"sums": makers.WORKLOAD}, known)
