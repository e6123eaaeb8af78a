"""Session, Runs and Judgement -> every figure of the page, drawn once; both renderers show the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import polars as pl
from matplotlib.figure import Figure

from harness import stats
from harness.model import Judgement, Run, Series, Session
from harness.report import (
    again,
    plot_builds,
    plot_calibration,
    plot_capacity,
    plot_forest,
    plot_load,
    plot_memory,
    plot_overview,
    plot_percentiles,
    plot_sequence,
    plot_slow,
    plot_strips,
    style,
)
from harness.report.findings import Findings
from harness.report.loads import loads
from harness.report.page.drawing import Drawing, Styles, drawing
from harness.report.page.text import slug
from harness.report.plot_forest import Effect
from harness.report.stretch import Records, unkept

POINTS = 400
"""Of a line: a panel is half as many points wide, so more would not be seen."""
Draw = Callable[[Session, Findings], tuple[Figure, pl.DataFrame]]
BY_CASE: tuple[tuple[str, Draw], ...] = (
    ("overview", plot_overview.draw),
    ("phases", plot_strips.phases),
    ("peak", plot_strips.peak),
    ("memory", lambda session, found: plot_memory.draw(session, _thinned(found))),
)


@dataclass(frozen=True, slots=True)
class _Plan:
    key: str
    kind: str
    draw: Callable[[], tuple[Figure, pl.DataFrame]]


def figures(
    session: Session, runs: Sequence[Run], found: Sequence[Findings], judgement: Judgement, records: Records
) -> tuple[list[Drawing], str]:
    """All figures in the order of the page, and the style rules that they share; of changed records only the one that ranks nobody."""
    styles = Styles()
    with style.styled():
        plans = _sequence(runs) if judgement.withheld else _plans(session, runs, found, judgement, records)
        made = [drawing(plan.key, plan.kind, plan.draw, styles) for plan in plans]
    return made, styles.sheet()


def _plans(session: Session, runs: Sequence[Run], found: Sequence[Findings], judgement: Judgement, records: Records) -> Iterator[_Plan]:
    twins = again.twins(session, runs)
    own = judgement.floors.get(session.id, {})
    floor = own["seconds"].value if "seconds" in own else stats.FLOOR
    effects = [*(plot_forest.judged(judgement) or _contest(found, floor)), *_null(twins, floor)]
    if effects:
        yield _Plan("forest", "forest", partial(plot_forest.draw, effects, _finding(effects, judgement)))
    for number, load in enumerate(loads(found), 1):
        yield _Plan(f"load-{number}", "load", partial(plot_load.draw, session, load))
    told = plot_slow.telling(found, records)
    for number, one in enumerate(found, 1):
        for kind, draw in _of_case(one, records if one is told else unkept):
            yield _Plan(f"{kind}-{number}-{slug(one.case.name)}", kind, partial(draw, session, one))
    yield from _sequence(runs)
    if twins:
        yield _Plan("calibration", "calibration", partial(plot_calibration.draw, twins, floor))
    if session.implementations:
        yield _Plan("builds", "builds", partial(plot_builds.draw, session, frozenset(r.implementation for r in runs if not r.contest)))


def _of_case(found: Findings, records: Records) -> Iterator[tuple[str, Draw]]:
    if any(row.runs for row in found.rows):
        yield from BY_CASE
    if plot_percentiles.borne(found):
        yield "percentiles", plot_percentiles.draw
    if plot_capacity.borne(found):
        yield "capacity", plot_capacity.draw
    if shown := plot_slow.borne(found, records):
        yield "slow", partial(plot_slow.draw, given=shown)


def _sequence(runs: Sequence[Run]) -> Iterator[_Plan]:
    if any(run.kind == "timed" for run in runs):
        yield _Plan("sequence", "sequence", partial(plot_sequence.draw, runs))


def _contest(found: Sequence[Findings], floor: float) -> list[Effect]:
    """Where no claim has a ratio: each contestant against the fastest."""
    return [
        Effect(
            f"{one.title}: against the fastest", "all steps", "seconds", one.case.name, row.ratio, floor, "" if row.contest else "yardstick"
        )
        for one in found
        for row in one.rows
        if row.ratio and not row.why
    ]


def _null(twins: Sequence[again.Twin], floor: float) -> list[Effect]:
    return [Effect("A/A  the same program twice", "all steps", "seconds", twin.case, twin.ratio, floor, "noise") for twin in twins]


def _finding(effects: Sequence[Effect], judgement: Judgement) -> str:
    """How many of the ratios lie wholly beyond their floor."""
    real = [e for e in effects if e.word != "noise"]
    beyond = [e for e in real if e.ratio.low and e.ratio.high and (e.ratio.low > 1 + e.floor or e.ratio.high < 1 / (1 + e.floor))]
    what = "judged ratios" if plot_forest.judged(judgement) else "ratios to the fastest"
    if not real:
        return "No ratio was judged; the A/A rows show the noise"
    return f"{len(beyond)} of {len(real)} {what} lie beyond the noise floor with their whole interval"


def _thinned(found: Findings) -> Findings:
    """The same with only the runs that the memory figure shows, their series thinned."""
    shown = plot_memory.chosen(found)
    rows = [replace(row, runs=tuple(replace(run, memory=thin(run.memory)) for run in [shown.get(row.name)] if run)) for row in found.rows]
    return replace(found, rows=tuple(rows))


def thin(series: Series, points: int = POINTS) -> Series:
    """At most so many points: the least and the greatest of each of equal stretches, in their order, so that no peak is lost."""
    total = len(series.at_ns)
    if total <= points:
        return series
    kept = {0, total - 1}
    stretches = points // 2 - 1
    for part in range(stretches):
        stretch = range(total * part // stretches, total * (part + 1) // stretches)
        kept |= {min(stretch, key=series.anon_bytes.__getitem__), max(stretch, key=series.anon_bytes.__getitem__)}
    order = sorted(kept)
    return Series(tuple(series.at_ns[i] for i in order), tuple(series.anon_bytes[i] for i in order), series.interval_ns)
