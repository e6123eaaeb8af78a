"""The nouns: frozen records that know no I/O, and come back from JSON as they were."""

import ast
import dataclasses
import inspect
from pathlib import Path

import msgspec
import pytest
from makers import run, session

from harness import model
from harness.model import Run, Session

NOUNS = [c for _, c in inspect.getmembers(model, inspect.isclass) if dataclasses.is_dataclass(c)]


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.__name__)
def test_a_noun_is_frozen_has_slots_and_says_what_it_is(noun: type) -> None:
    assert noun.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert "__slots__" in vars(noun)
    assert noun.__doc__ and not noun.__doc__.startswith(f"{noun.__name__}("), "dataclass makes a signature of a missing docstring"


def test_nouns_have_no_methods() -> None:
    for noun in NOUNS:
        own = [
            n
            for n, f in vars(noun).items()
            if inspect.isfunction(f) and not n.startswith("__") and f.__qualname__.startswith(noun.__name__)
        ]
        assert [n for n in own if not n.startswith("_dataclass_")] == []


def test_the_nouns_import_nothing_that_reads_or_writes() -> None:
    trees = [ast.parse(p.read_text(encoding="utf-8")) for p in Path(model.__file__).parent.glob("*.py")]
    assert trees and not [n for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Import)]
    imported = {n.module or "" for tree in trees for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert {m for m in imported if not m.startswith("harness.model.")} <= {
        "__future__",
        "collections.abc",
        "dataclasses",
        "pathlib",
        "typing",
    }


def test_quantities_name_their_unit() -> None:
    """A bare `time` or `memory` would leave the reader guessing."""
    for noun in NOUNS:
        for field in dataclasses.fields(noun):
            assert field.name not in {"time", "duration", "wall", "size", "peak", "interval"}, f"{noun.__name__}.{field.name}"


@pytest.mark.parametrize(("noun", "kind"), [(run(), Run), (session(), Session)], ids=["run", "session"])
def test_a_record_comes_back_from_json_as_it_was(noun: object, kind: type) -> None:
    assert msgspec.json.decode(msgspec.json.encode(noun), type=kind) == noun


def test_a_run_carries_what_every_line_promises() -> None:
    promised = {"schema", "session", "implementation", "language", "track", "workload", "case", "seed", "block", "position", "outcome"}
    needed = {f.name for f in dataclasses.fields(Run) if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING}
    assert promised <= needed, "none of them may be left out by whoever makes a Run"


def test_what_was_not_measured_is_null_by_default() -> None:
    blank = run(start_ns=None, times=model.Times(), samples=())
    for name in ("started", "start_ns", "hello", "pauses", "stalls", "control", "usage", "outside", "anon_peak_bytes", "exit_code"):
        assert getattr(blank, name) is None
