"""The page of a server under load: its response times beside the naive ones, what its slow requests fell on, and their figure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from page_sessions import KNOWN, judgement, runs, session
from report_sessions import KINDS
from test_page import Outline

from harness import stats
from harness.model import Blame, Latency, Recovery, Run, Sample, Turn
from harness.report import page
from harness.report.findings import findings
from harness.report.page.served import RECOVERY
from harness.report.page.served import latency as table
from harness.report.words import UNKNOWN

MS = 1_000_000
NAMES = tuple(KINDS)[:3]


def latency(milliseconds: float, promptness: int = 1000) -> Latency:
    """2,000 answers of an open loop of which every 50th waited ten times as long, which shows from the due instant alone."""
    each = np.full(2000, round(milliseconds * MS))
    waited = np.where(np.arange(2000) % 50, each, 10 * each)
    response, service, lateness = (stats.histogram(map(int, ns)).encode().decode() for ns in (waited, each, each // promptness))
    return Latency("poisson", 500.0, 2000, 2000, {}, {"200": 2000}, 0, 7, response, service, lateness)


BLAME = (
    Blame("collector", 4, 40 * MS, 2000, 60, 20, 15, 12, 1 / 1001, 10 * MS, 2 * MS),
    Blame("runtime", 0, 0, 2000, 0, 20, 0, 0, None, 10 * MS, 10 * MS),
)


def served(run: Run, promptness: int = 1000) -> Run:
    def steady(sample: Sample) -> Sample:
        if sample.warmup or sample.step == "load":
            return sample
        return replace(sample, latency=latency(1 + run.block / 10, promptness), blame=BLAME)

    return replace(run, samples=tuple(map(steady, run.samples)))


@pytest.fixture(scope="module")
def outline() -> Outline:
    made = session(3, NAMES, ("1e6",))
    recorded = [served(run) for run in runs(made)]
    return Outline(page.html(page.Material(made, recorded, judgement(made, recorded), KNOWN)))


def test_the_naive_percentile_stands_beside_the_true_one(outline: Outline) -> None:
    """p99 of 1.1, 1.2, 1.3 ms and ten times that: geometric means 1.2 and 12."""
    at = outline.text.index("rows of response times") if "rows of response times" in outline.text else outline.text.index("naive p99 ms")
    said = outline.text[at : at + 1500]
    assert "12.0 (" in said and "1.20 (" in said


def test_a_percentile_in_which_the_generator_was_late_is_left_out() -> None:
    """Late by a tenth of the 1.1 to 1.3 ms of the median: too much there, and nothing to the 99th percentile of ten times as long."""
    made = session(3, NAMES, ("1e6",))
    (found,) = findings(made, [served(run, 10) for run in runs(made)])
    headings, lines = table(found)
    told = dict(zip(headings, [cell.text for cell in lines[0].cells], strict=True))
    assert told["p50 ms (95 %)"] == UNKNOWN and told["p99 ms (95 %)"].startswith("12.0 (")


def test_a_rate_that_fell_has_columns_of_its_own() -> None:
    """A second at 1,500 and then 500: 2 s, where an ideal queue takes one; 800 of 1,000 answers a second; one invocation outlasted it."""
    made = session(3, NAMES, ("1e6",))

    def fell(run: Run) -> Run:
        recovery = Recovery(800, 700, 2000 * MS, run.block == 2)
        return replace(
            run,
            samples=tuple(
                replace(s, latency=replace(s.latency, rate=1500.0, turn=Turn(1000 * MS, 500.0, 1000.0), recovery=recovery))
                if s.latency
                else s
                for s in run.samples
            ),
        )

    recorded = [served(run) for run in runs(made)]
    (plain,), (found,) = (findings(made, all_runs) for all_runs in (recorded, [fell(run) for run in recorded]))
    assert not set(RECOVERY) & set(table(plain)[0])
    headings, lines = table(found)
    assert tuple(headings[-len(RECOVERY) :]) == RECOVERY and {len(one.cells) for one in lines} == {len(headings)}
    cells = [cell.text for cell in lines[0].cells]
    assert cells[0] == "1.50 k, then 500"
    goodput, backlog, seconds, ideal, outlasted = cells[-len(RECOVERY) :]
    assert (goodput[:5], backlog, seconds[:4], ideal[:4]) == ("0.800", "700", "2.00", "2.00")
    assert outlasted == "10 of 30", "ten steps a block"


def test_what_the_slow_requests_fell_on_is_told_with_its_lift(outline: Outline) -> None:
    """15 of 20 slow ones and 60 of 2,000 in all: 75 %, 3 %, 25 times."""
    assert "collector" in outline.text and "75 %" in outline.text and "3 %" in outline.text
    assert "percentiles-1-1e6.csv" in outline.data


def test_the_figure_s_data_go_as_deep_as_requests_bear(outline: Outline) -> None:
    """Ten must lie beyond, of an invocation's requests or of those of all three together."""
    lines = outline.data["percentiles-1-1e6.csv"].decode().splitlines()[1:]
    rows = [line.split(",") for line in lines]
    alone = [float(quantile) for _, block, _, quantile, _ in rows if block]
    together = [float(quantile) for _, block, _, quantile, _ in rows if not block]
    each = 2000 * sum(bool(s.blame) for s in served(runs(session(1, NAMES, ("1e6",)))[-1]).samples)
    assert 0.99 < max(alone) <= 1 - 10 / each < max(together) <= 1 - 10 / (3 * each)
    assert {start for _, _, start, _, _ in rows} == {"due", "sent", "generator"}


def test_causes_are_counted_over_all_runs_that_count() -> None:
    made = session(3, NAMES, ("1e6",))
    mine = [served(run) for run in runs(made) if run.implementation == NAMES[0] and run.kind == "timed"]
    steps = sum(bool(s.blame) for s in mine[0].samples)
    collector, runtime = stats.causes([*mine, replace(mine[0], outcome="wrong")])
    assert (collector.phases, collector.rare, collector.tested) == (len(mine) * steps,) * 3
    assert (collector.slow_share, collector.share, collector.lift) == (0.75, 0.03, 25.0)
    assert (collector.p99_s, collector.without_s) == (pytest.approx(0.010), pytest.approx(0.002))
    assert (runtime.tested, runtime.lift) == (0, None)
