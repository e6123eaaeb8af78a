"""Adding an implementation is adding one folder: every command knows it, and no other file was touched."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from bench_command import Bench

from harness import store

pytestmark = pytest.mark.sessions
IMPL = """\
track = "tuned"
summary = "came one folder late"
contest = false
quick = true

[workloads.count]
source = ["main.py"]

[runtime]
threads = "one"

[dependencies]

[ledger]
"""
MAIN = """\
from speaker import Honest

Honest().run()
"""


def good(bench: Bench, *arguments: str | Path) -> str:
    done = bench(*arguments)
    assert done.code == 0, done.err
    return done.out


def add_variant(root: Path) -> str:
    folder = root / "impls" / "fake" / "newcomer"
    folder.mkdir()
    (folder / "impl.toml").write_text(IMPL)
    (folder / "main.py").write_text(MAIN)
    return "fake/newcomer"


def add_language(root: Path) -> str:
    folder = root / "impls" / "late"
    (folder / "newcomer").mkdir(parents=True)
    for name in ("language.toml", "speaker.py"):
        shutil.copy(root / "impls" / "fake" / name, folder / name)
    (folder / "newcomer" / "impl.toml").write_text(IMPL)
    (folder / "newcomer" / "main.py").write_text(MAIN)
    return "late/newcomer"


def tracked(root: Path) -> dict[Path, bytes]:
    """Every file that a commit would hold."""
    made = {".bench", "results", "__pycache__"}
    return {p: p.read_bytes() for p in root.rglob("*") if p.is_file() and not made & set(p.parts)}


@pytest.mark.parametrize("add", [add_variant, add_language])
def test_every_command_knows_a_new_folder(own_bench: Bench, add: Any) -> None:
    root = own_bench.root
    before = tracked(root)
    name = add(root)
    added = root / "impls" / (name if add is add_variant else name.partition("/")[0])

    (listed,) = (i for i in json.loads(good(own_bench, "list", "--json"))["implementations"] if i["name"] == name)
    assert (listed["track"], listed["contest"], listed["summary"]) == ("tuned", False, "came one folder late")
    (built,) = json.loads(good(own_bench, "build", "--engine", "local", "--select", name, "--json"))
    assert (built["implementation"], built["outcome"]) == (name, "built")
    ask = ("--workload", "count", "--engine", "local", "--seed", "7", "--select", name)
    (verified,) = json.loads(good(own_bench, "verify", *ask, "--json"))
    assert (verified["implementation"], verified["outcome"]) == (name, "ok")
    good(own_bench, "run", *ask, "--select", "fake/honest", "--blocks", "1", "--no-aa", "--no-plot")
    (session,) = store.sessions(root / "results")
    assert [(r.implementation, r.outcome) for r in store.read_runs(session)[0] if r.implementation == name] == [(name, "ok")] * 2
    assert name in good(own_bench, "show", session)
    good(own_bench, "plot", root / "results")
    assert any(name in path.read_text() for path in (session / "plots").glob("*.csv"))
    assert {p: text for p, text in tracked(root).items() if added not in p.parents} == before
