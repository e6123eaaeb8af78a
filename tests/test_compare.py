"""Two sessions compared: worked numbers, error rates, controls, what is not comparable and why, and the same answer in three renderings."""

from __future__ import annotations

import io
import json
import math
import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from compared_sessions import ENVIRONMENT, FEW, kept, only, run_of, timed, times
from hypothesis import given
from hypothesis import strategies as st
from makers import CASE, DATA, TIMING, job
from rich.console import Console
from scipy.stats import ttest_ind

from harness.compare import METRICS, Compared, compare, unchanged
from harness.fingerprint import differences
from harness.model import Limits, Reading, Session, label
from harness.report import compared as page


def test_a_ratio_is_welchs_on_the_logs() -> None:
    before, after = [1.0, 1.1, 0.9, 1.05], [1.3, 1.2, 1.45]
    shown = only(compare(kept({"x/a": before}), kept({"x/a": after}, id="t"))).comparison
    expected = ttest_ind([math.log(x) for x in after], [math.log(x) for x in before], equal_var=False).confidence_interval()
    assert (shown.low, shown.high) == pytest.approx((math.exp(expected.low), math.exp(expected.high)), rel=1e-6)
    assert shown.ratio == pytest.approx((1.3 * 1.2 * 1.45) ** (1 / 3) / (1.1 * 0.9 * 1.05) ** (1 / 4), rel=1e-6)
    assert shown.n == 3


def test_a_worked_regression() -> None:
    """ln 1.25 = .2231; each side has standard error .0115, together .0163 with 4 degrees of freedom: t = 2.776, half-width .0453."""
    found = compare(kept({"x/a": FEW}), kept({"x/a": times(FEW, 1.25)}, id="t"))
    row = only(found)
    assert row.word == "regression"
    assert (row.comparison.ratio, row.comparison.low, row.comparison.high) == pytest.approx((1.25, 1.195, 1.308), abs=0.001)
    assert found.exit_code == 1


@pytest.mark.parametrize(
    ("by", "margin", "word"),
    [
        (1.25, 0.05, "regression"),
        (0.8, 0.05, "improvement"),
        (1.08, 0.05, "open"),  # the interval reaches down to 1.03
        (1.25, 0.2, "open"),  # beyond no difference, but not beyond the margin
        (1.0, 0.05, "same"),  # the 90 % interval ends at 1.035
        (1.0, 0.02, "open"),
    ],
)
def test_words(by: float, margin: float, word: str) -> None:
    found = compare(kept({"x/a": FEW}), kept({"x/a": times(FEW, by)}, id="t"), margin)
    assert only(found).word == word
    assert found.exit_code == (word == "regression")


def test_memory_that_never_varies_is_judged_too() -> None:
    found = compare(kept({"x/a": FEW}, {"x/a": 100}), kept({"x/a": FEW}, {"x/a": 107}, id="t"))
    assert [(row.metric, row.word) for row in found.rows] == [("seconds", "same"), ("peak_memory", "regression")]


def test_a_slower_load_is_a_regression_though_no_step_is_slower() -> None:
    before, after = (timed(kept({"x/a": FEW}, id=i), "load", wall_ns=ns, user_ns=None) for i, ns in (("s", 10**9), ("t", 10**10)))
    found = compare(before, after)
    assert [(row.metric, row.word) for row in found.rows] == [("seconds", "same"), ("load_seconds", "regression")]
    assert found.exit_code == 1
    assert page.answer(found) == (
        "1 regression beyond 5 % of time and 5 % of load time: x/a on small takes 10.0 times as long to load (10.0 to 10.0)."
    )


def test_more_cpu_time_for_the_same_time_is_a_regression() -> None:
    """Half a second of one CPU for each step, then of two for the first: 1.5 times as much."""
    one = timed(timed(kept({"x/a": FEW}), "s1", wall_ns=5 * 10**8), "s2", wall_ns=5 * 10**8)
    two = timed(timed(kept({"x/a": FEW}, id="t"), "s1", wall_ns=5 * 10**8, user_ns=10**9), "s2", wall_ns=5 * 10**8)
    found = compare(one, two)
    assert [(row.metric, row.word) for row in found.rows] == [("seconds", "same"), ("cpu_seconds", "regression")]
    assert found.exit_code == 1
    assert "x/a on small uses 1.50 times as much CPU time (1.50 to 1.50)" in page.answer(found)


def test_every_metric_has_its_words_and_its_bar() -> None:
    found = compare(kept({"x/a": FEW}), kept({"x/a": FEW}, id="t"))
    assert {*METRICS} == {*page.SPOKEN} == {*(found.bars or {})}
    assert all(any(f"Bar for {name}: " in line for line in page.notes(found)) for name, _, _ in page.SPOKEN.values())


def test_one_block_bears_no_interval_and_no_word() -> None:
    found = compare(kept({"x/a": [1.0]}), kept({"x/a": [9.0]}, id="t"))
    assert (only(found).word, only(found).comparison.low, found.exit_code) == ("unknown", None, 0)
    assert "1 too few runs for an interval" in page.answer(found)


def test_many_rows_are_judged_together() -> None:
    """The same difference: shown where it is the only question, not shown among thirty."""
    borderline = times(FEW, 1.115)
    alone = compare(kept({"x/a": FEW}), kept({"x/a": borderline}, id="t"))
    others = {f"x/o{i}": FEW for i in range(30)}
    among = compare(kept({"x/a": FEW, **others}), kept({"x/a": borderline, **others}, id="t"))
    assert alone.rows[0].word == "regression"
    assert (among.rows[0].word, among.rows[0].p) == ("open", alone.rows[0].p)
    assert among.rows[0].adjusted == pytest.approx(31 * (alone.rows[0].p or 0))


def test_a_change_as_large_as_the_bar_is_seldom_called_a_regression() -> None:
    """The error rate where it is worst: a true +5 % at a margin of 5 % is called in 2.5 % of the comparisons (a one-sided question)."""
    rng, called = random.Random(5), 0
    for _ in range(1000):
        before, after = ([by * rng.lognormvariate(0, 0.03) for _ in range(10)] for by in (1.0, 1.05))
        called += only(compare(kept({"x/a": before}), kept({"x/a": after}, id="t"))).word == "regression"
    assert 13 <= called <= 39  # the middle 99 % of the binomial


@given(st.lists(st.floats(0.5, 2), min_size=2, max_size=6), st.lists(st.floats(0.5, 2), min_size=2, max_size=6))
def test_there_and_back_again(one: list[float], two: list[float]) -> None:
    there = only(compare(kept({"x/a": one}), kept({"x/a": two}, id="t")))
    back = only(compare(kept({"x/a": two}, id="t"), kept({"x/a": one})))
    mirrored = {"regression": "improvement", "improvement": "regression"}
    assert back.word == mirrored.get(there.word, there.word)
    assert back.comparison.ratio == pytest.approx(1 / there.comparison.ratio)


def test_what_was_built_the_same_is_a_control_and_never_a_regression() -> None:
    same = {"x/a": "sha256:1"}
    found = compare(kept({"x/a": FEW}, digests=same), kept({"x/a": times(FEW, 2)}, digests=same, id="t"))
    assert (only(found).word, only(found).p, found.exit_code) == ("control", None, 0)
    assert "every build is the same in both" in page.answer(found)


def test_what_the_controls_moved_widens_the_floor_for_the_others() -> None:
    digests = {"x/a": "sha256:1", "x/b": "sha256:2"}
    before = kept({"x/a": FEW, "x/b": FEW, "x/new": FEW}, digests=digests)
    still = kept({"x/a": FEW, "x/b": FEW, "x/new": times(FEW, 1.2)}, digests=digests, id="t")
    moved = kept({"x/a": times(FEW, 1.15), "x/b": FEW, "x/new": times(FEW, 1.2)}, digests=digests, id="t")
    assert compare(before, still).of("regression")
    found = compare(before, moved)
    assert not found.of("regression")
    assert found.bars
    bar = found.bars["seconds"]
    assert (bar.drift, bar.controls, bar.value) == (pytest.approx(0.15), 2, pytest.approx(0.15))


def test_without_a_control_it_is_said_that_the_machine_may_have_moved() -> None:
    found = compare(kept({"x/a": FEW}), kept({"x/a": FEW}, id="t"))
    assert found.bars
    assert (found.bars["seconds"].drift, found.bars["seconds"].controls) == (None, 0)
    assert any("nothing shows how far the machine itself has moved" in w for w in found.warnings)


def test_a_build_that_failed_or_has_no_name_is_no_control() -> None:
    one, two = kept({"x/a": FEW})[0], kept({"x/a": FEW})[0]
    assert unchanged(one, two) == {"x/a"}
    for change in ({"outcome": "failed"}, {"digest": None}):
        assert not unchanged(*(replace(s, builds=(replace(s.builds[0], **change),)) for s in (one, two)))


def test_an_image_made_anew_of_the_same_sources_on_the_same_bases_is_a_control() -> None:
    one, two = kept({"x/a": FEW})[0], kept({"x/a": FEW})[0]

    def made(session: Session, **changes: object) -> Session:
        return replace(session, builds=(replace(session.builds[0], sources="s", bases={"BASE": "b"}, **changes),))

    assert unchanged(made(one, digest="1"), made(two, digest="2")) == {"x/a"}
    for change in ({"sources": "t"}, {"bases": {"BASE": "c"}}, {"sources": None}):
        assert not unchanged(made(one, digest="1"), replace(two, builds=(replace(made(two, digest="2").builds[0], **change),)))


def test_the_larger_floor_of_the_two_sessions_holds() -> None:
    """An A/A arm that takes 1.12 times as long as its twin: below that nothing is said, though the interval lies beyond the margin."""
    plain, after = kept({"x/a": FEW}), kept({"x/a": times(FEW, 1.16)}, id="t")
    again = [replace(run_of("x/a", b, {"x/a": times(FEW, 1.12)}, {}), arm="again") for b in (1, 2, 3)]
    noisy = replace(plain[0], again="x/a", jobs=plain[0].jobs * 2), [*plain[1], *again]
    assert only(compare(plain, after)).word == "regression"
    found = compare(noisy, after)
    assert only(found).word == "open"
    assert found.bars
    assert found.bars["seconds"].floor == pytest.approx(0.12)


def test_nothing_is_the_same_within_a_margin_that_the_floor_exceeds() -> None:
    steady = [1.0, 1.001, 0.999]
    assert only(compare(kept({"x/a": steady}), kept({"x/a": steady}, id="t"), 0.03)).word == "same"
    assert only(compare(kept({"x/a": steady}), kept({"x/a": steady}, id="t"), 0.02)).word == "open"


def test_labels_cases_and_steps_that_only_one_has_are_listed() -> None:
    before, after = kept({"x/a": FEW, "x/old": FEW, "x/c": FEW}), kept({"x/a": FEW, "x/new": FEW, "x/c": FEW}, id="t")
    fewer = tuple(replace(j, steps=("s1",)) if j.implementation == "x/c" else j for j in after[0].jobs)
    found = compare(before, (replace(after[0], jobs=fewer), after[1]))
    assert {row.label for row in found.rows} == {"x/a"}
    assert set(found.unmatched) == {"x/old on small: only before", "x/new on small: only after", "x/c on small: other steps in each"}


def test_thread_counts_are_labels_of_their_own() -> None:
    made, runs = kept({"x/a": FEW})
    two = tuple(replace(j, id=f"{j.id} at 2", threads=2, limits=Limits((0, 1), 2 << 30, 120)) for j in made.jobs)
    more = [replace(r, threads=2, job=f"{r.job} at 2") for r in runs]
    both = replace(made, threads=(1, 2), jobs=made.jobs + two), [*runs, *more]
    assert [row.label for row in compare(both, both).rows] == ["x/a", label("x/a", 2)]


def changed(where: str, **what: Any) -> Session:
    """The session of `kept` with a part of its environment changed."""
    return kept({"x/a": FEW}, environment={**ENVIRONMENT, where: {**ENVIRONMENT[where], **what}})[0]


PLAIN = kept({"x/a": FEW})[0]
CHANGES: Mapping[str, tuple[Session, str]] = {
    "cpu": (changed("machine", cpu_model="Other"), "CPU model: Some CPU before, Other after"),
    "kernel": (changed("machine", kernel="6.1.0-2"), "kernel: 6.1.0-1 before, 6.1.0-2 after"),
    "memory": (changed("machine", memory_bytes=8 << 30), "memory: 16.0 GiB before, 8.0 GiB after"),
    "unknown memory": (changed("machine", memory_bytes=None), f"memory: {16 << 30} before, not recorded after"),
    "cgroup": (changed("machine", cgroup="v1"), "cgroup version: v2 before, v1 after"),
    "turbo": (changed("machine", turbo=True), "turbo: not recorded before, True after"),
    "mitigation": (changed("machine", mitigations={"meltdown": "PTI"}), "mitigation of meltdown: Not affected before, PTI after"),
    "toolchain": (changed("software", toolchains={"x": "X 1.1"}), "toolchain of x: X 1.0 before, X 1.1 after"),
    "docker": (changed("docker", server="29.0"), "docker server: 28.0 before, 29.0 after"),
    "no machine": (replace(PLAIN, environment={}), "machine: recorded before, not recorded after"),
    "engine": (replace(PLAIN, engine="docker"), "engine: local before, docker after"),
    "base": (replace(PLAIN, builds=(replace(PLAIN.builds[0], bases={"BASE": "base@sha256:2"}),)),
             "base image BASE: base@sha256:1 before, base@sha256:2 after"),
    "workload": (replace(PLAIN, workload="other"), "workload: sums before, other after"),
    "steps": (replace(PLAIN, steps=PLAIN.steps[:1]), "steps: s1, s2 before, s1 after"),
    "timing": (replace(PLAIN, timing=replace(TIMING, timed=5)), "passes: 1 warm-up and 1 timed before, 1 warm-up and 5 timed after"),
    "turns": (replace(PLAIN, turns=True), "jobs of a block: one after the other before, pass for pass in turns after"),
    "threads": (replace(PLAIN, threads=(1, 2)), "thread counts: 1 before, 1, 2 after"),
    "cpus": (replace(PLAIN, jobs=(job(limits=Limits((0,), 2 << 30, 120)),)), "CPUs of a job with 1 thread: 1 before, 0 after"),
    "params": (replace(PLAIN, cases=(replace(CASE, params={**CASE.params, "k": 11}),)), "small: k: 10 before, 11 after"),
    "limit": (replace(PLAIN, cases=(replace(CASE, memory_bytes=1 << 30),)), "small: memory limit: 2048 MiB before, 1024 MiB after"),
    "share": (replace(PLAIN, cases=(replace(CASE, memory_share=1.05),)),
              "small: memory limit: 2048 MiB before, 1.05 times its own peak after"),
    "cases": (replace(PLAIN, cases=(replace(CASE, name="large"),)), "cases: small before, large after"),
    "real input": (replace(PLAIN, datasets=(replace(DATA, digest="sha256:9"),)),
                   "small: input of the same seed: sha256:0 before, sha256:9 after"),
    "rows": (replace(PLAIN, datasets=(replace(DATA, units=9),)), "small: units of input: 1000 before, 9 after"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_sessions_that_are_not_comparable_say_why(change: str) -> None:
    other, said = CHANGES[change]
    assert said in [str(d) for d in differences(PLAIN, other)]
    found = compare((PLAIN, []), (other, []))
    assert (found.exit_code, found.rows, found.bars) == (2, (), None)
    assert page.answer(found).startswith("not comparable: ")
    assert f"- {said}" in page.as_markdown(found)


def test_two_sessions_that_do_not_say_where_they_were_made_are_not_comparable() -> None:
    nowhere = replace(PLAIN, environment={})
    assert "machine: not recorded before, not recorded after" in map(str, differences(nowhere, nowhere))


SAME: Mapping[str, Session] = {
    "itself": PLAIN,
    "seed": replace(PLAIN, seed=8, cases=(replace(CASE, seed=8),), datasets=(replace(DATA, digest="sha256:9"),)),
    "boot": changed("machine", memory_bytes=(16 << 30) - (4 << 20), command_line="other"),
    "state": replace(PLAIN, environment={**ENVIRONMENT, "state": {"load_1min": 3.0}}),
    "version": replace(PLAIN, bench_version="9", id="t", created="2027-01-01T00:00:00+00:00"),
    "more labels": replace(PLAIN, implementations=("x/a", "x/b")),
}


@pytest.mark.parametrize("change", SAME)
def test_what_leaves_sessions_comparable(change: str) -> None:
    assert differences(PLAIN, SAME[change]) == ()


def test_toolchains_of_the_machine_do_not_matter_to_containers() -> None:
    one, two = (replace(s, engine="docker") for s in (PLAIN, CHANGES["toolchain"][0]))
    assert differences(one, two) == ()


def mixed() -> Compared:
    """A regression in time, an improvement in memory, a row that is open, one that is the same, a control."""
    digests = {"x/c": "sha256:1"}
    before = kept({"x/a": FEW, "x/b": FEW, "x/c": FEW}, {"x/a": 100}, digests)
    after = kept({"x/a": times(FEW, 1.25), "x/b": times(FEW, 1.05), "x/c": FEW}, {"x/a": 80}, digests, id="t")
    return compare(before, after)


def test_the_first_line_answers_the_question() -> None:
    first = page.answer(mixed())
    assert first == (
        "1 regression beyond 5 % of time and 5 % of peak memory: x/a on small takes 1.25 times as long (1.19 to 1.31). "
        "1 improvement: x/a on small holds 0.800 times as much memory (0.800 to 0.800)."
    )


def test_no_regression_is_never_said_to_be_more_than_that() -> None:
    found = compare(kept({"x/a": FEW, "x/b": FEW}), kept({"x/a": FEW, "x/b": times(FEW, 1.05)}, id="t"))
    assert page.answer(found) == "no regression shown beyond 5 % of time: 1 the same within the margin, 1 no change shown."


def test_the_same_answer_on_a_terminal_in_markdown_and_as_json() -> None:
    found, out = mixed(), io.StringIO()
    page.render(found, Console(file=out, width=100))
    text, told = page.as_markdown(found), json.loads(json.dumps(page.as_json(found), allow_nan=False))
    assert out.getvalue().splitlines()[0] == text.splitlines()[0] == told["answer"] == page.answer(found)
    assert "| x/a | small | time | 1.25 | 1.19 to 1.31 | 3 | regression |" in text
    assert [line for line in out.getvalue().splitlines() if "control: same build" in line]
    assert (told["exit_code"], told["rows"][0]["word"], told["bars"]["seconds"]["value"]) == (1, "regression", 0.05)
    assert "moved by up to 0 %" in text


def test_a_cell_of_markdown_holds_any_name() -> None:
    found = mixed()
    odd = replace(found, rows=tuple(replace(row, case="a|b[k=1]") for row in found.rows))
    assert "a&#124;b[k=1]" in page.as_markdown(odd)
    out = io.StringIO()
    page.render(odd, Console(file=out, width=120))
    assert "a|b[k=1]" in out.getvalue()


def test_an_interval_beyond_all_measure_is_words() -> None:
    wild = compare(kept({"x/a": [1.0, 1.0]}), kept({"x/a": [1e-3, 1e3]}, id="t"))
    assert page.interval(only(wild)) == "less to more"
    json.dumps(page.as_json(wild), allow_nan=False)


def test_runs_that_fail_the_gate_take_no_part() -> None:
    before, (made, runs) = kept({"x/a": FEW}), kept({"x/a": [*FEW, 50.0]}, id="t")
    throttled = [
        *runs[:-1],
        replace(runs[-1], outside=Reading("cgroup v2", throttled_ns=9_000_000)),
    ]
    assert only(compare(before, (made, throttled))).word == "same"


@pytest.mark.parametrize("margin", [-0.1, math.inf, math.nan])
def test_a_margin_is_a_relative_difference(margin: float) -> None:
    with pytest.raises(ValueError, match="no relative difference"):
        compare((PLAIN, []), (PLAIN, []), margin)
