"""Compared -> the answer in a line, then every row with its interval and its word, on a terminal, in Markdown or as JSON.

The first line is the same everywhere, and never stronger than the rows: what is not shown to have grown is not said to be as it was.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from harness.compare import Bar, Compared, Lost, Row, Word
from harness.report.words import listed, number, percent

SPOKEN = {
    "seconds": ("time", "takes", "as long"),
    "load_seconds": ("load time", "takes", "as long to load"),
    "cpu_seconds": ("CPU time", "uses", "as much CPU time"),
    "peak_memory": ("peak memory", "holds", "as much memory"),
}
"""Metric -> its short name, and how a ratio of it is said."""
WORDS: Mapping[Word, str] = {
    "regression": "regression",
    "improvement": "improvement",
    "same": "the same within the margin",
    "open": "no change shown",
    "control": "control: same build",
    "unknown": "too few runs for an interval",
}
STYLES: Mapping[Word, str] = {"regression": "bold red", "improvement": "bold green", "control": "dim"}
WIDE = 1000
HEADINGS = ("label", "case", "metric", "after / before", "95 % interval", "runs", "")


def answer(compared: Compared) -> str:
    """What the comparison says, in one line."""
    if compared.differences:
        return f"not comparable: {'; '.join(map(str, compared.differences))}"
    worse = [*map(_said, compared.of("regression")), *map(_gone, compared.lost)]
    better = [*map(_said, compared.of("improvement"))]
    head = f"{_count(len(worse), 'regression')}{_beyond(compared)}: {'; '.join(worse)}" if worse else _none(compared)
    return f"{head}. {_count(len(better), 'improvement')}: {'; '.join(better)}." if better else f"{head}."


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'s' * (n != 1)}"


def _said(row: Row) -> str:
    _, verb, much = SPOKEN[row.metric]
    return f"{row.label} on {row.case} {verb} {number(row.comparison.ratio)} times {much} ({interval(row)})"


def _gone(lost: Lost) -> str:
    what = f"{lost.failed} of {_count(lost.runs, 'run')} did not end well: {lost.why}" if lost.failed else f"no figure any more: {lost.why}"
    return f"{lost.label} on {lost.case}: {what}"


def interval(row: Row) -> str:
    """The 95 % interval; of one as wide as two runs can make it, only that it goes beyond a thousandfold."""
    low, high = row.comparison.low, row.comparison.high
    if low is None or high is None:
        return "none"
    return f"{number(low) if low >= 1 / WIDE else 'less'} to {number(high) if high <= WIDE else 'more'}"


def _beyond(compared: Compared) -> str:
    measured = {row.metric for row in compared.rows}
    bars = [f"{percent(bar.value)} of {SPOKEN[metric][0]}" for metric, bar in (compared.bars or {}).items() if metric in measured]
    return f" beyond {listed(bars)}" if bars else ""


def _none(compared: Compared) -> str:
    """Why there is no regression: because things are shown to be the same, or because nothing is shown."""
    if not compared.rows:
        return "no regression shown: no label has figures in both"
    parts = {word: len(compared.of(word)) for word in WORDS}
    if parts["control"] == len(compared.rows):
        return (
            f"no regression: every build is the same in both, and the {_count(len(compared.rows), 'row')} only show what the machine moved"
        )
    counts = [f"{n} {WORDS[word]}" for word, n in parts.items() if n and word not in ("improvement", "control")]
    controls = [_count(parts["control"], "control")] if parts["control"] else []
    return f"no regression shown{_beyond(compared)}{': ' * bool(counts or controls)}{', '.join(counts + controls)}"


def notes(compared: Compared) -> list[str]:
    """How to read the rows, and what weakens them; a line each."""
    if compared.differences:
        return []
    judged = sum(row.p is not None for row in compared.rows)
    how = "Ratios of geometric means, one figure a run, Welch's 95 % intervals on the logs (blocks of two sessions are no pairs)"
    holm = f"; a word is said where the interval clears the bar after Holm over {_count(judged, 'comparison')}" if judged else ""
    return [
        f"{how}{holm}.",
        *(_bar(SPOKEN[metric][0], bar) for metric, bar in (compared.bars or {}).items()),
        "Each session draws its inputs anew from its own seed; they are drawn alike.",
        *(f"Only in part: {what}." for what in compared.unmatched),
        *(f"Warning: {what}." for what in compared.warnings),
    ]


def _bar(name: str, bar: Bar) -> str:
    drift = f"{_count(bar.controls, 'control')} moved by up to {percent(bar.drift)}" if bar.drift is not None else "no control"
    floors = f"noise floors {percent(bar.before.value)} before and {percent(bar.after.value)} after"
    margin = f"the largest of margin {percent(bar.margin)}, {floors}"
    return f"Bar for {name}: {percent(bar.value)}, {margin}, and what the machine moved ({drift})."


def cells(row: Row) -> tuple[str, ...]:
    """A row as text, under HEADINGS."""
    ratio = number(row.comparison.ratio)
    return row.label, row.case, SPOKEN[row.metric][0], ratio, interval(row), str(row.comparison.n), WORDS[row.word]


def _sorted(rows: Sequence[Row]) -> list[Row]:
    """The gravest words first, within one as they came."""
    return sorted(rows, key=lambda row: [*WORDS].index(row.word))


def render(compared: Compared, console: Console) -> None:
    """Print it; the first line is the answer."""
    console.print(Text(answer(compared)), style="bold", soft_wrap=True, highlight=False)
    if compared.rows:
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
        for heading in HEADINGS:
            figure = heading in HEADINGS[3:6]
            table.add_column(heading, justify="right" if figure else "left", no_wrap=heading == HEADINGS[4], overflow="fold")
        for row in _sorted(compared.rows):
            table.add_row(*map(escape, cells(row)), style=STYLES.get(row.word, ""))
        console.print(table, highlight=False)
    for line in notes(compared):
        console.print(Text(line), style="dim", soft_wrap=True, highlight=False)


def as_markdown(compared: Compared) -> str:
    """The same for a page; the first line is the answer."""
    return "\n".join([answer(compared), *_markdown(compared)]) + "\n"


def _markdown(compared: Compared) -> Iterator[str]:
    if compared.differences:
        yield from ("", *(f"- {difference}" for difference in compared.differences))
    if compared.rows:
        yield from ("", f"| {' | '.join(HEADINGS)} |", "|---|---|---|--:|--:|--:|---|")
        for row in _sorted(compared.rows):
            yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells(row))} |"
    lines = notes(compared)
    yield from ("", *(f"- {line}" for line in lines)) if lines else ()


def as_json(compared: Compared) -> dict[str, Any]:
    """The same for a program: the fields of Compared with the answer and the exit code; a bound that is infinite is null."""
    bars = {metric: {**asdict(bar), "floor": bar.floor, "value": bar.value} for metric, bar in (compared.bars or {}).items()}
    row = {"answer": answer(compared), "exit_code": compared.exit_code, **asdict(compared), "bars": bars}
    found = _finite(row)
    assert isinstance(found, dict)
    return found


def _finite(value: object) -> object:
    match value:
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {key: _finite(each) for key, each in value.items()}
        case list() | tuple():
            return [_finite(each) for each in value]
    return value
