"""Every implementation gives every right answer: on the small case, with missing values, sorted, with few groups, and on the real flights.

One suite for all of them; it finds them by itself. Locally those whose toolchain is here and that build quickly; in containers all,
but for what only the nightly job has the time to compile (quickly.py).
"""

from __future__ import annotations

from pathlib import Path

import pytest
import quickly
from rich.console import Console

from harness import building, catalog, choosing, measure, store
from harness.model import Params, Run, steps_of
from harness.progress import Progress

ROOT = Path(__file__).resolve().parent.parent
CATALOG = quickly.load(ROOT)
QUICK = [i.name for i in CATALOG.implementations.values() if i.quick]
ALL = [name for name in CATALOG.implementations if name not in quickly.NIGHTLY]
SMALL: list[tuple[str, str, Params]] = [
    ("groupby", "1e4", {}),
    ("groupby", "1e4", {"na": 5}),
    ("groupby", "1e4", {"k": 2, "na": 5, "sort": 1}),
    ("groupby", "flights", {}),
    ("csv-etl", "1x", {"spoilt": 5}),
    ("csv-etl", "1x-csv", {}),
    ("csv-etl", "1x-parquet", {}),
    ("csv-etl", "1x-ops", {}),
    ("batch-inference", "gbdt-32", {}),
    ("batch-inference", "gbdt-stream", {}),
    ("batch-inference", "gbdt-call-32", {}),
    ("batch-inference", "mlp-32", {}),
    ("batch-inference", "vad-32", {}),
    ("batch-inference", "vad-stream", {}),
    ("batch-inference", "ocr-cls-32", {"rows": 64}),
    ("batch-inference", "minilm-32", {"rows": 64}),
    ("request-server", "closed-0", {"seconds": 1, "warmup_seconds": 0.5}),
    ("request-server", "forward-32", {"seconds": 1, "warmup_seconds": 0.5}),
]


def able(names: list[str], workload: str, case: str) -> list[str]:
    """Those that take a step of the case."""
    spec = catalog.workload(CATALOG, workload)
    steps = {step.name for one in spec.cases if one.name == case for step in steps_of(one, spec.steps)}
    takes = {name: CATALOG.implementations[name].workloads.get(workload) for name in names}
    return [name for name, support in takes.items() if support and steps - set(support.lacks)]


def verified(engine: str, select: tuple[str, ...], workload: str, case: str, changes: Params) -> dict[str, Run]:
    ask = choosing.Ask(workload, "test", select=select, case=(case,), param=changes, engine=engine, seed=7, blocks=0)
    runs = measure.verify(CATALOG, ask, Progress(Console(quiet=True)))
    return {run.implementation: run for run in runs}


def assert_right(runs: dict[str, Run], names: list[str]) -> None:
    """That the load generator lagged is no fault of theirs: other tests run beside this one."""
    assert set(runs) == set(names)
    assert {name: run.reason for name, run in runs.items() if run.outcome != "ok"} == {}
    assert {name: doubts for name, run in runs.items() if (doubts := [why for why in run.suspect if "lagged" not in why])} == {}
    for run in runs.values():
        assert run.hello
        assert run.hello.language == run.language
        assert run.threads_seen == 1
        assert run.stalls and run.pauses and run.usage and run.control


@pytest.mark.impls
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("workload", "case", "changes"), SMALL)
def test_each_quick_implementation_is_right_on_the_local_toolchains(workload: str, case: str, changes: Params) -> None:
    engine = building.engine("local", ROOT, lambda _: None)
    here = [n for n in able(QUICK, workload, case) if not engine.lacks(CATALOG.languages[CATALOG.implementations[n].language])]
    assert_right(verified("local", tuple(here), workload, case, changes), here)


@pytest.mark.impls
@pytest.mark.timeout(1800)
def test_in_each_language_a_pass_waits_for_its_turn(tmp_path: Path) -> None:
    """One of each will do: waiting is the protocol package's."""
    engine = building.engine("local", ROOT, lambda _: None)
    here = [CATALOG.implementations[name] for name in able(QUICK, "groupby", "1e4")]
    chosen = {i.language: i.name for i in here if not engine.lacks(CATALOG.languages[i.language])}
    select = tuple(chosen.values())
    ask = choosing.Ask("groupby", "test", select, ("1e4",), engine="local", again=False, blocks=1, turns=True, out=tmp_path / "s")
    runs, _ = store.read_runs(measure.fresh(CATALOG, ask, Progress(Console(quiet=True))))
    assert {run.language for run in runs} == set(chosen)
    assert {(run.outcome, run.reason) for run in runs} == {("ok", None)}
    assert all(run.times.waited_ns for run in runs if run.kind == "timed")


@pytest.mark.docker
@pytest.mark.impls
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("workload", "case", "changes"), SMALL)
def test_each_implementation_is_right_in_its_container(workload: str, case: str, changes: Params) -> None:
    names = able(ALL, workload, case)
    runs = verified("docker", tuple(names), workload, case, changes)
    assert_right(runs, names)
    for run in runs.values():
        assert run.outside and run.outside.source.startswith("cgroup")


def test_every_workload_has_every_language_or_says_why_not() -> None:
    for name in CATALOG.workloads:
        languages = {i.language for i in CATALOG.implementations.values() if name in i.workloads and i.contest}
        assert languages == set(CATALOG.languages)


def test_the_code_that_an_implementation_names_is_there_and_locked() -> None:
    for impl in CATALOG.implementations.values():
        for support in impl.workloads.values():
            assert support.source
            assert [f for f in support.source if not (impl.folder / f).is_file()] == []
        dependencies = impl.facts["dependencies"]
        assert isinstance(dependencies, dict)
        assert [f for f in dependencies["lock"] if not (impl.folder / f).is_file()] == []
        assert not dependencies["direct"] or dependencies["lock"]


def test_every_ledger_says_what_it_was_reviewed_against() -> None:
    for impl in CATALOG.implementations.values():
        ledger = impl.facts["ledger"]
        assert isinstance(ledger, dict)
        assert ledger["reviewed"]
        for entry in ledger["reviewed"]:
            assert set(entry) == {"against", "finding"}
