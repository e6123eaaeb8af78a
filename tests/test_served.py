"""Servers with one known property each, under a load generator that says the truth: what each did is found and named."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from bench_command import Bench
from planted import one, select, session_of

from harness import stats, store
from harness.model import Run

pytestmark = [pytest.mark.sessions, pytest.mark.alone]
ASK = ("--workload", "doubling", "--engine", "local", "--seed", "7", "--no-aa", "--no-plot", "--blocks", "1")
FOUND = {
    "server_wrong": ("wrong", "closed: value is"),
    "server_changing": ("wrong", "answers differ from the first to the same body"),
    "server_failing": ("wrong", "answers with another status than 200"),
    "server_dies": ("crash", "exit code 3 after 'serving'"),
    "server_deaf": ("hang", "idle for"),
    "server_silent": ("hang", "idle for"),
    "server_forgets": ("wrong", "requests, "),
}


@pytest.fixture(scope="module")
def served(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Run]]:
    folder = tmp_path_factory.mktemp("served") / "session"
    done = bench("run", *ASK, *select("server_honest", *FOUND), "--case", "closed", "--time-limit", "6", "--out", folder)
    assert done.code == 1
    return folder, session_of(done, folder)[1]


def test_an_honest_server_is_measured(served: tuple[Path, list[Run]]) -> None:
    folder, runs = served
    for kind in ("verify", "timed"):
        run = one(runs, "server_honest", kind)
        assert (run.outcome, run.reason, run.suspect, run.exit_code) == ("ok", None, (), 0), run
    assert [(s.step, s.number, s.warmup) for s in run.samples] == [("load", 1, False), ("closed", 1, True), ("closed", 2, False)]
    latency = run.samples[-1].latency
    assert latency and latency.answered == latency.due == run.samples[-1].units and latency.statuses == {"200": latency.due}
    assert stats.figure(run, "response_p50_seconds") and stats.figure(run, "answers_per_second")
    assert run.stalls and run.pauses and run.usage
    kept = pl.read_parquet(folder / "requests" / f"{run.job}.parquet")
    assert kept.height == sum(s.units for s in run.samples if s.latency)
    assert (kept["done_ns"] >= kept["sent_ns"]).all() and not [p for p in folder.iterdir() if p.name.startswith(".traffic")]


@pytest.mark.parametrize("variant", FOUND)
def test_what_is_wrong_with_a_server_is_found_and_named(served: tuple[Path, list[Run]], variant: str) -> None:
    outcome, reason = FOUND[variant]
    run = one(served[1], variant)
    assert run.outcome == outcome, run.reason
    assert run.reason and reason in run.reason


def test_a_share_needs_no_warm_up_to_be_a_share_of(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "session"
    runs = session_of(bench("run", *ASK, *select("server_honest"), "--case", "share", "--out", folder), folder)[1]
    for kind, arrivals in (("verify", ["poisson"]), ("timed", ["closed", "poisson"])):
        run = one(runs, "server_honest", kind)
        assert run.outcome == "ok", run.reason
        assert [s.latency.arrivals for s in run.samples if s.latency] == arrivals
    rate = run.samples[-1].latency.rate if run.samples[-1].latency else None
    assert rate and rate > 0


def test_what_came_of_a_rate_that_fell_is_kept(bench: Bench, tmp_path: Path) -> None:
    """The generator here sends one request after the other and never has a backlog: what it was asked for is told all the same."""
    folder = tmp_path / "session"
    runs = session_of(bench("run", *ASK, *select("server_honest"), "--case", "fall", "--out", folder), folder)[1]
    for kind in ("verify", "timed"):
        run = one(runs, "server_honest", kind)
        assert run.outcome == "ok", run.reason
    latency = run.samples[-1].latency
    assert latency and latency.rate and latency.turn and latency.recovery
    assert latency.turn.after_ns == 200_000_000
    assert latency.turn.capacity == pytest.approx(latency.rate / 1.5) and latency.turn.to == pytest.approx(latency.rate / 3)
    assert latency.recovery.overloaded > 0 and latency.recovery.backlog <= 1
    assert stats.figure(run, "overload_goodput") == pytest.approx(latency.recovery.overloaded / 0.2 / latency.turn.capacity)


def test_too_few_requests_for_a_figure_are_shown_without_a_winner(bench: Bench, tmp_path: Path) -> None:
    """A median is borne by 20; of a response there is none here, so nothing is ranked."""
    few = ("--param", "bodies=2", "--param", "seconds=0.001", "--param", "warmup_seconds=0.001")
    done = bench("run", *ASK, *select("server_honest"), "--case", "share", *few, "--out", tmp_path / "session")
    assert (done.code, done.err.count("Traceback")) == (0, 0) and "server_honest" in done.out


def test_a_generator_that_can_not_be_built_is_the_users_to_mend(own_bench: Bench, tmp_path: Path) -> None:
    (own_bench.root / "docker" / "load-generator" / "main.py").write_text("(")
    done = own_bench("run", *ASK, *select("server_honest"), "--out", tmp_path / "session")
    assert done.code == 2 and "a fake load generator was not built" in done.err
    assert not (tmp_path / "session" / store.RUNS).exists()


def test_a_generator_that_leaves_a_phase_out_is_found(own_bench: Bench, tmp_path: Path) -> None:
    main = own_bench.root / "docker" / "load-generator" / "main.py"
    main.write_text(main.read_text().replace('enumerate(ask["phases"])', 'enumerate(ask["phases"][:-1])'))
    done = own_bench("run", *ASK, *select("server_honest"), "--out", tmp_path / "session")
    assert done.code == 2 and "the load generator is done after 0 of 1 passes" in done.err


def test_a_generator_that_loses_requests_is_found(own_bench: Bench, tmp_path: Path) -> None:
    main = own_bench.root / "docker" / "load-generator" / "main.py"
    main.write_text(main.read_text().replace("due=sent", "due=sent + 1"))
    done = own_bench("run", *ASK, *select("server_honest"), "--out", tmp_path / "session")
    assert done.code == 2 and "the load generator lost requests" in done.err


def test_a_generator_that_lags_voids_the_run(own_bench: Bench, tmp_path: Path) -> None:
    main = own_bench.root / "docker" / "load-generator" / "main.py"
    main.write_text(main.read_text().replace("lateness=encoded([1])", "lateness=encoded([900_000_000])"))
    folder = tmp_path / "session"
    runs = session_of(own_bench("run", *ASK, *select("server_honest"), "--case", "share", "--out", folder), folder)[1]
    assert all(run.outcome == "ok" and any("the load generator lagged" in why for why in run.suspect) for run in runs)
    assert stats.figure(runs[-1], "response_p50_seconds") is not None and not stats.counts(runs[-1])


def test_a_generator_that_dies_is_no_fault_of_the_server(own_bench: Bench, tmp_path: Path) -> None:
    main = own_bench.root / "docker" / "load-generator" / "main.py"
    main.write_text(main.read_text().replace('emit("connected"', 'sys.exit("no more files")\n    emit("connected"'))
    done = own_bench("run", *ASK, *select("server_honest"), "--out", tmp_path / "session")
    assert done.code == 2 and "the load generator ended in the middle: no more files" in done.err
