"""Two sessions -> what has changed between them, with how sure that is. Pure; nothing is said of sessions that are not comparable.

Blocks of different sessions are no pairs: a ratio is Welch's on the logs of one figure an invocation, after over before. A word
needs the interval to lie beyond the margin and the noise floor, after Holm over all rows. What was built the same in both is a
control: nothing of it has changed, so the difference that it shows is the machine's (or the harness's, or the input's), and widens
the floor for the others. Dividing by the controls was the road not taken: a few of them don't say how a machine has drifted for
programs unlike them, but they do say how little can be told.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness import stats
from harness.fingerprint import Difference, differences
from harness.model import Build, Comparison, Floor, Run, Session

Kept = tuple[Session, Sequence[Run]]
"""A session with its runs, as they are read from its folder."""
MARGIN, LEVEL = 0.05, 0.05
METRICS = ("seconds", "load_seconds", "cpu_seconds", "peak_memory")
"""Of all of them less is better. `seconds` holds no load, and the clock on the wall hides what more cores pay for: so each has its own.
More rows make Holm stricter; that is the price."""

Word = Literal["regression", "improvement", "same", "open", "control", "unknown"]
"""regression, improvement: the interval lies beyond the bar after Holm. same: the 90 % interval lies inside the margin, and the floor
doesn't exceed it. open: neither is shown. control: its build is the same in both. unknown: too few runs for an interval."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What a difference in a metric has to clear, as relative differences: 0.03 is 3 %.

    `drift` is how far the `controls` have moved (stats.spread); None without any.
    """

    margin: float
    before: Floor
    after: Floor
    drift: float | None
    controls: int

    @property
    def floor(self) -> float:
        """The noise floor between the two sessions."""
        return max(self.before.value, self.after.value, self.drift or 0.0)

    @property
    def value(self) -> float:
        """The larger of margin and floor."""
        return max(self.margin, self.floor)


@dataclass(frozen=True, slots=True)
class Row:
    """One label on one case by one metric: `after` over `before` with its 95 % and 90 % intervals.

    `p` is the least level at which the difference would lie beyond the bar, `adjusted` the same after Holm; None for controls and
    where there is no interval.
    """

    label: str
    case: str
    metric: str
    comparison: Comparison
    low90: float | None
    high90: float | None
    word: Word
    p: float | None = None
    adjusted: float | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """A label that never failed on a case before and does now; or that gave figures and gives none any more, though it was asked to.

    `failed` of its `runs` after did not end well; 0 where they were not built, not started or only suspect.
    """

    label: str
    case: str
    why: str
    failed: int
    runs: int


@dataclass(frozen=True, slots=True)
class Compared:
    """All of it. `unmatched` names in words what only one of the two has; `warnings` what weakens the rest.

    With `differences` the two are not comparable, and everything else is empty.
    """

    before: str
    after: str
    margin: float
    differences: tuple[Difference, ...] = ()
    bars: Mapping[str, Bar] | None = None
    rows: tuple[Row, ...] = ()
    lost: tuple[Lost, ...] = ()
    unmatched: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def of(self, word: Word) -> tuple[Row, ...]:
        """The rows of which that is said."""
        return tuple(row for row in self.rows if row.word == word)

    @property
    def exit_code(self) -> int:
        """2: not comparable. 1: something takes more than before, or fails where it did not. 0: neither is shown."""
        return 2 if self.differences else 1 if self.lost or self.of("regression") else 0


@dataclass(frozen=True, slots=True)
class _Found:
    """What is known of a row before the bar is: ln(after/before)."""

    label: str
    case: str
    metric: str
    control: bool
    estimate: stats.Estimate


def compare(before: Kept, after: Kept, margin: float = MARGIN) -> Compared:
    """Every label and case that both have. ValueError for a margin below 0; it is a relative difference: 0.05 is 5 %."""
    if not 0 <= margin < math.inf:
        raise ValueError(f"a margin of {margin} is no relative difference")
    ids = before[0].id, after[0].id
    if obstacles := differences(before[0], after[0]):
        return Compared(*ids, margin, obstacles)
    lost, unmatched = tuple(_lost(before, after)), tuple(_unmatched(before, after))
    found = [*_all(before, after, {(each.label, each.case) for each in lost})]
    bars = {metric: _bar(before, after, metric, found, margin) for metric in METRICS}
    return Compared(*ids, margin, (), bars, _judged(found, bars), lost, unmatched, tuple(_warnings(before, after, bars)))


def unchanged(before: Session, after: Session) -> frozenset[str]:
    """Implementations of which the same ran in both: the very image, or one made anew of the same sources on the same bases.

    On a machine that begins empty each night every image has a new id.
    """
    one, two = ({b.implementation: b for b in s.builds if b.outcome != "failed"} for s in (before, after))
    return frozenset(name for name, build in one.items() if name in two and _alike(build, two[name]))


def _alike(one: Build, two: Build) -> bool:
    made_alike = one.sources is not None and one.sources == two.sources and one.bases == two.bases
    return made_alike or (one.digest is not None and one.digest == two.digest)


def _all(before: Kept, after: Kept, lost: Collection[tuple[str, str]]) -> Iterator[_Found]:
    """Without the lost: of runs that end by their time the quick ones survive, and would pass for an improvement."""
    same = unchanged(before[0], after[0])
    for label, case, steps in _shared(before[0], after[0]):
        if (label, case) in lost:
            continue
        one, two = (_own(runs, label, case) for _, runs in (before, after))
        for metric in METRICS:
            if estimate := stats.welch(_figures(two, metric, steps), _figures(one, metric, steps)):
                yield _Found(label, case, metric, one[0].implementation in same, estimate)


def _shared(before: Session, after: Session) -> list[tuple[str, str, tuple[str, ...]]]:
    """Label, case and steps of what was asked for alike in both, by case."""
    one, two = _asked(before), _asked(after)
    return [(label, case, steps) for (label, case), steps in one.items() if two.get((label, case)) == steps]


def _asked(session: Session) -> dict[tuple[str, str], tuple[str, ...]]:
    """(label, case) -> steps of the timed jobs, in the session's order; the A/A arm's second label has its part in the floor alone."""
    steps = {(job.label, job.case): job.steps for job in session.jobs if job.kind == "timed"}
    pairs = [(label, case.name) for case in session.cases for label in session.labels]
    return {pair: steps[pair] for pair in pairs if pair in steps}


def _own(runs: Sequence[Run], label: str, case: str) -> list[Run]:
    return [run for run in runs if (run.kind, run.label, run.case) == ("timed", label, case)]


def _figures(runs: Sequence[Run], metric: str, steps: Sequence[str]) -> list[float]:
    found = [stats.figure(run, metric, steps) for run in runs if stats.counts(run)]
    return [figure for figure in found if figure]


def _bar(before: Kept, after: Kept, metric: str, found: Sequence[_Found], margin: float) -> Bar:
    apart = [f.estimate.mean for f in found if f.metric == metric and f.control]
    one, two = (stats.floor(session.again, runs, metric) for session, runs in (before, after))
    return Bar(margin, one, two, stats.spread(apart), len(apart))


def _judged(found: Sequence[_Found], bars: Mapping[str, Bar]) -> tuple[Row, ...]:
    p_values = [_p(f.estimate, bars[f.metric]) for f in found if not f.control and f.estimate.error is not None]
    adjusted = iter(zip(p_values, stats.holm(p_values), strict=True))
    return tuple(_row(f, bars[f.metric], None if f.control or f.estimate.error is None else next(adjusted)) for f in found)


def _p(estimate: stats.Estimate, bar: Bar) -> float:
    """The least level at which the two-sided interval lies beyond the bar, on either side."""
    beyond = math.log1p(bar.value)
    return min(1.0, 2 * min(estimate.p_above(beyond), estimate.p_below(-beyond)))


def _row(found: _Found, bar: Bar, p: tuple[float, float] | None) -> Row:
    shown = stats.comparison("before", "after", found.estimate, "invocations")
    low90, high90 = found.estimate.limits(0.9) or (None, None)
    own, adjusted = p or (None, None)
    return Row(found.label, found.case, found.metric, shown, low90, high90, _word(found, bar, adjusted), own, adjusted)


def _word(found: _Found, bar: Bar, adjusted: float | None) -> Word:
    if found.control:
        return "control"
    if adjusted is None:
        return "unknown"
    if adjusted <= LEVEL:
        return "regression" if found.estimate.mean > 0 else "improvement"
    inside = math.log1p(bar.margin)
    same = bar.floor <= bar.margin and found.estimate.p_within(-inside, inside) <= LEVEL
    return "same" if same else "open"


def _lost(before: Kept, after: Kept) -> Iterator[Lost]:
    for label, case, _ in _shared(before[0], after[0]):
        one, two = (_own(runs, label, case) for _, runs in (before, after))
        failed = [*filter(_failed, two)]
        worse = failed and any(run.outcome == "ok" for run in one) and not any(map(_failed, one))
        silent = two and any(map(stats.counts, one)) and not any(map(stats.counts, two))
        if worse or silent:
            yield Lost(label, case, "; ".join(each.reason for each in stats.exclusions(failed or two)), len(failed), len(two))


def _failed(run: Run) -> bool:
    """Whether it was started and did not end well; a suspect run has, only its figures are not to be trusted."""
    return run.outcome not in ("ok", "unbuilt", "skipped")


def _unmatched(before: Kept, after: Kept) -> Iterator[str]:
    one, two = _asked(before[0]), _asked(after[0])
    for (label, case), steps in {**two, **one}.items():
        where = "only before" if (label, case) not in two else "only after" if (label, case) not in one else ""
        where = where or ("" if steps == two[(label, case)] else "other steps in each")
        if where:
            yield f"{label} on {case}: {where}"


def _warnings(before: Kept, after: Kept, bars: Mapping[str, Bar]) -> Iterator[str]:
    for word, (session, runs) in (("before", before), ("after", after)):
        if len(runs) < len(session.jobs):
            yield f"{word} is unfinished: {len(runs)} of {len(session.jobs)} jobs have run"
        if out := sum(each.count for each in stats.exclusions(runs)):
            yield f"{word}: {out} runs don't pass the validity gate and take no part"
    if not any(bar.controls for bar in bars.values()):
        yield "no build is the same in both, so nothing shows how far the machine itself has moved between them"
