"""A contrast on a session -> Cells: which figures count, of which runs, above which floor, and the word that they bear by themselves.

What is missing is said and never guessed: a label that was not asked for, a step that one lacks, runs that all failed. A cell rests on
the blocks that hold both labels; what fell to the validity gate is listed with it. No word is said where runs failed, for the others are
those that survived, nor while a session is unfinished, for whoever stops it would choose the moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from harness import stats
from harness.claims import words
from harness.claims.rule import BOTH, Bounds, exact, needed, rule
from harness.claims.words import number
from harness.model import Cell, Comparison, Contrast, Exclusion, Floor, Run, Session, steps_of

BARE = ": a percentile is none of a run with too few requests beyond it, nor of one in which the load generator itself was late there"
BUILDS = 3
"""Clean builds a side that a claim about building takes at the least; blocks have no part in it."""


class Source:
    """A session with its runs, and what is worked out of them once: the exclusions, the size of the inputs, the floors."""

    def __init__(self, session: Session, runs: Sequence[Run]) -> None:
        self.session = session
        self.runs = runs
        self.exclusions = stats.exclusions(runs)
        self.inputs = stats.inputs(session)
        self.recorded = len({run.job for run in runs} & {job.id for job in session.jobs})
        self._floors: dict[tuple[str, tuple[str, ...] | None], Floor] = {}

    def steps(self, contrast: Contrast, case: str) -> tuple[str, ...]:
        """The steps that a contrast takes: all of the case where it names none, so that one who lacks a step has no figure."""
        of = next(c for c in self.session.cases if c.name == case)
        return contrast.steps or tuple(step.name for step in steps_of(of, self.session.steps))

    def floor(self, metric: str, steps: tuple[str, ...] | None = None) -> Floor:
        """The noise floor of a metric over those steps in this session; where none are named, over all that a job has."""
        if (metric, steps) not in self._floors:
            self._floors[metric, steps] = stats.floor(self.session.again, self.runs, metric, steps, self.inputs)
        return self._floors[metric, steps]


@dataclass(frozen=True, slots=True)
class Found:
    """A cell, with the log ratio of each of its blocks where it has blocks: what the mean over cells is made of.

    `held` says why no word may be said of it, whatever its interval.
    """

    cell: Cell
    logs: Mapping[int, float] = field(default_factory=dict)
    held: str | None = None


def cells(contrast: Contrast, blocks: int, source: Source) -> list[Found]:
    """Every case of the session that the contrast asks for, measured or not; one cell without a case for builds and counted facts.

    A case that the contrast names and the session lacks may be in another: that is for who sees them all.
    """
    kind = stats.METRICS[contrast.metric].kind
    if kind == "fact":
        return [Found(_counted(contrast, source))]
    if kind == "build":
        return [Found(_built(contrast, source))]
    return [*_cases(contrast, blocks, source)]


def missing(contrast: Contrast, why: str, source: Source | None = None, case: str | None = None) -> Cell:
    """The cell of what was not measured, with the reason, and what the validity gate took out."""
    excluded = _excluded(contrast, source, case) if source else ()
    return Cell(contrast, source.session.id if source else None, case, "not measured", why, excluded=excluded)


def short(cell: Cell, blocks: int) -> bool:
    """Whether a cell has fewer blocks than its claim asks for, or fewer builds than any does. Counted figures have neither."""
    if cell.exact or cell.comparison is None:
        return False
    return cell.comparison.n < (blocks if stats.METRICS[cell.contrast.metric].kind == "run" else BUILDS)


def _cases(contrast: Contrast, blocks: int, source: Source) -> Iterator[Found]:
    """The cases that the contrast names, and of those that a pattern takes the ones on which the session holds both labels."""
    for case in source.session.cases:
        taken = any(fnmatchcase(case.name, pattern) for pattern in contrast.cases) and not _unasked(contrast, source, case.name)
        if taken or case.name in contrast.cases:
            yield _paired(contrast, blocks, source, case.name)


def outright(contrast: Contrast) -> tuple[str, ...]:
    """The cases that it names; patterns take what else a session happens to hold."""
    return tuple(pattern for pattern in contrast.cases if not set("*?[") & set(pattern))


def _paired(contrast: Contrast, blocks: int, source: Source, case: str) -> Found:
    steps = source.steps(contrast, case)
    if why := _absent(contrast, source, case, steps):
        return Found(missing(contrast, why, source, case))
    # Two cases may have steps of other names: then all of each are meant.
    named = contrast.steps if contrast.against else steps
    logs = stats.paired(source.runs, contrast.metric, *sides(contrast, case), named, source.inputs)
    if not logs:
        return Found(missing(contrast, _none(contrast, source, case), source, case))
    found, floor = stats.estimate([*logs.values()]), source.floor(contrast.metric, named)
    held = _held(contrast, source, case)
    cell = withheld(judged(contrast, found, floor, blocks, session=source.session.id, case=case), held)
    jobs = tuple(run.job for run in _own(contrast, source, case) if run.block in logs and stats.counts(run))
    return Found(replace(cell, jobs=jobs, excluded=_excluded(contrast, source, case)), logs, held)


def _held(contrast: Contrast, source: Source, case: str) -> str | None:
    if source.recorded < len(source.session.jobs):
        return f"the session is unfinished: {source.recorded} of {len(source.session.jobs)} jobs are recorded"
    timed = [run for run in _own(contrast, source, case) if run.kind == "timed"]
    for who, at in sides(contrast, case):
        theirs = [run.outcome for run in timed if (run.label, run.case) == (who, at)]
        if failed := [outcome for outcome in theirs if outcome != "ok"]:
            total = len(theirs)
            return (
                f"{len(failed)} of {total} runs of {who} did not end well ({', '.join(sorted(set(failed)))}), so the others are survivors"
            )
    return None


def withheld(cell: Cell, held: str | None) -> Cell:
    """The cell without its word, where something holds that back."""
    if held is None or cell.comparison is None:
        return cell
    return replace(cell, word="inconclusive", p=None, needed=None, why=f"{number(cell.comparison.ratio)} times, but {held}")


def judged(
    contrast: Contrast, found: stats.Estimate, floor: Floor, blocks: int, *, unit: str = "blocks", session: str | None = None,
    case: str | None = None,
) -> Cell:  # fmt: skip
    """The cell of an estimate: its word, unless it has fewer than `blocks`, with the interval and what would decide it."""
    bounds = Bounds(contrast.least, contrast.most, floor.value, floor.policy)
    ruling = rule(found, bounds)
    comparison = stats.comparison(contrast.to, contrast.of, found, unit)
    low90, high90 = found.limits(BOTH) or (None, None)
    if ruling.p is not None and found.n >= blocks:
        why = words.decided(found, bounds, ruling)
        return Cell(contrast, session, case, ruling.word, why, comparison, low90, high90, ruling.p, floor)
    need = needed(found, bounds)
    # Below the least that the claim asks for it is that number which is lacking; above, the next one up.
    need = None if need is None else max(need, blocks, found.n + 1)
    why = words.undecided(found, bounds, blocks, need, unit)
    return Cell(contrast, session, case, "inconclusive", why, comparison, low90, high90, None, floor, need)


def sides(contrast: Contrast, case: str) -> tuple[stats.Side, stats.Side]:
    """Label and case of `of`, and of `to`."""
    return (contrast.of, case), (contrast.to, contrast.against or case)


def _own(contrast: Contrast, source: Source, case: str) -> list[Run]:
    return [run for run in source.runs if (run.label, run.case) in sides(contrast, case)]


def _excluded(contrast: Contrast, source: Source, case: str | None) -> tuple[Exclusion, ...]:
    there = sides(contrast, case) if case else ()
    return tuple(e for e in source.exclusions if (e.label, e.case) in there)


def _absent(contrast: Contrast, source: Source, case: str, steps: Sequence[str]) -> str | None:
    """Why a label can't have a figure, whatever came of its runs."""
    if who := _unasked(contrast, source, case):
        return f"{who} is not in this session"
    for who, at in sides(contrast, case):
        given = next(job.steps for job in source.session.jobs if (job.label, job.case) == (who, at))
        if lacking := [step for step in steps if step not in given and at == case]:
            return f"{who} lacks {', '.join(lacking)}"
    return None


def _unasked(contrast: Contrast, source: Source, case: str) -> str | None:
    """The first label that the session has no job of on the case."""
    there = {(job.label, job.case) for job in source.session.jobs}
    return next((who for who, at in sides(contrast, case) if (who, at) not in there), None)


def _none(contrast: Contrast, source: Source, case: str) -> str:
    """Why no block holds both: who has no run that counts and what came of them, or no figure."""
    for who, at in sides(contrast, case):
        timed = [run for run in source.runs if (run.label, run.case) == (who, at) and run.kind == "timed"]
        if not timed:
            return f"{who} has no timed run"
        if not any(map(stats.counts, timed)):
            fell = "; ".join(f"{e.count} × {e.reason}" for e in _excluded(contrast, source, case) if e.label == who)
            return f"no run of {who} counts: {fell}"
    metric = stats.METRICS[contrast.metric]
    return f"no block holds a figure of both for the {metric.title}{BARE if metric.quantile else ''}"


def _counted(contrast: Contrast, source: Source) -> Cell:
    of, to = (stats.fact(source.session, implementation(who), contrast.metric) for who in (contrast.of, contrast.to))
    for who, figure in ((contrast.of, of), (contrast.to, to)):
        if figure is None:
            return missing(contrast, f"{who}: no figure for the {stats.METRICS[contrast.metric].title} in this session", source)
    if not of or not to:
        return missing(contrast, f"{of or 0:g} against {to or 0:g}: there is no ratio to nothing", source)
    bounds = Bounds(contrast.least, contrast.most, 0.0)
    ruling = exact(of / to, bounds)
    comparison = Comparison(contrast.to, contrast.of, of / to, None, None, 1)
    return Cell(
        contrast, source.session.id, None, ruling.word, words.counted(of, to, bounds, ruling), comparison, p=ruling.p,
        floor=Floor(0.0, None, 0), exact=True,
    )  # fmt: skip


def _built(contrast: Contrast, source: Source) -> Cell:
    of, to = (stats.sampled(source.session, implementation(who), contrast.metric) for who in (contrast.of, contrast.to))
    found = stats.welch([s for s in of if s > 0], [s for s in to if s > 0])
    if found is None:
        who = contrast.to if of else contrast.of
        return missing(contrast, f"no clean build of {who} was timed: bench build --clean", source)
    floor = stats.floor(None, (), contrast.metric)
    return judged(contrast, found, floor, BUILDS, unit="clean builds", session=source.session.id)


def implementation(who: str) -> str:
    """The label without its threads: what is built and written is the same for any number of them."""
    return who.partition("@")[0]
