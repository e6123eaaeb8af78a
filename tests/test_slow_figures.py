"""Slow requests over pauses: which run and stretch is shown, what is kept of it, and that no records make no figure; and the page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from page_sessions import KNOWN, NOTHING
from served_sessions import Made, whole
from test_page import Outline
from test_report import text_of

from harness import blame, store
from harness.cli import common
from harness.report import page, plot_percentiles, plot_slow, plots
from harness.report.stretch import median, stretch


@pytest.fixture(scope="module")
def made() -> Made:
    return whole()


def part(made: Made, cases: Sequence[str], names: Sequence[str] = ("rust/std", "python/duckdb")) -> Made:
    """Of the session some cases and some servers: a page of all takes half a minute."""
    asked = [one for one in made.session.cases if one.name in cases]
    jobs = tuple(job for job in made.session.jobs if job.case in cases and job.implementation in names)
    session = replace(made.session, cases=tuple(asked), implementations=tuple(names), jobs=jobs)
    return Made(session, [run for run in made.runs if run.job in {job.id for job in jobs}], made.kept, ())


def test_the_run_shown_is_the_one_with_the_median_percentile(made: Made) -> None:
    for row in made.case("open-2000").rows:
        run, p99 = median(row), row.blocks["response_p99_s"]
        assert run and p99[run.block] == sorted(p99.values())[1]


def test_every_slow_request_of_the_stretch_is_kept(made: Made) -> None:
    row = made.case("open-2000").row("python/stdlib")
    one = stretch(row, made.kept.get)
    assert one is not None
    frame = made.kept[one.run.job]
    begin, end = one.sample.start_ns, one.sample.start_ns + one.sample.wall_ns
    there = blame.requests(frame["intended_ns"].to_numpy(), frame["done_ns"].to_numpy()).between(begin, end)
    from_ns = begin + round(one.begin * 1e9)
    seen = there.between(from_ns, from_ns + round(one.length * 1e9))
    assert [at for at, _ in one.slow] == pytest.approx(((seen.due - from_ns) / 1e9)[seen.response / 1e9 > one.p99].tolist())
    assert one.slow and all(took > one.p99 for _, took in one.slow)
    assert one.others and all(low <= high <= one.p99 for *_, low, high in one.others)
    assert set(one.spans) == {"collector", "runtime", "machine"}
    assert all(0 <= first < last <= one.length for spans in one.spans.values() for first, last in spans)


def test_without_records_the_figure_is_left_out(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plots, "PLOTS", {})  # which have tests of their own
    monkeypatch.setattr(plot_percentiles, "borne", lambda found: False)
    few = part(made, ["open-1000"])
    names = {path.name for path in plots.draw(few.session, few.runs, tmp_path / "without")}
    once = plots.draw(few.session, few.runs, tmp_path / "once", made.kept.get)
    again = plots.draw(few.session, few.runs, tmp_path / "again", made.kept.get)
    assert {path.name for path in once} - names == {f"slow-open-1000.{kind}" for kind in ("svg", "png", "csv")}
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(once, again, strict=True))
    text = text_of(tmp_path / "once" / "slow-open-1000.svg")
    assert all(said in text for said in ("rust/std", "collector", "runtime", "machine", "there is none", "outside the contest"))


def test_a_closed_loop_has_no_slow_requests_figure(made: Made) -> None:
    assert plot_slow.borne(made.case("closed"), made.kept.get) == {}
    assert plot_slow.telling(made.found, lambda job: None) is None


def test_records_that_are_not_there_or_spoilt_are_none(made: Made, tmp_path: Path) -> None:
    job, spoilt = made.runs[0].job, made.runs[1].job
    store.requests(tmp_path, job).parent.mkdir()
    made.kept[job].write_parquet(store.requests(tmp_path, job))
    store.requests(tmp_path, spoilt).write_bytes(b"PAR1 no more")
    records = common.records(tmp_path)
    found = records(job)
    assert found is not None and found.equals(made.kept[job])
    assert records(spoilt) is None and records("no-such-job") is None


def test_the_page_has_each_of_them_and_slow_requests_of_one_case(made: Made, tmp_path: Path) -> None:
    few = part(made, ["closed", "open-1000", "open-2000"])
    material = page.Material(few.session, few.runs, NOTHING, KNOWN, records=made.kept.get)
    page.write(tmp_path, material, put=lambda path, data: (path.write_bytes(data), None)[1])
    html, markdown = ((tmp_path / f"report.{kind}").read_text("utf-8") for kind in ("html", "md"))
    outline = Outline(html)
    kinds = [name.partition("-")[0] for name in outline.data]
    assert (kinds.count("load"), kinds.count("capacity"), kinds.count("slow")) == (1, 1, 1)
    assert "Response against load" in outline.text and "(report/load-1.svg)" in markdown and "slow requests" in markdown
    assert len(set(outline.ids)) == len(outline.ids)
    assert not outline.attributes["fill"]  # or a hatch would stay white on a dark screen
    assert "url(#slow" in html and set(re.findall(r"url\(#([^)]+)\)", html)) <= set(outline.ids)  # of hatches, which are told in styles
