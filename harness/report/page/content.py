"""Records, Judgement and Calibration -> Content: all that the page says, worked out once, for HTML and Markdown alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness import stats
from harness.model import Calibration, Exclusion, Judgement, Run, Session, Undecidable
from harness.report.findings import Findings, findings
from harness.report.headline import headline
from harness.report.held import Held, held
from harness.report.page import abilities, ledger, records, served, tables, verdicts
from harness.report.page.drawing import Drawing
from harness.report.page.figures import figures
from harness.report.page.text import anchors
from harness.report.reached import Reached, reached
from harness.report.stretch import Records, unkept

NO_ANSWER = "No answer is given: the records were changed after they were written."


@dataclass(frozen=True, slots=True)
class Material:
    """What a page is made of: the records with what is to be said of their files, what was judged of them, and how well that works.

    `probes` are the jobs of searches; `records` gives what was kept of a job's requests.
    """

    session: Session
    runs: Sequence[Run]
    judgement: Judgement
    calibration: Calibration
    warnings: Sequence[str] = ()
    undecidable: Sequence[Undecidable] = ()
    probes: Sequence[Run] = ()
    records: Records = unkept


@dataclass(frozen=True, slots=True)
class Answer:
    """A line of the headline in three parts: the claim itself, what follows it, and its conditions."""

    lead: str
    rest: str
    conditions: str


@dataclass(frozen=True, slots=True)
class CasePage:
    """One case: its findings as tables, and its figures by kind."""

    found: Findings
    params: str
    results: tuple[list[str], list[tables.Line]]
    steps: tuple[list[str], list[tables.Line]]
    phases: tuple[list[str], list[tables.Line]]
    latency: tuple[list[str], list[tables.Line]]
    blame: tuple[list[str], list[tables.Line]]
    figures: Mapping[str, Drawing]


@dataclass(frozen=True, slots=True)
class Content:
    """The page. `jobs` leads from a job's id to its anchor; a record of another session has none.

    Where the judgement is withheld there is neither answer nor case: whatever compares would be a verdict by another name.
    """

    session: Session
    answers: tuple[Answer, ...]
    warnings: tuple[str, ...]
    judgement: Judgement
    calibration: Calibration
    undecidable: tuple[Undecidable, ...]
    told: list[verdicts.Told]
    unmeasured: list[verdicts.Told]
    tally: list[tuple[str, int]]
    cases: list[CasePage]
    figures: Mapping[str, Drawing]
    drawn: list[Drawing]
    style: str
    runs: list[records.Recorded]
    total: int
    timed: int
    excluded: int
    exclusions: tuple[Exclusion, ...]
    failures: list[records.Failure]
    entries: list[ledger.Entry]
    machine: list[tuple[str, list[tuple[str, str]]]]
    states: list[ledger.State]
    abilities: abilities.Abilities | None
    memory_floors: list[Held]
    highest_rates: list[Reached]
    jobs: Mapping[str, str]
    tracks: Mapping[str, str]
    filters: Mapping[str, list[str]]


def gather(given: Material) -> Content:
    """Work all of it out and draw the figures."""
    session, runs, judgement = given.session, given.runs, given.judgement
    found = findings(session, runs)
    drawn, style = figures(session, runs, found, judgement, given.records)
    said = NO_ANSWER if judgement.withheld else headline(session, runs, found)
    cases = [] if judgement.withheld else [_case(session, one, number, drawn) for number, one in enumerate(found, 1)]
    tracks = records.tracks(session, runs)
    told = verdicts.told(judgement, tracks)
    jobs = anchors("run", (run.job for run in runs))
    timed = [run for run in runs if run.kind == "timed"]
    exclusions = judgement.exclusions or stats.exclusions(runs)
    return Content(
        session, _answers(said), tuple(given.warnings), judgement, given.calibration, tuple(given.undecidable),
        [t for t in told if t.verdict.word != "not measured"], [t for t in told if t.verdict.word == "not measured"], verdicts.tally(told),
        cases, {d.kind: d for d in drawn}, drawn, style,
        records.recorded(runs, jobs, exclusions), len(runs), len(timed), sum(not stats.counts(run) for run in timed), exclusions,
        records.failures(runs), ledger.entries(session, runs), ledger.environment(session), ledger.states(runs),
        abilities.abilities(session), [] if judgement.withheld else held(session, given.probes),
        [] if judgement.withheld else reached(session, given.probes), jobs, tracks,
        _filters(session, tracks, told),
    )  # fmt: skip


def _answers(text: str) -> tuple[Answer, ...]:
    return tuple(map(_answer, text.splitlines()))


def _answer(line: str) -> Answer:
    """`1e6: a was fastest; b took twice as long [95 % intervals, 10 blocks].` in its parts."""
    said, bracket, conditions = line.rpartition(" [")
    if not bracket:
        said, conditions = line, ""
    lead, mark, rest = said.partition("; ")
    return Answer(lead + ("" if mark or not bracket else "."), rest + "." * bool(rest and bracket), conditions.removesuffix("].").strip())


def _case(session: Session, found: Findings, number: int, drawn: Sequence[Drawing]) -> CasePage:
    params = ", ".join(f"{key} {value:,}" if isinstance(value, int) else f"{key} {value}" for key, value in found.case.params.items())
    own = {d.kind: d for d in drawn if d.key.startswith(f"{d.kind}-{number}-")}
    return CasePage(
        found, params, tables.results(found, session.unit), tables.steps(found), tables.phases(found), served.latency(found),
        served.blame(found), own,
    )  # fmt: skip


def _filters(session: Session, tracks: Mapping[str, str], told: Sequence[verdicts.Told]) -> dict[str, list[str]]:
    """What there is to choose from; a choice of one is none."""
    return {
        "workload": sorted({session.workload, *(c.workload for t in told for c in t.verdict.claim.contrasts)}),
        "language": sorted({name.partition("/")[0] for name in tracks} | {x for t in told for x in t.languages.split()}),
        "track": sorted({track for track in tracks.values() if track}),
    }
