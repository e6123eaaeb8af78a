"""The nouns of what is concluded: from a registered Claim to the Verdict on it, with all that it rests on.

A ratio here is always `of` over `to`: how many times as much of the metric the first takes as the second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.model.recorded import Comparison

Word = Literal["supported", "refuted", "mixed", "inconclusive", "not measured"]
"""What is said of a claim. Of one contrast on one case all of them but `mixed`."""

Rule = Literal["all", "mean"]
"""all: every cell must hold by itself. mean: the geometric mean of the cells' ratios is judged as one."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two labels compared by one metric, and the bounds that the claim sets on the ratio `of`/`to`.

    `cases` are names or globs of the workload's cases; `steps` restricts the metric to those, None means all but `load`. A ratio of
    at least `least`, or at most `most`, or between the two is what the claim asserts; with both it is an equivalence or a range.
    `against` is the case on which `to` is taken, where it is another than that of `of`: one program under two settings.
    """

    name: str
    workload: str
    cases: tuple[str, ...]
    metric: str
    of: str
    to: str
    least: float | None = None
    most: float | None = None
    steps: tuple[str, ...] | None = None
    why: str = ""
    against: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """One entry of the registry. `digest` names its exact text; `blocks` is the least number that it may be judged by.

    `unmeasured` says what of it no workload measures yet, and why; a claim may consist of nothing else.
    """

    id: str
    title: str
    section: str
    hypothesis: str
    rule: Rule
    blocks: int
    contrasts: tuple[Contrast, ...]
    unmeasured: tuple[str, ...]
    notes: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Undecidable:
    """What the report says and no benchmark can decide, with the reason in a line."""

    topic: str
    why: str


@dataclass(frozen=True, slots=True)
class Registry:
    """All claims in the order of their ids, and what is beyond them."""

    claims: tuple[Claim, ...]
    undecidable: tuple[Undecidable, ...]


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Runs that fail the validity gate for one reason; they are counted and shown, and take no part."""

    label: str
    case: str
    reason: str
    jobs: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many runs."""
        return len(self.jobs)


@dataclass(frozen=True, slots=True)
class Floor:
    """The noise floor of a metric: the larger of the policy and what the A/A comparisons of the session show (METHODOLOGY.md 11).

    Both as relative differences: 0.03 is 3 %. `arms` is the number of A/A comparisons; `measured` is None without any.
    """

    policy: float
    measured: float | None
    arms: int

    @property
    def value(self) -> float:
        """The one that holds."""
        return max(self.policy, self.measured or 0.0)


@dataclass(frozen=True, slots=True)
class Cell:
    """One contrast on one case of one session: the smallest thing that is judged.

    `comparison` has base `to` and other `of` with its 95 % interval; `low90` and `high90` bound its 90 % interval. `p` is the least level
    at which `word` would still be said (None where none is). `jobs` are the records that it rests on. `needed` is the number of blocks
    that would probably decide it, where that can be told. `exact` marks figures that are counted, not sampled.
    """

    contrast: Contrast
    session: str | None
    case: str | None
    word: Word
    why: str
    comparison: Comparison | None = None
    low90: float | None = None
    high90: float | None = None
    p: float | None = None
    floor: Floor | None = None
    needed: int | None = None
    exact: bool = False
    jobs: tuple[str, ...] = ()
    excluded: tuple[Exclusion, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of a claim, in a word and in a sentence, and the cells that it rests on.

    `cells` holds all of them, measured or not. `overall` is the one combined cell of a claim by the rule `mean`. `p` is the claim's own,
    `adjusted` the same after Holm over the `family` claims judged together. `registered` tells whether the entry is the one that stood in
    the registry when the session began: True, False (it was changed since), or None (the session recorded none).
    `command` measures what the claim needs.
    """

    claim: Claim
    word: Word
    why: str
    cells: tuple[Cell, ...]
    overall: Cell | None = None
    p: float | None = None
    adjusted: float | None = None
    family: int = 0
    registered: bool | None = None
    command: str = ""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A/A comparisons over kept sessions: how many there were, how many called a difference, and the 95 % binomial interval of that rate.

    `nominal` is the level at which they were called. `low` and `high` are None where there was no comparison.
    """

    comparisons: int
    called: int
    low: float | None
    high: float | None
    nominal: float = 0.05
    sessions: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Judgement:
    """All verdicts of the sessions judged together, in the registry's order; the floor of each metric in each session, by its id.

    `withheld` says why none is given, where that is so.
    """

    verdicts: tuple[Verdict, ...]
    exclusions: tuple[Exclusion, ...]
    floors: Mapping[str, Mapping[str, Floor]]
    withheld: str | None = None
