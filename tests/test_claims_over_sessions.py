"""One claim on several sessions: what each holds, what none holds, and how they are put together."""

import math

import pytest
from claim_sessions import TWICE, claim, contrast, judged, planted


def test_a_short_session_does_not_hold_up_a_long_one() -> None:
    long, short = planted(TWICE, sd=0.01), planted(TWICE, blocks=3, sd=0.01, id="quick")
    both = judged(claim(contrast()), long, short)
    assert both.word == "supported"
    assert [(c.session, c.word) for c in both.cells] == [("s", "supported"), ("quick", "inconclusive")]


def test_sessions_that_contradict_each_other_are_named() -> None:
    there, back = planted(TWICE, sd=0.01), planted({"x/slow": 1.0, "x/fast": 2.0}, sd=0.01, id="later")
    verdict = judged(claim(contrast()), there, back)
    assert verdict.word == "mixed"
    assert verdict.why == (
        "holds: slow against fast on small in s (2.00 times); does not hold: slow against fast on small in later (0.50 times)"
    )


def test_a_case_that_a_session_lacks_is_told_and_does_not_hold_up_the_rest() -> None:
    verdict = judged(claim(contrast(cases=("small", "huge"))), planted(TWICE, sd=0.01))
    assert verdict.word == "supported"
    assert "not measured here: the case huge is not in this session" in verdict.why


def test_a_case_that_another_session_holds_is_not_called_missing() -> None:
    asked = claim(contrast(cases=("small", "large", "huge")))
    verdict = judged(asked, planted(TWICE, sd=0.01), planted(TWICE, sd=0.01, cases=("large",), id="b"))
    assert [(c.case, c.word) for c in verdict.cells] == [("small", "supported"), ("large", "supported"), ("huge", "not measured")]
    assert "not measured here: the case huge is not in these sessions" in verdict.why


def test_a_pattern_takes_only_cases_on_which_a_session_holds_both_labels() -> None:
    both, one = planted(TWICE, sd=0.01), planted({"x/slow": 2.0}, cases=("large",), id="b")
    assert [c.case for c in judged(claim(contrast(cases=("*",))), both, one).cells] == ["small"]
    assert [c.case for c in judged(claim(contrast(cases=("small", "large"))), both, one).cells] == ["small", "large"]
    alone = judged(claim(contrast(cases=("*",))), one)
    assert (alone.word, alone.why) == ("not measured", "no session holds x/slow and x/fast on * (slow against fast)")


def test_the_mean_combines_sessions_and_leaves_short_ones_out() -> None:
    a, b = planted(TWICE, sd=0.03, seed=1), planted(TWICE, sd=0.03, seed=2, id="b")
    both = judged(claim(contrast(), rule="mean"), a, b, planted({"x/slow": 9.0, "x/fast": 1.0}, blocks=3, id="short"))
    logs = [math.log(c.comparison.ratio) for c in both.cells[:2]]
    assert both.overall.comparison.ratio == pytest.approx(math.exp(sum(logs) / 2))
    assert both.overall.comparison.n == 20
    short = judged(claim(contrast(), rule="mean"), planted(TWICE, blocks=6, sd=0.01), planted(TWICE, blocks=6, sd=0.01, id="b"))
    assert short.word == "inconclusive"
    assert "from 6 blocks; the claim asks for 10" in short.why
