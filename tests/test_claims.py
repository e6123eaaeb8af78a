"""From sessions with planted ratios to verdicts: which cells there are, what they rest on, how they become one word."""

import math
import random
from dataclasses import replace
from pathlib import Path

import makers
import pytest
import report_sessions
from claim_sessions import TWICE, built, claim, contrast, judged, one, planted, registry

from harness import catalog, claims, stats
from harness import registry as entries
from harness.model import Judgement, Rule, Sample


def test_a_planted_ratio_is_found_with_its_evidence() -> None:
    session, runs = planted(TWICE, sd=0.02)
    verdict = judged(claim(contrast()), (session, runs))
    (cell,) = verdict.cells
    assert verdict.word == cell.word == "supported"
    assert cell.comparison is not None
    assert (cell.comparison.base, cell.comparison.other, cell.comparison.n) == ("x/fast", "x/slow", 10)
    assert cell.comparison.low < 2 < cell.comparison.high
    assert cell.low90 is not None
    assert cell.comparison.low < cell.low90 < cell.comparison.ratio
    assert (cell.session, cell.case, set(cell.jobs)) == ("s", "small", {run.job for run in runs})
    assert verdict.p == cell.p == verdict.adjusted
    assert (verdict.family, verdict.command) == (1, "bench run --claim C01")
    assert "beyond the floor of 3.0 %" in verdict.why


def test_the_same_records_in_another_order_give_the_same_judgement() -> None:
    session, runs = planted(TWICE, sd=0.02)
    asserted = registry(claim(contrast()), claim(contrast(least=3), id="C02"))
    there, back = (claims.judge(asserted, [(session, given)]) for given in (runs, random.Random(1).sample(runs, len(runs))))
    assert [(v.word, v.why, v.p) for v in there.verdicts] == [(v.word, v.why, v.p) for v in back.verdicts]


@pytest.mark.parametrize(
    ("bounds", "word"),
    [({"least": 1.0}, "supported"), ({"least": 3.0}, "refuted"), ({"most": 2.5}, "supported"), ({"most": 1.0}, "refuted"),
     ({"least": 1.5, "most": 3.0}, "supported"), ({"least": 0.9, "most": 1.1}, "refuted")],
)  # fmt: skip
def test_the_word_on_a_ratio_of_two(bounds: dict, word: str) -> None:
    verdict = judged(claim(contrast(**bounds)), planted(TWICE, sd=0.02))
    assert verdict.word == word


def test_the_floor_is_the_sessions_own_where_that_is_higher() -> None:
    session, runs = planted({**TWICE, "x/fast (again)": 1.12}, again="x/fast", sd=0.005)
    quiet = judged(claim(contrast(of="x/fast", to="x/slow", most=0.55)), (session, runs))
    (cell,) = quiet.cells
    assert cell.floor is not None
    assert (cell.floor.arms, cell.floor.policy) == (1, 0.03)
    assert cell.floor.value == pytest.approx(0.12, abs=0.01)
    small = judged(claim(contrast(of="x/fast (again)", to="x/fast")), (session, runs))
    assert small.word == "inconclusive"
    assert "floor" in small.why


def _stretched(sample: Sample) -> Sample:
    return replace(sample, wall_ns=sample.wall_ns * 4) if sample.step == "s1" else sample


def test_steps_cases_and_metrics_choose_the_figures() -> None:
    session, runs = planted(TWICE, cases=("small", "large", "odd"))
    runs = [replace(r, samples=tuple(map(_stretched, r.samples))) if r.implementation == "x/slow" else r for r in runs]
    chosen = {
        "all": {}, "s1": {"steps": ("s1",)}, "s2": {"steps": ("s2",)}, "load": {"metric": "load_seconds"},
        "memory": {"metric": "peak_memory"},
    }  # fmt: skip
    found = {name: judged(claim(contrast(**changes)), (session, runs)).cells[0].comparison.ratio for name, changes in chosen.items()}
    assert found == pytest.approx({"all": 5, "s1": 8, "s2": 2, "load": 2, "memory": 2}, rel=1e-6)
    assert [c.case for c in judged(claim(contrast(cases=("*",))), (session, runs)).cells] == ["small", "large", "odd"]
    assert [c.case for c in judged(claim(contrast(cases=("l*", "small"))), (session, runs)).cells] == ["small", "large"]


def test_what_was_not_measured_says_why() -> None:
    session, runs = planted(TWICE)
    whys = {
        why: judged(claim(contrast(**changes)), given)
        for why, changes, given in [
            ("no session of the workload other is given", {"workload": "other"}, (session, runs)),
            ("the case huge is not in this session", {"cases": ("huge", "h*")}, (session, runs)),
            ("x/gone is not in this session", {"to": "x/gone"}, (session, runs)),
            ("x/fast@2 is not in this session", {"to": "x/fast@2"}, (session, runs)),
            ("x/slow has no timed run", {}, (session, [])),
            ("x/fast has no timed run", {}, (session, [r for r in runs if r.implementation == "x/slow"])),
            ("no block holds a figure of both for the time from start to ready", {"metric": "ready_seconds"},
             (session, [replace(r, times=makers.Times()) for r in runs])),
            ("no clean build of x/slow was timed: bench build --clean", {"metric": "build_clean_seconds"}, (session, runs)),
            ("x/slow: no figure for the code lines of its own sources in this session", {"metric": "code_lines"}, (session, runs)),
        ]
    }  # fmt: skip
    for why, verdict in whys.items():
        assert verdict.word == "not measured"
        assert why in verdict.why
        assert (verdict.p, verdict.adjusted, verdict.family) == (None, None, 0)


def test_a_label_that_lacks_a_step_is_not_compared_by_the_rest() -> None:
    session, runs = planted(TWICE)
    session = replace(session, jobs=tuple(replace(j, steps=("s1",)) if j.implementation == "x/slow" else j for j in session.jobs))
    assert "x/slow lacks s2" in judged(claim(contrast()), (session, runs)).why
    assert judged(claim(contrast(steps=("s1",))), (session, runs)).word == "supported"


def test_all_of_one_language_failed() -> None:
    session, runs = planted(TWICE)
    runs = report_sessions.fail(runs, ["x/slow"], "oom", "out of memory at 2 GB")
    verdict = judged(claim(contrast()), (session, runs))
    assert verdict.word == "not measured"
    assert "no run of x/slow counts: 10 × oom: out of memory at 2 GB" in verdict.why
    assert [(e.label, e.count) for e in verdict.cells[0].excluded] == [("x/slow", 10)]


def test_what_fell_to_the_gate_is_listed_and_its_block_takes_no_part() -> None:
    session, runs = planted(TWICE, blocks=11)
    runs[4] = replace(runs[4], suspect=("its clock went back",))
    judgement = claims.judge(registry(claim(contrast())), [(session, runs)])
    (cell,) = one(judgement).cells
    assert (cell.word, cell.comparison.n, len(cell.jobs)) == ("supported", 10, 20)
    assert cell.excluded == judgement.exclusions
    assert cell.excluded[0].reason == "its clock went back"
    assert not {run.job for run in runs if run.block == runs[4].block} & set(cell.jobs)


def test_fewer_blocks_than_the_claim_asks_for_decide_nothing() -> None:
    three = judged(claim(contrast()), planted(TWICE, blocks=3, sd=0.01))
    assert three.word == "inconclusive"
    assert "from 3 blocks; the claim asks for 10" in three.why
    assert three.cells[0].needed == 10
    single = judged(claim(contrast()), planted(TWICE, blocks=1))
    assert single.word == "inconclusive"
    assert "2.00 times from 1 block, which has no interval" in single.why


def test_too_few_blocks_are_said_once_for_all_cells() -> None:
    verdict = judged(claim(contrast(), contrast(name="b", least=1.5)), planted(TWICE, blocks=3))
    assert (
        verdict.why == "open: slow against fast on small (2.00 times), b on small (2.00 times), from 3 blocks where the claim asks for 10"
    )


def test_mixed_names_both_sides_and_what_is_open() -> None:
    session = planted({**TWICE, "x/same": 1.0, "x/near": 1.04}, sd=0.03)
    verdict = judged(
        claim(
            contrast(), contrast(name="same", of="x/same", least=3), contrast(name="near", of="x/near"), contrast(name="gone", of="x/gone")
        ),
        session,
    )
    assert verdict.word == "mixed"
    assert "holds: slow against fast on small (" in verdict.why
    assert "does not hold: same on small (" in verdict.why
    assert "open: near on small (" in verdict.why
    assert "not measured here: x/gone is not in this session (gone on small)" in verdict.why
    sides = [min(c.p for c in verdict.cells if c.word == word and c.p is not None) for word in ("supported", "refuted")]
    assert verdict.p == pytest.approx(3 * max(sides)), "Bonferroni over the three cells that were measured"


def test_one_open_cell_leaves_the_claim_open() -> None:
    verdict = judged(claim(contrast(), contrast(name="near", of="x/near")), planted({**TWICE, "x/near": 1.03}, sd=0.03))
    assert (verdict.word, verdict.p, verdict.adjusted) == ("inconclusive", None, None)
    assert "holds: slow against fast on small" in verdict.why
    assert "needs about" in verdict.why


@pytest.mark.parametrize("least", [1.0, 5.0])
@pytest.mark.parametrize("rule", ["all", "mean"])
def test_half_of_a_claim_is_neither_supported_nor_refuted(rule: Rule, least: float) -> None:
    verdict = judged(
        claim(contrast(least=least), contrast(name="other half", of="x/gone", least=least), rule=rule), planted(TWICE, sd=0.01)
    )
    assert verdict.word == "inconclusive"
    assert "no word on the whole claim, for a contrast of it was not measured here: x/gone is not in this session" in verdict.why
    assert verdict.p is None


def test_the_mean_over_cells_by_hand() -> None:
    # Ratios 2 and 1/1.5 in each block: the geometric mean is sqrt(4/3) = 1.1547, without any spread.
    seconds = {"x/slow": 2.0, "x/fast": 1.0, "x/other": 1.5}
    verdict = judged(claim(contrast(), contrast(name="b", of="x/fast", to="x/other"), rule="mean"), planted(seconds))
    assert verdict.word == "supported"
    assert verdict.overall is not None
    assert verdict.overall.comparison.ratio == pytest.approx(math.sqrt(4 / 3), rel=1e-6)
    assert [c.word for c in verdict.cells] == ["supported", "refuted"]
    assert verdict.why.startswith("geometric mean over 2 cells: 1.15 times")
    assert set(verdict.overall.jobs) == {job for c in verdict.cells for job in c.jobs}


def test_the_mean_is_taken_within_a_block_first() -> None:
    # Two cells that share all of their noise are worth one: the interval is that of either alone.
    verdict = judged(claim(contrast(cases=("small",)), contrast(name="again", cases=("small",)), rule="mean"), planted(TWICE, sd=0.05))
    alone = verdict.cells[0].comparison
    assert verdict.overall.comparison.low == pytest.approx(alone.low)
    assert verdict.overall.comparison.n == alone.n == 10


def test_the_mean_of_cells_that_share_no_block() -> None:
    session, runs = planted(TWICE, cases=("small", "large"))
    runs = [r for r in runs if (r.case == "small") == (r.block <= 5)]
    verdict = judged(claim(contrast(cases=("*",)), rule="mean"), (session, runs))
    assert verdict.word in {"not measured", "inconclusive"}
    assert "no block holds a figure of all" in verdict.why


def test_what_is_counted_needs_no_block() -> None:
    facts = {"x/slow": {"code": {"lines": 300, "tokens": 2000, "files": 2}}, "x/fast": {"code": {"lines": 200, "tokens": 2000, "files": 1}}}
    session, _ = planted(TWICE, facts=facts)
    found = judged(claim(contrast(metric="code_lines", least=1.1), contrast(name="t", metric="code_tokens")), (session, []))
    assert [(c.word, c.exact, c.case, c.p) for c in found.cells] == [("supported", True, None, 0.0), ("refuted", True, None, 0.0)]
    assert found.cells[0].why == "300 against 200, 1.50 times: as asserted, at least 1.1"
    assert found.cells[0].comparison.n == 1
    assert (found.word, found.p, found.adjusted) == ("mixed", 0.0, 0.0)


def test_a_count_of_none_has_no_ratio() -> None:
    facts = {"x/slow": {"dependencies": {"direct": ["a"]}}, "x/fast": {"dependencies": {"direct": []}}}
    verdict = judged(claim(contrast(metric="dependencies")), planted(TWICE, facts=facts))
    assert verdict.word == "not measured"
    assert "1 against 0: there is no ratio to nothing" in verdict.why


def test_clean_builds_are_compared_unpaired_and_three_are_the_least() -> None:
    slow, fast = (20.0, 21.0, 22.0), (5.0, 5.2, 5.1)
    verdict = judged(claim(contrast(metric="build_clean_seconds", least=2)), planted(TWICE, builds=built(slow=slow, fast=fast)))
    (cell,) = verdict.cells
    assert verdict.word == "supported"
    assert replace(cell.comparison, warnings=()) == replace(stats.comparison("x/fast", "x/slow", stats.welch(slow, fast)), warnings=())
    assert (cell.case, cell.jobs, cell.floor.arms) == (None, (), 0)
    few = judged(claim(contrast(metric="build_clean_seconds", least=2)), planted(TWICE, builds=built(slow=slow[:2], fast=fast)))
    assert few.word == "inconclusive"
    assert "from 2 clean builds; the claim asks for 3" in few.why


def test_holm_is_over_all_that_was_measured() -> None:
    session = planted({**TWICE, "x/near": 1.05}, sd=0.03, seed=7)
    near = claim(contrast(of="x/near"))
    alone = judged(near, session)
    assert alone.word == "supported"
    assert 0.01 < alone.p < 0.05
    open_ones = [claim(contrast(name=f"o{n}", of="x/near", least=1.05), id=f"C1{n}") for n in range(5)]
    unmeasured = claim(unmeasured=("no workload yet",), id="C30")
    among = claims.judge(registry(near, *open_ones, unmeasured), [session]).verdicts
    assert among[0].word == "inconclusive"
    assert among[0].family == 6
    assert among[0].adjusted == pytest.approx(6 * alone.p)
    assert among[0].why.startswith("supported by itself, but not after Holm's correction over the 6 claims that were judged together")
    assert [(v.word, v.adjusted) for v in among[1:6]] == [("inconclusive", None)] * 5
    assert (among[6].word, among[6].why, among[6].family, among[6].command) == ("not measured", "no workload yet", 0, "")


@pytest.mark.parametrize(
    ("noted", "registered"),
    [
        ([{"C01": "sha256:1"}], True), ([{"C01": "sha256:2"}], False), ([{"C07": "sha256:1"}], False), ([{}], None),
        ([{"C01": "sha256:1"}, {}], None), ([{"C01": "sha256:2"}, {}], False), ([{"C01": "sha256:1"}] * 2, True),
    ],
)  # fmt: skip
def test_a_verdict_says_whether_the_entry_stood_so_when_the_session_began(noted: list, registered: bool | None) -> None:
    sessions = [planted(TWICE, claims=claims_, id=f"s{n}") for n, claims_ in enumerate(noted)]
    assert judged(claim(contrast()), *sessions).registered is registered


def test_nothing_given_and_nothing_asserted() -> None:
    verdict = judged(claim(contrast()))
    assert (verdict.word, verdict.registered) == ("not measured", None)
    assert claims.judge(registry(), []) == Judgement((), (), {})


def test_records_changed_by_hand_bear_no_verdict() -> None:
    judgement = claims.judge(registry(claim(contrast())), [planted(TWICE)], ["line 3 of runs.jsonl"])
    assert judgement.withheld == "records were changed after they were written: line 3 of runs.jsonl"
    assert [(v.word, v.cells) for v in judgement.verdicts] == [("not measured", ())]


def test_floors_are_those_of_the_metrics_that_the_claims_use() -> None:
    session = planted({**TWICE, "x/fast (again)": 1.1}, again="x/fast")
    asserted = claim(contrast(), contrast(name="b", metric="peak_memory"), contrast(name="c", metric="code_lines"))
    quiet = planted(TWICE, id="b")
    floors = claims.judge(registry(asserted), [session, quiet]).floors
    own, other = floors[session[0].id], floors[quiet[0].id]
    assert set(own) == set(other) == {"seconds", "peak_memory"}
    assert own["seconds"].value == pytest.approx(0.1, abs=0.001)
    assert other["seconds"].value == stats.FLOOR, "another session's noise is not its own"


def test_what_a_claim_needs() -> None:
    asserted = claim(
        contrast(cases=("small", "l*")), contrast(name="b", of="y/two@2", to="y/two", cases=("large", "small")),
        contrast(name="c", workload="w", metric="build_clean_seconds", cases=("*",)), contrast(name="d", workload="v", metric="code_lines"),
    )  # fmt: skip
    assert claims.needs(asserted) == (
        claims.Need("sums", ("x/slow", "x/fast", "y/two"), (1, 2), ("small", "large"), 10, 0),
        claims.Need("w", ("x/slow", "x/fast"), (1,), (), 0, 3),
        claims.Need("v", ("x/slow", "x/fast"), (1,), ("small",), 0, 0),
    )
    assert claims.needs(claim(unmeasured=("nothing yet",))) == ()


def test_the_registry_of_the_checkout_on_a_whole_session_and_on_spoilt_ones() -> None:
    root = Path(__file__).parents[1]
    known = catalog.load(root)
    ours = entries.load(root, stats.METRICS, known.workloads, known.implementations)
    session = report_sessions.session()
    runs = report_sessions.runs(session)
    whole = {v.claim.id: v for v in claims.judge(ours, [(session, runs)]).verdicts}
    assert [v.claim for v in whole.values()] == [*ours.claims]
    # Of one workload: a claim that spans several is mixed at the most, for half of it is not measured here.
    assert {i for i, v in whole.items() if v.word in {"supported", "refuted", "mixed"}} >= {"C06", "C29"}
    assert {whole[i].word for i in ("C01", "C05", "C08", "C11")} <= {"mixed", "inconclusive"}
    python = [name for name in session.implementations if name.startswith("python/")]
    for given in ([], runs[:1], [r for r in runs if r.block < 2], report_sessions.fail(runs, python, "crash", "killed by signal 9")):
        for verdict in claims.judge(ours, [(session, given)]).verdicts:
            assert verdict.why
            assert verdict.word in {"not measured", "inconclusive"} or "python" not in str(verdict.claim.contrasts)
    bare = replace(session, jobs=(), implementations=(), cases=(), builds=(), facts={}, steps=())
    assert {v.word for v in claims.judge(ours, [(bare, runs)]).verdicts} == {"not measured"}


def test_no_difference_is_never_supported_in_many_sessions_and_a_planted_one_is_found() -> None:
    asserted = claim(contrast(of="x/same"), contrast(name="slow", of="x/more", least=1.0))
    words = [
        tuple(c.word for c in judged(asserted, planted({"x/same": 1.0, "x/fast": 1.0, "x/more": 1.10}, sd=0.02, seed=seed)).cells)
        for seed in range(150)
    ]
    assert [same for same, _ in words].count("supported") == 0
    assert [same for same, _ in words].count("refuted") > 75
    assert [more for _, more in words].count("supported") >= 145


def test_a_family_of_claims_on_the_very_border_is_wrong_as_a_whole_no_more_often_than_it_promises() -> None:
    """Twenty claims that all sit on the floor: some one of them is called in two of five sessions, after Holm in one of twenty at most."""
    labels = {f"x/v{n}": 1.03 for n in range(20)}
    asserted = registry(*(claim(contrast(of=label), id=f"C{n:02d}") for n, label in enumerate(labels)))
    raw = after = 0
    for seed in range(80):
        verdicts = claims.judge(asserted, [planted({"x/fast": 1.0, **labels}, sd=0.02, seed=seed)]).verdicts
        raw += any(c.word == "supported" for v in verdicts for c in v.cells)
        after += any(v.word == "supported" for v in verdicts)
    assert raw > 15
    assert after <= 9  # 80 sessions at 5 %: more than nine would be seen in one of a hundred
