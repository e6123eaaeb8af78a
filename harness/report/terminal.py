"""Findings -> a page on the terminal: the answer first, a table a case, then whatever went wrong. As JSON: export.py.

Columns that don't fit the width move into a further table under the first, so nothing is lost at 80 columns or in a pipe.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from harness.model import Run, Session
from harness.report.columns import NOTE, Column, columns
from harness.report.export import as_json
from harness.report.findings import Findings, Row, failed_alike, findings
from harness.report.headline import headline
from harness.report.held import held, sentences
from harness.report.reached import details, reached, told

__all__ = ["as_json", "headline", "render"]
GAP = 2
UNRANKED, OUTSIDE = "not ranked:", "yardstick:"


def render(session: Session, runs: Sequence[Run], console: Console, warnings: Sequence[str] = (), probes: Sequence[Run] = ()) -> None:
    """Print everything a reader needs, without colour codes where the console has no colours.

    A session without timed blocks that searched has that alone to tell.
    """
    cases = findings(session, runs) if session.blocks or not probes else ()
    answer = headline(session, runs, cases).splitlines() if cases else []
    rates = reached(session, probes)
    for line in [*answer, *sentences(held(session, probes)), *told(rates)]:
        _say(console, line, style="bold")
    _say(console, f"session {session.id}: {session.workload}, seed {session.seed}; {session.engine}: {session.isolation}", style="dim")
    for found in cases:
        _case(session, found, console)
    if cases:
        _say(console, NOTE, style="dim")
    for heading, lines in details(rates):
        _listing(console, heading, lines, "")
    _listing(console, "Did not end well", _failures(runs), "red")
    _listing(console, "Suspect, and left out of every figure", _suspects(runs), "yellow")
    _listing(
        console,
        "Builds that failed",
        [f"{b.implementation}: {b.reason or b.outcome}" for b in session.builds if b.outcome == "failed"],
        "red",
    )
    _listing(console, "Warnings", warnings, "yellow")


def _say(console: Console, text: str, style: str = "") -> None:
    """A line wrapped at words for a person, and left whole for a pipe."""
    if console.is_terminal:
        console.print(Text(text), style=style, highlight=False, soft_wrap=False, no_wrap=False, overflow="fold", crop=False)
    else:
        console.print(Text(text), soft_wrap=True)


def _listing(console: Console, heading: str, lines: Sequence[str], style: str) -> None:
    if lines:
        console.print()
        _say(console, f"{heading}:", style=f"bold {style}")
    for line in lines:
        _say(console, f"  {line}")


def _case(session: Session, found: Findings, console: Console) -> None:
    params = ", ".join(f"{key} {value}" for key, value in found.case.params.items())
    console.print()
    _say(console, f"{found.title}: {params}", style="bold")
    for part in _fitting(columns(found, session.unit), found.rows, console.width):
        console.print()
        console.print(_table(part, found), highlight=False, soft_wrap=False)


def _fitting(groups: Sequence[Sequence[Column]], rows: Sequence[Row], width: int) -> Iterator[list[Column]]:
    """The columns in as many tables as the width asks for, each with room for the names; a group is split only where it must be."""
    room = width - max(cell_len(text) for text in (OUTSIDE, *(row.name for row in rows)))
    part, used = list[Column](), 0
    for group in groups:
        for at, column in enumerate(group):
            needed = sum(_width(c, rows) for c in group) if at == 0 else _width(column, rows)
            if part and used + min(needed, room) > room:
                yield part
                part, used = [], 0
            part.append(column)
            used += _width(column, rows)
    yield part


def _width(column: Column, rows: Sequence[Row]) -> int:
    return GAP + max(cell_len(line) for text in (column.heading, *map(column.cell, rows)) for line in text.split("\n"))


def _table(part: Sequence[Column], found: Findings) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, GAP - 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("", no_wrap=True)
    for column in part:
        table.add_column(column.heading, justify="left" if column.left else "right", vertical="bottom")
    above = ""
    for row in found.rows:
        heading = OUTSIDE if not row.contest else UNRANKED if row.why else ""
        if heading != above:
            table.add_row(heading, style="dim italic")
        above = heading
        table.add_row(row.name, *(escape(column.cell(row)) for column in part), style=_style(row, found))
    return table


def _style(row: Row, found: Findings) -> str:
    if not row.contest:
        return "dim"
    if row.why:
        return "red"
    return "bold" if row.name in found.ranking.order[:1] and not found.ranking.rivals else ""


def _failures(runs: Sequence[Run]) -> list[str]:
    """One line for what failed alike, with its blocks; the gravest first."""
    return [
        f"{name} on {case}, {outcome} in {_blocks([run.block for run in held])}: {reason}"
        for (outcome, name, case, reason), held in failed_alike(runs)
    ]


def _suspects(runs: Sequence[Run]) -> list[str]:
    return [f"{run.label} on {run.case}, {_blocks([run.block])}: {'; '.join(run.suspect)}" for run in runs if run.suspect]


def _blocks(blocks: Sequence[int]) -> str:
    """`verification`, `block 3`, `blocks 1-4, 7`."""
    timed, parts = sorted(b for b in blocks if b), list[str]()
    start = 0
    for i, block in enumerate(timed):
        if i + 1 == len(timed) or timed[i + 1] != block + 1:
            parts.append(f"{timed[start]}-{block}" if block > timed[start] else str(block))
            start = i + 1
    said = [f"block{'s' * (len(timed) > 1)} {', '.join(parts)}"] if timed else []
    return " and ".join(["verification"] * (0 in blocks) + said)
