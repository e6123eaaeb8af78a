"""The report on made-up sessions: golden pages, honest words, plots that hold their labels and repeat to the byte.

After a wanted change of the pages: BENCH_GOLDEN=write python -m pytest tests/test_report.py, then read the difference.
"""

import io
import json
import os
import random
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import page_sessions
import polars as pl
import pytest
from report_sessions import KINDS, apart, fail, failed, runs, session
from rich.console import Console

from harness import stats
from harness.model import Cell, Claim, Comparison, Contrast, Run, Series, Session, Verdict, Word
from harness.report import claimed, plot_questions, plots, style, words
from harness.report.asked import asked
from harness.report.findings import findings
from harness.report.terminal import as_json, headline, render

GOLDEN = Path(__file__).parent / "golden"
FEW = ("rust/std", "go/std", "python/polars")


def page(made: Session, given: Sequence[Run], width: int = 80, warnings: Sequence[str] = (), **how: Any) -> str:
    out = io.StringIO()
    render(made, given, Console(file=out, width=width, soft_wrap=True, **how), warnings)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def golden(name: str, got: str) -> None:
    path = GOLDEN / name
    if os.environ.get("BENCH_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(got, encoding="utf-8")
    assert got == path.read_text(encoding="utf-8")


def rounded(value: Any) -> Any:
    """Floats to nine digits: the last ones are the mathematics library's."""
    match value:
        case float():
            return float(f"{value:.9g}")
        case Mapping():
            return {k: rounded(v) for k, v in value.items()}
        case list() | tuple():
            return [rounded(v) for v in value]
    return value


def troubled() -> tuple[Session, list[Run]]:
    """Most ways to go wrong in one session."""
    made = session()
    given = fail(runs(made), ["python/stdlib"], "timeout", "over its limit of 600 s")
    given = fail(given, ["go/std"], "oom", "out of memory at [8192 MiB]")
    given = [failed(r, "wrong", "q6: median_v3 is 3.1") if (r.implementation, r.block) == ("python/numpy", 3) else r for r in given]
    given = [
        replace(r, suspect=("its CPU was throttled for 9 ms",)) if (r.implementation, r.block) == ("rust/polars", 2) else r for r in given
    ]
    given = [replace(r, memory=Series(), anon_peak_bytes=None) if r.implementation == "python/duckdb" else r for r in given]
    return made, given


def paired(ratio: float, spread: float, names: Sequence[str] = ("rust/std", "go/std"), blocks: int = 10) -> tuple[Session, list[Run]]:
    """Two implementations whose totals stand in about that ratio."""
    made, rng = session(blocks, names), random.Random(4)

    def total(run: Run, seconds: float) -> Run:
        steady = [s for s in run.samples if not s.warmup and s.step != "load"]
        each = int(seconds / len(steady) * 1e9)
        return replace(run, samples=tuple(replace(s, wall_ns=each) if s in steady else s for s in run.samples))

    return made, [total(r, (ratio if r.implementation == names[1] else 1) * rng.lognormvariate(0, spread)) for r in runs(made)]


EDGES = {
    "unstarted": lambda: (session(3, FEW), []),
    "one_block": lambda: (session(1, FEW), runs(session(1, FEW))),
    "language_failed": lambda: (session(3, FEW), fail(runs(session(3, FEW)), ["go/std"], "crash", "signal 11")),
    "all_failed": lambda: (session(3, FEW), fail(runs(session(3, FEW)), FEW, "error", "internal: no")),
    "single": lambda: (session(3, ("rust/std",)), runs(session(3, ("rust/std",)))),
    "nobody": lambda: (session(3, ()), []),
    "yardstick_alone": lambda: (session(3, ("python/duckdb",)), runs(session(3, ("python/duckdb",)))),
    "no_memory": lambda: (
        session(2, FEW),
        [replace(r, memory=Series(), anon_peak_bytes=None, outside=None) for r in runs(session(2, FEW))],
    ),
    "troubled": troubled,
}


@pytest.mark.parametrize("width", [80, 200])
def test_page(width: int) -> None:
    made = session(cases=("1e6", "1e7"))
    golden(f"report-{width}.txt", page(made, runs(made), width))


def test_page_of_a_troubled_session() -> None:
    golden("report-troubled.txt", page(*troubled(), warnings=["runs.jsonl: the last line is torn [and] was dropped"]))


def test_json() -> None:
    golden("report.json", json.dumps(rounded(as_json(*troubled())), indent=1) + "\n")


@pytest.mark.parametrize("edge", EDGES)
def test_headlines_of_the_edges(edge: str) -> None:
    golden(f"headline-{edge}.txt", headline(*EDGES[edge]()) + "\n")


@pytest.mark.parametrize("edge", EDGES)
def test_edges_render_and_draw(edge: str, tmp_path: Path) -> None:
    made, given = EDGES[edge]()
    assert "Infinity" not in json.dumps(as_json(made, given), allow_nan=False)
    assert page(made, given).startswith(headline(made, given).splitlines()[0])
    for path in plots.draw(made, given, tmp_path):
        assert path.stat().st_size > 0
        if path.suffix == ".svg":
            ET.parse(path)


@pytest.mark.parametrize("width", [40, 80, 100, 132])
def test_tables_fit_the_width_and_lose_nothing(width: int) -> None:
    made = session()
    text = page(made, runs(made), width)
    table = [line for line in text.splitlines() if line.startswith(("rust", "go", "python", "───"))]
    assert max(map(len, table)) <= width
    assert "…" not in text
    assert text.count("control") == 2


def test_a_pipe_gets_no_codes_and_whole_lines() -> None:
    assert "\x1b" not in page(*troubled())
    assert "\x1b" in page(*troubled(), force_terminal=True)
    assert any(line.startswith("1e6: rust/std") and line.endswith("1 thread].") for line in page(*troubled()).splitlines())


def test_wrong_answers_come_first() -> None:
    assert headline(*troubled()).startswith("Wrong answers: python/numpy on 1e6.")


def test_a_wrong_verification_alone_bars_from_the_contest() -> None:
    made = session(3, FEW)
    given = [failed(r, "wrong", "q1") if r.implementation == "rust/std" and r.kind == "verify" else r for r in runs(made)]
    assert "rust/std (wrong answer in verification)" in headline(made, given)
    assert "rust/std" not in as_json(made, given)["cases"][0]["ranked"]


def test_the_fastest_is_named_only_beyond_the_floor() -> None:
    assert "rust/std (baseline) was fastest" in headline(*paired(1.5, 0.01))
    assert "no difference is shown" in headline(*paired(1.0, 0.05))
    assert "noise floor" in headline(*paired(1.02, 0.001))
    assert "can't say" in headline(*paired(1.5, 0.01, blocks=1))
    assert "only 3 blocks" in headline(*paired(1.5, 0.01, blocks=3))


def test_a_yardstick_never_wins_but_is_named_where_it_leads() -> None:
    made, given = paired(0.5, 0.01, ("rust/std", "python/duckdb"))
    assert "the yardstick python/duckdb" not in headline(made, given)  # one contestant: nothing to compare
    made, given = session(5), [replace(r, contest=r.implementation != "rust/std") for r in runs(session(5))]
    assert as_json(made, given)["cases"][0]["fastest"] != "rust/std"
    assert "the yardstick rust/std, outside the contest" in headline(made, given)


def test_surviving_some_blocks_is_no_place_in_the_contest() -> None:
    made = session(5, FEW)
    given = [failed(r, "timeout", "slow") if (r.implementation, r.block) == ("rust/std", 2) else r for r in runs(made)]
    assert "rust/std (time limit in 1 of 5 blocks)" in headline(made, given)


def test_lacked_steps_bar_from_the_total() -> None:
    made = session(3, FEW)
    jobs = tuple(replace(j, steps=j.steps[:-1]) if j.implementation == "go/std" else j for j in made.jobs)
    given = [replace(r, samples=r.samples[:-2]) if r.implementation == "go/std" else r for r in runs(made)]
    row = next(r for r in as_json(replace(made, jobs=jobs), given)["cases"][0]["implementations"] if r["implementation"] == "go/std")
    assert (row["total_s"], row["not_ranked_because"]) == (None, "lacks q10")


@pytest.mark.parametrize(
    ("low", "high", "said"), [(1.1, 1.2, "more"), (0.8, 0.9, "less"), (0.9, 1.1, "open"), (1.01, 1.2, "floor"), (None, None, "unknown")]
)
def test_standing(low: float | None, high: float | None, said: str) -> None:
    assert stats.standing(Comparison("a", "b", 1.0, low, high, 10)) == said


def test_equals_are_not_told_apart_more_often_than_the_level_allows() -> None:
    rng = random.Random(7)
    tables = [{name: {b: rng.lognormvariate(0, 0.1) for b in range(10)} for name in "abcd"} for _ in range(300)]
    assert sum(not stats.rank(table).rivals for table in tables) <= 0.05 * len(tables)


def test_ranking_of_nothing() -> None:
    assert stats.rank({}).order == ()
    assert stats.rank({"a": {}}).rivals == ()


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.0, "0"), (0.01234, "0.0123"), (0.9999, "1.00"), (9.996, "10.0"), (99.96, "100"), (1234.5, "1,234"), (None, "–")],
)
def test_numbers(value: float | None, said: str) -> None:
    assert words.number(value) == said


@pytest.mark.parametrize(
    ("text", "said"), [("10.0 ms", "10 ms"), ("1.50 s", "1.5 s"), ("500 ms", "500 ms"), ("0.200", "0.2"), ("1,000", "1,000")]
)
def test_axis_labels_drop_empty_digits(text: str, said: str) -> None:
    assert words.short(text) == said


def text_of(path: Path) -> str:
    return " ".join(ET.parse(path).getroot().itertext())


def test_plots_hold_their_labels_and_name_what_failed(tmp_path: Path) -> None:
    made, given = troubled()
    drawn = {p.name: p for p in plots.draw(made, given, tmp_path / "new" / "plots")}
    for name in ("overview-1e6", "steps-1e6", "throughput-1e6", "memory-1e6", "peak-1e6", "phases-1e6", "builds"):
        assert {f"{name}.svg", f"{name}.png", f"{name}.csv"} <= drawn.keys()
        text = text_of(drawn[f"{name}.svg"])
        assert all(implementation in text for implementation in KINDS), name
        assert "outside the contest" in text
        if name != "builds":
            assert "out of memory" in text and "time limit" in text
    assert "rust/std was fastest" in text_of(drawn["overview-1e6.svg"])
    assert "wrong answer in 1 of 10 blocks" in text_of(drawn["overview-1e6.svg"])


def test_the_same_data_gives_the_same_bytes(tmp_path: Path) -> None:
    made = session(3, FEW)
    first, second = (plots.draw(made, runs(made), tmp_path / name) for name in ("a", "b"))
    assert [p.name for p in first] == [p.name for p in second]
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(first, second, strict=True))


def test_every_sample_is_in_the_data(tmp_path: Path) -> None:
    made = session(3, FEW)
    plots.draw(made, runs(made), tmp_path)
    data = pl.read_csv(tmp_path / "steps-1e6.csv")
    assert data.height == 3 * len(FEW) * 10 * 2
    assert data["warmup"].sum() == data.height // 2


def test_a_step_is_led_only_beyond_its_own_noise_floor() -> None:
    made = page_sessions.session(10, ("rust/std", "go/std"), ("1e6",))
    given = page_sessions.runs(made)

    def led(by: float) -> str:
        """What is said where the second arm, the same program, takes so many times as long in the first step."""
        noisy = [
            replace(r, samples=tuple(replace(s, wall_ns=int(s.wall_ns * by)) if s.step == "q1" else s for s in r.samples))
            if r.arm == "again" else r
            for r in given
        ]  # fmt: skip
        with style.styled():
            return " ".join(plot_questions.draw(made, findings(made, noisy)[0])[0].get_suptitle().split())

    assert led(1) == "1e6, seconds a step: rust/std fastest on 10 of 10"
    assert led(100) == "1e6, seconds a step: rust/std fastest on 9 and none shown to be fastest on 1 of 10"


CONTRAST = Contrast("size", "groupby", ("*",), "seconds", "rust/std", "go/std", least=1.1)


def claim_by(*metrics: str) -> Claim:
    contrasts = tuple(replace(CONTRAST, metric=metric) for metric in metrics)
    return Claim("X01", "title", "section", "hypothesis", "all", 10, contrasts, (), (), "sha256:1")


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        (("seconds", "peak_memory"), "at least 10 blocks"),
        (("build_clean_seconds",), "at least 3 clean builds a side"),
        (("code_lines", "code_tokens"), "counted, not sampled"),
        (("code_lines", "seconds"), "at least 10 blocks and counted, not sampled"),
        ((), "at least 10 blocks"),
    ],
)
def test_a_claim_asks_for_what_its_metrics_are_judged_on(metrics: Sequence[str], said: str) -> None:
    assert asked(claim_by(*metrics)) == said


def evidence(metric: str, word: Word, p: float | None, **of_cell: Any) -> str:
    """What `bench claims X01` prints of one cell."""
    claim, out = claim_by(metric), io.StringIO()
    cell = Cell(claim.contrasts[0], "s", None, word, "why", Comparison("go/std", "rust/std", 1.5, None, None, 4), p=p, **of_cell)
    claimed.evidence(Verdict(claim, word, "why", (cell,), None, p, p, 4), Console(file=out, width=200))
    return out.getvalue()


def test_the_evidence_speaks_of_builds_where_those_are_judged() -> None:
    said = evidence("build_clean_seconds", "inconclusive", None, needed=7)
    assert "Rule: all; at least 3 clean builds a side." in said and "about 7 clean builds a side would decide it" in said
    assert "blocks" not in said
    assert "about 7 blocks would decide it" in evidence("seconds", "inconclusive", None, needed=7)


def test_the_evidence_of_a_count_has_no_p() -> None:
    said = evidence("code_lines", "supported", 0.0, exact=True)
    assert "ratio 1.50, counted\n" in said and "programs that we wrote" in said and "after Holm" not in said
    assert "p 0.01, after Holm" in evidence("seconds", "supported", 0.01)


def test_odd_case_names_make_file_names(tmp_path: Path) -> None:
    made = session(1, ("rust/std",))
    name = "1e6[k=10,na=5]"
    odd = replace(made, cases=(replace(made.cases[0], name=name),))
    drawn = plots.draw(odd, [replace(r, case=name) for r in runs(made)], tmp_path)
    assert "overview-1e6-k=10-na=5.svg" in {p.name for p in drawn}


def test_languages_differ_without_colour() -> None:
    looks = [style.look(language) for language in ("python", "go", "rust")] + [style.look("python", contest=False)]
    assert len({x.marker for x in looks}) == len({x.colour for x in looks}) == len(looks)
    assert style.look("zig") == style.look("zig")


# --- cases with steps of their own


def test_a_case_shows_its_own_steps_and_those_that_were_asked_for_it() -> None:
    made = apart()
    first, second = findings(made, runs(made))
    assert (first.steps, second.steps) == (("q1",), ("q2", "q3"))
    assert {row.name for row in first.rows} == set(KINDS)
    assert {row.name for row in second.rows} == set(KINDS) - {"go/std"}
    assert {row.name: row.why for row in second.rows if row.lacks} == dict.fromkeys(("rust/polars", "python/polars"), "lacks q3")
    assert not any(row.lacks for row in first.rows)
    text = page(made, runs(made), width=120)
    assert "go/std" in text.partition("1e7:")[0]
    assert set(as_json(made, runs(made))["cases"][1]["ranked"]) == {"python/stdlib", "python/numpy", "python/pandas", "rust/std"}


def test_plots_of_a_case_with_its_own_steps_hold_a_panel_a_step() -> None:
    made = apart()
    for found in findings(made, runs(made)):
        fig, data = plot_questions.draw(made, found)
        assert sum(bool(ax.get_title(loc="left")) for ax in fig.axes) == len(found.steps)
        assert set(data["step"]) == set(found.steps)


def test_what_reads_nothing_has_no_rate() -> None:
    made = session(2, FEW)
    given = [replace(r, samples=tuple(replace(s, units=0) if s.step == "load" else s for s in r.samples)) for r in runs(made)]
    for row in findings(made, given)[0].rows:
        assert "load_units_per_s" not in row.figures
        assert row.figures["units_per_s"].centre > 0 and row.figures["load_s"].centre > 0
    assert all(row["load_units_per_s"] is None for row in as_json(made, given)["cases"][0]["implementations"])
