"""Figures of servers under load: response against what was offered, and what a CPU second answers; from records alone."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from matplotlib.figure import Figure
from report_sessions import failed
from served_sessions import SERVERS, Made, whole

from harness.report import loads, plot_capacity, plot_load, style
from harness.report.findings import Findings, findings


@pytest.fixture(scope="module")
def made() -> Made:
    return whole()


def of(made: Made, **params: float) -> Findings:
    """The open loop at 1,000 a second, as if with other parameters."""
    one = made.case("open-1000")
    return replace(one, case=replace(one.case, params={**one.case.params, **params}))


def drawn(fig: Figure) -> str:
    """Its title on one line."""
    return " ".join(fig.get_suptitle().split())


# --- response against load


def test_a_load_is_the_cases_that_differ_in_rate_or_share_alone(made: Made) -> None:
    (load,) = loads.loads(made.found)
    assert [one.case.name for one in load.cases] == ["open-1000", "open-2000", "open-4000", "share-70", "share-150"]
    assert (load.name, load.closed) == ("", made.case("closed"))  # which ran for another time
    assert {row.name for row in load.rows} == set(SERVERS)
    assert not load.rows[-1].contest


def test_loads_are_named_by_what_tells_them_apart(made: Made) -> None:
    more = [of(made, rate=rate, store=5000) for rate in (10, 20)]
    first, second = loads.loads([*made.found, *more])
    assert (first.name, second.name) == ("store 1,000", "store 5,000")
    assert second.closed is None


def test_one_load_is_no_curve(made: Made) -> None:
    assert loads.loads([made.case("closed"), made.case("open-1000")]) == ()
    assert loads.loads([made.case("open-1000"), of(made, rate=20, store=5000)]) == ()
    assert loads.loads([]) == ()


def test_whoever_answers_less_than_is_offered_is_marked(made: Made) -> None:
    (load,) = loads.loads(made.found)
    with style.styled():
        fig, data = plot_load.draw(made.session, load)
    over = {(name, case) for name, case, _, full, *_ in data.rows() if full}
    assert over == {*((name, "share-150") for name in SERVERS), ("python/stdlib", "open-4000")}
    assert "answered less than was offered" in drawn(fig) and "at 2 k a second p99 from" in drawn(fig)
    assert data.height == len(SERVERS) * 5 and data["p99_s_low"].null_count() == 0
    assert data.filter(pl.col("implementation") == "rust/std")["closed"].unique().len() == 1


def test_a_load_that_was_not_borne_is_said_in_place(made: Made) -> None:
    broken = [failed(run, "crash", "gone") if (run.case, run.language) == ("open-4000", "go") else run for run in made.runs]
    (load,) = loads.loads(findings(made.session, broken))
    assert len(load.points("go/std")) == 4 and load.fates("go/std") == ["crash"]
    with style.styled():
        fig, _ = plot_load.draw(made.session, load)
    assert any("1 of 5 loads: crash" in text.get_text() for ax in fig.axes for text in ax.texts)


# --- answers a CPU second


def test_a_cpu_second_answers_the_inverse_of_what_an_answer_takes(made: Made) -> None:
    found = made.case("closed")
    with style.styled():
        fig, data = plot_capacity.draw(made.session, found)
    assert "rust/std spent the least CPU time an answer" in drawn(fig)
    assert data["implementation"].unique(maintain_order=True).to_list() == ["rust/std", "go/std", "python/stdlib", "python/duckdb"]
    for row in found.rows:
        mine = data.filter(pl.col("implementation") == row.name)["value"].to_list()
        assert mine == [pytest.approx(1 / spent) for _, spent in sorted(row.blocks["cpu_per_answer_s"].items())]
    assert plot_capacity.borne(found) and not plot_capacity.borne(made.case("open-1000"))
