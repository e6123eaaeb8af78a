"""The A/A arm of one session: the same program against itself, a case at a time. What it shows is noise, and it sets the floor."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness import stats
from harness.model import Comparison, Run, Session


@dataclass(frozen=True, slots=True)
class Twin:
    """One case: the second label over the first, block by block and together."""

    case: str
    label: str
    ratios: Mapping[int, float]
    ratio: Comparison


def twins(session: Session, runs: Sequence[Run]) -> tuple[Twin, ...]:
    """The A/A comparisons of steady seconds; none without an A/A arm, or where no block has both."""
    if session.again is None:
        return ()
    first, second = session.again, stats.twin(session.again)
    pairs = stats.null_pairs(first, runs)
    return tuple(
        Twin(case.name, first, {b: math.exp(x) for b, x in logs.items()}, stats.comparison(first, second, stats.estimate([*logs.values()])))
        for case in session.cases
        if (logs := pairs.get(case.name))
    )
