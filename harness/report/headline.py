"""Findings -> the answer to the session's question in a sentence a case. Never stronger than the intervals allow.

'Fastest' is said only where the interval against every other contestant lies beyond the noise floor; wrong answers come first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness import stats
from harness.model import Comparison, Run, Session
from harness.report.findings import Findings, contest, findings
from harness.report.words import label, listed, number, percent, span, with_interval


@dataclass(frozen=True, slots=True)
class Matter:
    """How one figure is spoken of: who `was fastest`, and that another `took 2 times as long`."""

    figure: str
    best: str
    least: str
    took: str
    much: str


TIME = Matter("total_s", "was fastest", "took least", "took", "as long")
LOAD = Matter("load_s", "loaded fastest", "loaded in least time", "took", "as long")
MEMORY = Matter("anon_peak_bytes", "held the least memory", "held least", "held", "as much")


def headline(session: Session, runs: Sequence[Run], found: Sequence[Findings] | None = None) -> str:
    """The answer in plain words, one sentence a case, one line each. `found`: their findings, where the caller has them already."""
    lines = []
    if wrong := sorted({(r.label, r.case) for r in runs if r.outcome == "wrong"}):
        lines.append(f"Wrong answers: {listed([f'{name} on {case}' for name, case in wrong])}.")
    lines += [f"{f.title}: {_sentence(f)}{_conditions(session, f)}." for f in found or findings(session, runs)]
    if len(runs) < len(session.jobs):
        lines.append(f"Unfinished: {len(runs)} of {len(session.jobs)} jobs have run.")
    return "\n".join(lines)


def _sentence(found: Findings) -> str:
    order = found.ranking.order
    if not any(row.runs for row in found.rows):
        return "nothing has run yet"
    if not order:
        return f"can't say which is fastest{_rest(found) or ': there are only yardsticks'}"
    first = found.row(order[0])
    if len(order) == 1:
        total = first.figures["total_s"]
        interval = f" ({span(total, ' to ')})" if total.low else ""
        return f"only {label(first)} can be ranked, so there is nothing to compare: {number(total.centre)} s{interval}{_rest(found)}"
    return f"{_verdict(found)}{_others(found)}{_rest(found)}"


def _verdict(found: Findings) -> str:
    """Who was fastest and what the next one took, or why that can't be said."""
    order, ranking = found.ranking.order, found.ranking
    first, second = found.row(order[0]), found.row(order[1])
    took = f"took {_times(ranking.ratios[order[1]], ' as long')}"
    if not ranking.rivals:
        return f"{label(first)} was fastest; {label(second)}, the next, {took}"
    near = listed([label(found.row(name)) for name in ranking.rivals])
    match _doubt(ranking):
        case "unknown":
            return f"can't say which is fastest, too few shared blocks for an interval; {label(first)} took least, {label(second)} {took}"
        case "open":
            return f"{label(first)} took least, but no difference is shown to {near}; {second.name} {took}"
        case _:
            return f"{label(first)} took least, but there is no verdict against {near}: {_floor(ranking)}; {second.name} {took}"


def _doubt(ranking: stats.Ranking) -> stats.Standing:
    """The weakest standing among the rivals: it decides what can be said."""
    found = {stats.standing(ranking.ratios[name], ranking.floor) for name in ranking.rivals}
    return "unknown" if "unknown" in found else "open" if "open" in found else "floor"


def _floor(ranking: stats.Ranking) -> str:
    return f"the interval reaches into the noise floor of {percent(ranking.floor)}"


def _times(ratio: Comparison | None, what: str = "") -> str:
    if ratio is None:
        return f"an unknown number of times{what}"
    interval = f" ({span(ratio, ' to ')})" if ratio.low else ""
    return f"{number(ratio.ratio)} times{what}{interval}"


def _others(found: Findings) -> str:
    """The best of each further language, and a yardstick that took less than the fastest."""
    order = [found.row(name) for name in found.ranking.order]
    said, parts = {order[0].language, order[1].language}, []
    for row in order[2:]:
        if row.language not in said:
            said.add(row.language)
            parts.append(f"{label(row)}, the best of {row.language.capitalize()}, {_times(row.ratio)}")
    for row in found.rows:
        if not row.contest and row.ratio and row.ratio.ratio < 1:
            parts.append(f"the yardstick {row.name}, outside the contest, {_times(row.ratio)}")
    return "".join(f"; {part}" for part in parts)


def _rest(found: Findings) -> str:
    """Contestants that take no part, by why."""
    alike: dict[str, list[str]] = {}
    for row in found.rows:
        if row.why and row.contest:
            alike.setdefault(row.why, []).append(row.name)
    out = [f"{listed(names)} ({why})" for why, names in alike.items()]
    return f"; not ranked: {', '.join(out)}" if out else ""


def _conditions(session: Session, found: Findings) -> str:
    blocks = {len(found.row(name).blocks["total_s"]) for name in found.ranking.order}
    if not blocks:
        return ""
    n = min(blocks)
    few = "only " if n < stats.FEW else ""
    parts = [f"{few}{n} block{'s' * (n != 1)}", session.engine, f"{found.threads} thread{'s' * (found.threads != 1)}"]
    parts += ["passes in turns"] * session.turns
    return f" [{', '.join(['95 % intervals'] * (n > 1) + parts)}]"


def title(found: Findings, matter: Matter) -> str:
    """The finding of one figure, short, for above a plot."""
    ranking = contest(found.rows, matter.figure, found.floors)
    if not ranking.order:
        return "not measured" if found.ranking.order else "no implementation can be ranked"
    first = ranking.order[0]
    if len(ranking.order) == 1:
        return f"only {first} can be ranked"
    second, ratio = ranking.order[1], ranking.ratios[ranking.order[1]]
    took = f"{second} {matter.took} {with_interval(ratio)} times {matter.much}"
    if not ranking.rivals:
        return f"{first} {matter.best}; {took}"
    match _doubt(ranking):
        case "unknown":
            return f"too few blocks to tell which {matter.best}; {took} as {first}"
        case "open":
            return f"{first} {matter.least}, but no difference is shown to {listed(ranking.rivals)}"
        case _:
            return f"{first} {matter.least}, but there is no verdict against {listed(ranking.rivals)}: {_floor(ranking)}"
