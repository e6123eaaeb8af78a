"""Judgement -> the terminal: every claim in a line, or the whole evidence of one; and the same as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.model import Cell, Judgement, Undecidable, Verdict, Word
from harness.report.asked import COUNTED, asked, counted, unit
from harness.report.words import clipped, listed, number, percent, with_interval

SHORT = 240
"""Characters of a reason in the list of all; the whole is in the evidence of one."""
COLOURS: dict[Word, str] = {"supported": "green", "refuted": "red", "mixed": "yellow", "inconclusive": "yellow", "not measured": "dim"}


def answer(judgement: Judgement) -> str:
    """What came of all of them, in one line."""
    if judgement.withheld:
        return judgement.withheld
    counts = Counter(v.word for v in judgement.verdicts)
    return f"{len(judgement.verdicts)} claims: {', '.join(f'{counts[word]} {word}' for word in COLOURS if counts[word])}"


def render(judgement: Judgement, undecidable: Sequence[Undecidable], console: Console) -> None:
    """All claims, a row each; the first line sums up."""
    _say(console, answer(judgement), "bold")
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for heading in ("claim", "verdict", "what it says", "why"):
        table.add_column(heading, no_wrap=heading in {"claim", "verdict"}, overflow="fold")
    for v in judgement.verdicts:
        table.add_row(v.claim.id, Text(v.word, style=COLOURS[v.word]), Text(v.claim.title), Text(clipped(v.why, SHORT)))
    console.print(table)
    if undecidable:
        _say(console, f"No benchmark decides: {listed([u.topic for u in undecidable])}.", "dim")
    _say(console, "The whole evidence of one: bench claims C07. What would measure it: bench run --claim C07.", "dim")


def evidence(verdict: Verdict, console: Console) -> None:
    """Everything that one verdict rests on."""
    for style, line in _lines(verdict):
        _say(console, line, style)


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text), style=style, soft_wrap=not console.is_terminal, highlight=False)


def _lines(verdict: Verdict) -> Iterator[tuple[str, str]]:
    claim = verdict.claim
    yield "bold", f"{claim.id}, {verdict.word}: {claim.title}"
    yield "", verdict.why
    yield "", f"Hypothesis: {claim.hypothesis} (section: {claim.section})"
    yield "", f"Rule: {claim.rule}; {asked(claim)}. Entry {claim.digest}, {_registered(verdict)}."
    if counted(verdict):
        yield "", COUNTED
    elif verdict.p is not None and verdict.adjusted is not None:
        yield "", f"p {verdict.p:.2g}, after Holm over {verdict.family} claims {verdict.adjusted:.2g}"
    for cell in (*((verdict.overall,) if verdict.overall else ()), *verdict.cells):
        yield "", ""
        yield from _cell(cell)
    yield "", ""
    for line in claim.unmeasured:
        yield "dim", f"Not measured: {line}"
    for line in claim.notes:
        yield "dim", f"Note: {line}"
    if verdict.command:
        yield "", f"Measure it: {verdict.command}"


def _registered(verdict: Verdict) -> str:
    match verdict.registered:
        case True:
            return "registered before the session began"
        case False:
            return "changed since the session began: the session was not measured for this text"
    return "not recorded by the session, so judged after the fact"


def _cell(cell: Cell) -> Iterator[tuple[str, str]]:
    c = cell.contrast
    where = ", ".join(filter(None, (cell.case and f"case {cell.case}", cell.session and f"session {cell.session}")))
    yield COLOURS[cell.word], f"{c.name}{f' ({where})' if where else ''}: {cell.word}. {cell.why}"
    bounds = " and ".join(f"{word} {number(b)}" for word, b in (("at least", c.least), ("at most", c.most)) if b is not None)
    yield "", f"    {c.metric}, {c.of} : {c.to}, asserted {bounds}. {c.why}"
    if r := cell.comparison:
        n = "counted" if cell.exact else f"n = {r.n}"
        ninety = f", 90 % {number(cell.low90)} to {number(cell.high90)}" if cell.low90 is not None else ""
        yield "", f"    ratio {with_interval(r, ' to ')}{ninety}, {n}{_floor(cell)}"
    if cell.needed:
        yield "", f"    about {cell.needed} {unit(cell)} would decide it"
    for x in cell.excluded:
        yield "yellow", f"    left out: {x.count} of {x.label} on {x.case}: {x.reason} ({', '.join(x.jobs)})"
    if cell.jobs:
        yield "dim", f"    records: {', '.join(cell.jobs)}"


def _floor(cell: Cell) -> str:
    if cell.floor is None or cell.exact:
        return ""
    measured = "no A/A arm" if cell.floor.measured is None else f"A/A {percent(cell.floor.measured)} over {cell.floor.arms}"
    return f"; noise floor {percent(cell.floor.value)} (policy {percent(cell.floor.policy)}, {measured})"


def as_json(judgement: Judgement, undecidable: Sequence[Undecidable], only: str | None = None) -> dict[str, Any]:
    """All of it, raw; or of one claim alone."""
    found = {"answer": answer(judgement), **asdict(judgement), "undecidable": [asdict(u) for u in undecidable]}
    found["verdicts"] = [v for v in found["verdicts"] if only in (None, v["claim"]["id"])]
    return found
