"""Mistakes of a person: exit code 2 and one line that says what is wrong and what to try, never a traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bench_command import Bench, Done
from planted import ask, select, session_of

from harness import store

pytestmark = pytest.mark.sessions


@pytest.fixture(scope="module")
def no_session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mistakes") / "notes.txt"
    path.write_text("not a session")
    return path


MISTAKES = {
    "workload": (["run", "-w", "sorting"], "no workload 'sorting'; there are: count"),
    "case": (["run", "-w", "count", "-c", "huge"], "no case matches 'huge'; there are: tiny"),
    "implementation": (["run", "-w", "count", "-s", "fake/zig"], "no implementation matches 'fake/zig'; there are: fake/crash"),
    "implementation to build": (["build", "-s", "zig/*"], "no implementation matches 'zig/*'; there are:"),
    "parameter": (["run", "-w", "count", "-p", "depth=3"], "case 'tiny' has no parameter 'depth'; it has: rows, k, loops, linger_ms"),
    "parameter's form": (["run", "-w", "count", "-p", "rows"], "write it as NAME=VALUE"),
    "parameter's type": (["run", "-w", "count", "-p", "rows=many"], "'many' is of another type than '3000'"),
    "threads": (["run", "-w", "count", "--threads", "4096"], "take --threads"),
    "nothing said": (["run"], "say what to run with --workload NAME; there are: count"),
    "no results": (["plot", "nowhere"], "nowhere is no session and holds none; sessions are made by: bench run"),
    "file to plot": (["plot", "{file}"], "is no session and holds none"),
    "file to show": (["show", "{file}"], "is no session and holds none"),
    "file to resume": (["run", "--resume", "{file}"], "is no session"),
    "out below a file": (
        ["run", "-w", "count", "--engine", "local", "-s", "fake/honest", "--out", "{file}/s"],
        "choose another folder with --out",
    ),
    "out in /proc": (
        ["run", "-w", "count", "--engine", "local", "-s", "fake/honest", "--out", "/proc/s"],
        "choose another folder with --out",
    ),
}


def one_line(done: Done, *, code: int = 2) -> str:
    assert (done.code, done.out) == (code, ""), done.err
    assert done.err.count("\n") == 1, done.err
    return done.err.removesuffix("\n")


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_answered_in_one_line(bench: Bench, no_session: Path, mistake: str) -> None:
    arguments, answer = MISTAKES[mistake]
    line = one_line(bench(*[a.format(file=no_session) for a in arguments]))
    assert line.startswith("bench: ") and answer in line


BREAKAGES: dict[str, tuple[str, Callable[[str], str], str]] = {
    "impl.toml without a key": ("impls/fake/honest/impl.toml", lambda t: t.replace("summary", "sumary", 1), "honest/impl.toml"),
    "impl.toml that is no TOML": ("impls/fake/honest/impl.toml", lambda t: t + "track track", "honest/impl.toml: not TOML"),
    "impl.toml of no workload": (
        "impls/fake/honest/impl.toml",
        lambda t: t.replace("workloads.count", "workloads.cuont"),
        "no such workload",
    ),
    "workload.toml without a key": ("workloads/count/workload.toml", lambda t: t.replace("unit =", "units ="), "count/workload.toml"),
    "workload.toml that is no TOML": ("workloads/count/workload.toml", lambda t: "[" + t, "count/workload.toml: not TOML"),
    "workload.toml of a wrong type": ("workloads/count/workload.toml", lambda t: t.replace("= 256", '= "256"'), "memory_mb"),
    "language.toml without a key": ("impls/fake/language.toml", lambda t: t.replace("title", "titel"), "fake/language.toml"),
    "a recipe with an unknown placeholder": (
        "impls/fake/language.toml",
        lambda t: t.replace("{impl}", "{implementation}"),
        "no such placeholder; there are: {build}",
    ),
    "a recipe with a brace too many": ("impls/fake/language.toml", lambda t: t.replace("{impl}", "{impl"), "write a brace"),
}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_broken_file_is_named_in_one_line(own_bench: Bench, breakage: str) -> None:
    name, change, answer = BREAKAGES[breakage]
    path = own_bench.root / name
    path.write_text(change(path.read_text()))
    line = one_line(own_bench("list"))
    assert line.startswith(f"bench: {path}: ") and answer in line and ";" in line


def test_an_empty_checkout_is_named(own_bench: Bench) -> None:
    shutil.rmtree(own_bench.root / "impls")
    assert "run inside a checkout or set BENCH_ROOT" in one_line(own_bench("list"))


def test_a_damaged_session_is_named_with_its_line(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "session"
    session_of(bench("run", *ask("local"), *select("honest"), "--blocks", "1", "--out", folder), folder)
    path = folder / store.RUNS
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first[:100] + b"\n" + second)
    assert f"{path}:1: " in one_line(bench("show", folder))
    (folder / store.SESSION).write_text('{"schema": 99}')
    assert "use a newer one" in one_line(bench("plot", folder))


def test_the_command_as_a_shell_starts_it(bench: Bench) -> None:
    """The other tests fork; this one has the interpreter begin from nothing."""
    world = {**os.environ, "BENCH_ROOT": str(bench.root)}
    command = [sys.executable, "-m", "harness.cli", "run", "--workload", "sorting"]
    done = subprocess.run(command, env=world, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1])
    assert (done.returncode, done.stderr) == (2, "bench: no workload 'sorting'; there are: count, doubling, keep\n")
