"""The search for the least memory, conducted: recorded apart, gone on with after a break, told in the report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from bench_command import Bench
from planted import ask
from rich.console import Console

from harness import catalog, choosing, measure, store
from harness.cli.common import kept
from harness.memory_floor import MIB
from harness.progress import Progress
from harness.report.held import held

NAMES = ("fake/honest", "fake/plus50mb")
pytestmark = pytest.mark.sessions


@pytest.fixture(scope="module")
def searched(bench: Bench, data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """On local processes, whose limit is watched and not the kernel's: what the command refuses will do for a test."""
    folder = tmp_path_factory.mktemp("probing") / "session"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choosing, "check_limits", lambda *_: None)
        patch.setenv("BENCH_DATA", str(data_folder))
        wanted = choosing.Ask("count", "test", select=NAMES, engine="local", seed=3, out=folder, memory_floor=True)
        return measure.fresh(catalog.load(bench.root), wanted, Progress(Console(quiet=True)))


def test_what_holds_fifty_megabytes_more_needs_them(searched: Path) -> None:
    one = kept(searched)
    rows = {row.label: row.floor for row in held(one.session, one.probes)}
    assert all(floor.settled and floor.least and floor.below for floor in rows.values())
    more = (rows["fake/plus50mb"].least or 0) - (rows["fake/honest"].least or 0)
    assert 35 * MIB < more < 65 * MIB
    assert {floor.fate for floor in rows.values()} == {"oom"}


def test_probes_stand_apart_and_sealed(searched: Path) -> None:
    one = kept(searched)
    assert {run.kind for run in one.runs} == {"verify"} and len(one.runs) == len(one.session.jobs)
    assert {run.kind for run in one.probes} == {"probe"} and not one.broken and not one.warnings
    path = searched / store.FLOORS
    changed = path.read_bytes().replace(b'"outcome":"oom"', b'"outcome":"ok"', 1)
    whole = path.read_bytes()
    try:
        path.write_bytes(changed)
        assert "was changed after it was written" in store.seals(searched)[0]
    finally:
        path.write_bytes(whole)


def test_a_search_that_was_broken_off_goes_on(searched: Path, bench: Bench, data_folder: Path, tmp_path: Path) -> None:
    lines = (searched / store.FLOORS).read_bytes().splitlines(keepends=True)
    other = tmp_path / "session"
    other.mkdir()
    for name in (store.SESSION, store.RUNS):
        (other / name).write_bytes((searched / name).read_bytes())
    (other / store.FLOORS).write_bytes(b"".join(lines[:3]) + b'{"seal":"torn')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choosing, "check_limits", lambda *_: None)
        patch.setenv("BENCH_DATA", str(data_folder))
        measure.resume(catalog.load(bench.root), other, Progress(Console(quiet=True)), memory_floor=True)
    probes, _ = store.read_runs(other, store.FLOORS)
    first = [replace(run, session="") for run in store.read_runs(searched, store.FLOORS)[0]][:3]
    assert [replace(run, session="") for run in probes[:3]] == first
    assert all(row.floor.settled for row in held(store.read_session(other), probes))
    assert store.seals(other) == ()


def test_without_containers_it_is_refused(bench: Bench, tmp_path: Path) -> None:
    done = bench("run", *ask("local"), "--memory-floor", "--out", tmp_path / "session")
    assert done.code == 2 and "--memory-floor needs containers" in done.err and not (tmp_path / "session").exists()


def test_without_containers_a_case_with_a_limit_of_each_ones_own_is_refused(bench: Bench, tmp_path: Path) -> None:
    done = bench("run", *ask("local"), "--case", "tight", "--out", tmp_path / "session")
    assert done.code == 2 and "case 'tight' needs containers" in done.err and not (tmp_path / "session").exists()
