"""The search for the highest rate, conducted: recorded apart, gone on with after a break, refused where there is nothing to search."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bench_command import Bench
from conftest import copy_of_fakes
from rich.console import Console

from harness import catalog, choosing, measure, pace, store
from harness.cli.common import kept
from harness.progress import Progress
from harness.report.reached import reached

pytestmark = [pytest.mark.sessions, pytest.mark.alone]
KEEPS_UP_TO = 900
SAYS = f"response=encoded([50_000_000 if (rate or 0) > {KEEPS_UP_TO} else 1_000_000] * 2000)"
"""What a generator would see of a server of that capacity; how long a phase takes does not matter to it."""
OBJECTIVE = 10_000_000


@pytest.fixture(scope="module", autouse=True)
def short_phases() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pace, "LEAST_S", 0.05)
        patch.setattr(pace, "MOST_S", 0.05)
        yield


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = copy_of_fakes(tmp_path_factory.mktemp("paced"))
    main = made / "docker" / "load-generator" / "main.py"
    main.write_text(main.read_text().replace("response=encoded(times)", SAYS))
    return made


@pytest.fixture(scope="module")
def searched(root: Path, data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rates") / "session"
    wanted = choosing.Ask(
        "doubling", "test", select=("fake/server_honest", "fake/server_wrong"), case=("paced", "share"), engine="local", seed=3,
        out=folder, highest_rate=OBJECTIVE,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCH_DATA", str(data_folder))
        return measure.fresh(catalog.load(root), wanted, Progress(Console(quiet=True)))


def test_the_rate_that_the_server_keeps_is_found(searched: Path) -> None:
    one = kept(searched)
    (row,) = reached(one.session, one.probes)  # What was wrong in verification, and a case without a rate, are not searched.
    assert (row.label, row.case, row.objective_ns) == ("fake/server_honest", "paced", OBJECTIVE)
    found = row.found
    assert found.settled and found.highest and found.below
    assert KEEPS_UP_TO / 1.021 <= found.highest <= KEEPS_UP_TO < found.below <= found.highest * 1.021
    assert (found.passed, found.requests, found.over, found.why) == (5, 10_000, 0, "2000 of 2000 took longer, 9 may")


def test_probes_stand_apart_and_sealed_each_with_a_schedule_and_a_rate_of_its_own(searched: Path) -> None:
    one = kept(searched)
    assert {run.kind for run in one.runs} == {"verify"} and not one.broken and not one.warnings
    assert {(run.kind, run.objective_ns, run.outcome) for run in one.probes} == {("probe", OBJECTIVE, "ok")}
    assert (searched / store.RATES).exists() and not (searched / store.FLOORS).exists()
    seeds = [run.seed for run in one.probes]
    assert len(set(seeds)) == len(seeds) and one.session.seed not in seeds
    first, *rest = one.probes
    assert first.params["share"] == 0.5 and "rate" not in first.params and all("share" not in run.params for run in rest)
    assert [[s.latency.arrivals for s in run.samples if s.latency] for run in (first, rest[0])] == [["closed", "poisson"], ["poisson"] * 2]
    assert not list((searched / "requests").glob("rate-*"))


def test_a_search_that_was_broken_off_goes_on(searched: Path, root: Path, data_folder: Path, tmp_path: Path) -> None:
    lines = (searched / store.RATES).read_bytes().splitlines(keepends=True)
    other = tmp_path / "session"
    other.mkdir()
    for name in (store.SESSION, store.RUNS):
        (other / name).write_bytes((searched / name).read_bytes())
    (other / store.RATES).write_bytes(b"".join(lines[:-2]) + b'{"seal":"torn')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCH_DATA", str(data_folder))
        measure.resume(catalog.load(root), other, Progress(Console(quiet=True)), highest_rate=OBJECTIVE)
    one, before = kept(other), kept(searched)
    assert [run.job for run in one.probes] == [run.job for run in before.probes]
    assert reached(one.session, one.probes)[0].found.settled and not one.broken


def test_both_searches_go_together_and_leave_out_the_blocks() -> None:
    wanted = choosing.Ask("doubling", "test", memory_floor=True, highest_rate=OBJECTIVE)
    assert [search.file for search in wanted.searches] == [store.FLOORS, store.RATES] == list(store.PROBES)
    assert wanted.timed_blocks == 0 and choosing.Ask("doubling", "test", highest_rate=OBJECTIVE, blocks=3).timed_blocks == 3


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("-w", "doubling", "-c", "paced", "--highest-rate", "soon"), "--highest-rate soon: write the objective"),
        (("-w", "doubling", "-c", "paced", "--highest-rate", "10"), "as a number with its unit, e.g. 10ms or 500us"),
        (("-w", "doubling", "-c", "paced", "--highest-rate", "5s"), "take an objective from 100us to 200ms"),
        (("-w", "doubling", "-c", "share", "--highest-rate", "10ms"), "at a rate; take one of these with --case: paced"),
        (("-w", "count", "--highest-rate", "10ms"), "at a rate; this workload has none"),
        (("--claim", "T1", "--highest-rate", "10ms"), "leave out --highest-rate"),
        (("--resume", "nowhere", "--highest-rate", "ten"), "--highest-rate ten: write the objective"),
    ],
)
def test_a_mistake_is_answered_in_one_line(bench: Bench, words: tuple[str, ...], answer: str) -> None:
    done = bench("run", *words)
    assert done.code == 2 and answer in done.err and done.err.count("\n") == 1, done.err
