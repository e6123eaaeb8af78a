"""What keeps a word from being said too easily: many cells on a bound, runs that failed, a session that is not finished."""

import math
import random
from dataclasses import replace

from claim_sessions import TWICE, claim, contrast, judged, planted

from harness import stats
from harness.claims.rule import Bounds, rule
from harness.claims.verdict import _p
from harness.model import Cell


def test_among_many_cells_on_the_bound_mixed_is_rarely_said_of_what_is_refuted_all_along() -> None:
    """Twenty cells exactly at the bound and one far below: without the correction four claims in ten would be called mixed."""
    rng, bounds, called, plain = random.Random(5), Bounds(2, None, 0.03, 0.03), 0, 0
    for _ in range(400):
        truths = [math.log(2)] * 20 + [math.log(1.2)]
        rulings = [rule(stats.estimate([rng.gauss(truth, 0.03) for _ in range(10)]), bounds) for truth in truths]
        cells = [Cell(contrast(), "s", "small", r.word, "", p=r.p) for r in rulings]
        if {"supported", "refuted"} <= {c.word for c in cells}:
            plain += 1
            called += _p("mixed", cells) <= 0.05
    assert plain > 100 and called <= 30, f"{plain} and {called} of 400"


def test_where_runs_failed_or_are_still_to_come_no_word_is_said() -> None:
    session, runs = planted(TWICE, sd=0.01)
    assert judged(claim(contrast()), (session, runs)).word == "supported"
    stopped = judged(claim(contrast()), (session, runs[:-1]))
    assert stopped.word == "inconclusive" and "the session is unfinished" in stopped.why
    longer, more = planted(TWICE, sd=0.01, blocks=14)
    worse = [replace(r, outcome="timeout", reason="late") if r.block in (3, 4) and r.label == contrast().of else r for r in more]
    survived = judged(claim(contrast()), (longer, worse))
    assert survived.word == "inconclusive" and "2 of 14 runs" in survived.why and "survivors" in survived.why
