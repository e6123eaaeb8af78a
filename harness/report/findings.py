"""Session and Runs -> Findings, one a case and number of threads: what every renderer shows. Pure; none of them works out a figure itself.

Who takes part in the contest: an implementation of a language (no yardstick) that gave the right answers in every job that has run,
in every step. The others are shown with the reason why not. A mean over the blocks that one happened to survive is no
contestant's figure: that was the road not taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import median

from harness import stats
from harness.model import Case, Comparison, Outcome, Run, Session, Summary, label, steps_of

FATES = {
    "wrong": "wrong answer", "oom": "out of memory", "timeout": "time limit", "hang": "hang", "crash": "crash",
    "protocol": "broken protocol", "error": "error", "unbuilt": "build failed", "skipped": "skipped",
}  # fmt: skip
"""Outcomes in words, the gravest first."""


FLOORED = {"total_s": "seconds", "load_s": "load_seconds", "anon_peak_bytes": "peak_memory"}
"""Figures that are ranked, with the metric whose noise floor is theirs."""


@dataclass(frozen=True, slots=True)
class Interruptions:
    """What held the work up: pauses of the collector and oversleeps, over the jobs of one implementation.

    `collector` is None where no job has told; `pauses` is the median count a job.
    """

    collector: str | None
    pauses: float | None
    longest_pause_ns: int | None
    longest_stall_ns: int | None
    control_stall_ns: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """One implementation on one case. `why` it takes no part in the contest, or None; `fate` is the same in a word or two."""

    name: str
    language: str
    track: str | None
    contest: bool
    inside: str
    outcomes: Mapping[str, int]
    why: str | None
    fate: str | None
    lacks: tuple[str, ...]
    runs: tuple[Run, ...]
    figures: Mapping[str, Summary]
    blocks: Mapping[str, Mapping[int, float]]
    ratio: Comparison | None
    interruptions: Interruptions


@dataclass(frozen=True, slots=True)
class Findings:
    """One case. Rows: contestants by time, then those that take no part, then yardsticks; `ranking` holds the contestants alone.

    `title` names the case, and the threads where the session has several numbers of them. `floors` gives the noise floor of a figure,
    `step_floors` that of the seconds of a step: a short step is noisier than the total.
    """

    case: Case
    threads: int
    title: str
    units: int | None
    steps: tuple[str, ...]
    rows: tuple[Row, ...]
    ranking: stats.Ranking
    floors: Mapping[str, float]
    step_floors: Mapping[str, float]

    @property
    def served(self) -> bool:
        """Whether requests were answered: then `total_s` and `first_total_s` are of one request."""
        return any("response_p50_s" in row.figures for row in self.rows)

    def row(self, name: str) -> Row:
        """The row of that name."""
        return next(row for row in self.rows if row.name == name)


RESPONSES = {"response_p50_s": "response_p50_seconds", "response_p99_s": "response_p99_seconds", "response_p999_s": "response_p999_seconds"}
"""Figures of the response under load, with their metric, whose quantile is none where the load generator was late itself."""


def measures(steps: Sequence[str]) -> dict[str, Callable[[Run], float | None]]:
    """Figure name -> how it comes from one run."""
    return {
        "total_s": lambda run: stats.steady_seconds(run, steps),
        "first_total_s": lambda run: stats.first_seconds(run, steps),
        "load_s": lambda run: stats.steady_seconds(run, ["load"]),
        "ready_s": lambda run: None if run.times.ready_ns is None else run.times.ready_ns / 1e9,
        "first_answer_s": stats.cold_start_seconds,
        "query_p90_s": lambda run: stats.query_seconds(run, 0.9, steps),
        **{name: partial(stats.figure, metric=metric, steps=steps) for name, metric in RESPONSES.items()},
        "cpu_per_answer_s": lambda run: stats.figure(run, "cpu_seconds_per_answer", steps),
        "recovery_s": lambda run: stats.figure(run, "recovery_seconds", steps),
        "recovery_over_ideal": lambda run: stats.figure(run, "recovery_over_ideal", steps),
        "overload_goodput": lambda run: stats.figure(run, "overload_goodput", steps),
        "units_per_s": lambda run: stats.figure(run, "answers_per_second", steps) or _rate(run, steps, stats.steady_seconds(run, steps)),
        "load_units_per_s": lambda run: _rate(run, ["load"], stats.steady_seconds(run, ["load"])),
        "anon_peak_bytes": lambda run: run.anon_peak_bytes,
        "idle_bytes": lambda run: stats.figure(run, "idle_memory"),
        "cgroup_peak_bytes": lambda run: run.cgroup_peak_bytes,
    }


def _quantile(name: str) -> float | None:
    return stats.METRICS[RESPONSES[name]].quantile if name in RESPONSES else None


def _rate(run: Run, steps: Sequence[str], seconds: float | None) -> float | None:
    """Units of one steady pass over all `steps`, by its seconds; None where there were none: what reads nothing has no rate."""
    units = sum({s.step: s.units for s in run.samples if not s.warmup and s.step in steps}.values())
    return units / seconds if seconds and units else None


def findings(session: Session, runs: Sequence[Run]) -> tuple[Findings, ...]:
    """Every case at every number of threads, with every implementation that was asked for it, whether it has run or not."""
    tested = [run for run in runs if run.arm == "test"]
    floors = {figure: stats.floor(session.again, runs, metric).value for figure, metric in FLOORED.items()}
    by_step = {step.name: stats.floor(session.again, runs, "seconds", [step.name]).value for step in session.steps}
    return tuple(
        _case(session, case, threads, [run for run in tested if run.case == case.name and run.threads == threads], floors, by_step)
        for threads in session.threads
        for case in session.cases
    )


def _case(
    session: Session, case: Case, threads: int, runs: Sequence[Run], floors: Mapping[str, float], by_step: Mapping[str, float]
) -> Findings:
    steps = tuple(step.name for step in steps_of(case, session.steps))
    names = _asked(session, case)
    blocks = {name: stats.by_block(runs, figure, _quantile(name)) for name, figure in measures(steps).items()}
    own = {name: {f: b.get((label(name, threads), case.name), {}) for f, b in blocks.items()} for name in names}
    rows = [_row(session, case, name, runs, own[name]) for name in names]
    ranking = contest(rows, "total_s", floors)
    units = next((d.units for d in session.datasets if d.case == case.name), None)
    rated = [_rated(row, ranking, rows) for row in rows]
    title = f"{case.name}, {threads} thread{'s' * (threads != 1)}" if len(session.threads) > 1 else case.name
    placed = tuple(sorted(rated, key=lambda row: _place(row, ranking)))
    return Findings(case, threads, title, units, steps, placed, ranking, floors, by_step)


def _asked(session: Session, case: Case) -> list[str]:
    """Who has a job on the case: one that lacks all of its steps has none, and no row."""
    asked = {job.implementation for job in session.jobs if job.case == case.name}
    return [name for name in session.implementations if name in asked]


def contest(rows: Sequence[Row], figure: str, floors: Mapping[str, float]) -> stats.Ranking:
    """The contestants by any figure, told apart beyond its noise floor."""
    return stats.rank({row.name: row.blocks[figure] for row in rows if row.contest and not row.why}, floors.get(figure, stats.FLOOR))


def _row(session: Session, case: Case, name: str, runs: Sequence[Run], blocks: Mapping[str, Mapping[int, float]]) -> Row:
    mine = tuple(run for run in runs if run.implementation == name)
    given = next((set(j.steps) for j in session.jobs if j.implementation == name and j.case == case.name), None)
    lacks = tuple(s.name for s in steps_of(case, session.steps) if given is not None and s.name not in given)
    dependencies = session.facts.get(name, {}).get("dependencies")
    inside = str(dependencies.get("inside") or "") if isinstance(dependencies, Mapping) else ""
    why, fate = _why(mine, lacks)
    return Row(
        name, name.partition("/")[0], mine[0].track if mine else None, mine[0].contest if mine else True, inside,
        Counter(run.outcome for run in mine if run.kind == "timed"), why, fate, lacks, mine,
        {f: stats.summarise([*b.values()]) for f, b in blocks.items() if b}, blocks, None, _interruptions(mine),
    )  # fmt: skip


def _why(runs: Sequence[Run], lacks: Sequence[str]) -> tuple[str, str] | tuple[None, None]:
    checked = next((run.outcome for run in runs if run.kind == "verify" and run.outcome != "ok"), None)
    if checked:
        return f"{FATES[checked]} in verification", FATES[checked]
    timed = [run for run in runs if run.kind == "timed"]
    worst = next((fate for fate in FATES if any(run.outcome == fate for run in timed)), None)
    if worst:
        return f"{FATES[worst]} in {sum(r.outcome == worst for r in timed)} of {len(timed)} blocks", FATES[worst]
    if lacks:
        return f"lacks {', '.join(lacks)}", "lacks steps"
    if not timed:
        return "no timed run yet", "not run"
    return (None, None) if any(map(stats.counts, timed)) else ("every run is suspect", "suspect")


def failed_alike(runs: Sequence[Run]) -> list[tuple[tuple[Outcome, str, str, str], list[Run]]]:
    """What failed alike: outcome, label, case and reason, with its runs; the gravest first."""
    alike: dict[tuple[Outcome, str, str, str], list[Run]] = {}
    for run in runs:
        if run.outcome != "ok":
            alike.setdefault((run.outcome, run.label, run.case, run.reason or "no reason given"), []).append(run)
    return sorted(alike.items(), key=lambda item: (list(FATES).index(item[0][0]), item[0][1:]))


def _interruptions(runs: Sequence[Run]) -> Interruptions:
    good = [run for run in runs if stats.counts(run)]
    pauses = [run.pauses for run in good if run.pauses]
    numbers = [p.count for p in pauses if p.count is not None]
    return Interruptions(
        pauses[0].collector if pauses else None,
        median(numbers) if numbers else None,
        max((span.wall_ns for p in pauses for span in p.events), default=None),
        max((run.stalls.max_over_ns for run in good if run.stalls), default=None),
        max((run.control.max_over_ns for run in good if run.control), default=None),
    )


def _rated(row: Row, ranking: stats.Ranking, rows: Sequence[Row]) -> Row:
    """The row with its ratio to the fastest contestant; yardsticks and the rest get one too where they have a total."""
    if not ranking.order or row.name == ranking.order[0]:
        return row
    base = next(r for r in rows if r.name == ranking.order[0])
    return replace(row, ratio=stats.compare(base.name, row.name, base.blocks["total_s"], row.blocks["total_s"]))


def _place(row: Row, ranking: stats.Ranking) -> tuple[bool, bool, float, str]:
    total = row.figures.get("total_s")
    return not row.contest, row.name not in ranking.order, total.centre if total else float("inf"), row.name
