"""Every implementation of batch-inference refuses rows and models that are not as the spec has them, in one line, and never crashes.

Locally, those that build quickly, in batches of 32 rows.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from makers import TIMING, job
from rich.console import Console
from spoilt_models import NO_FLOATS, SPOILT

from harness import building, catalog, data, protocol
from harness.model import Case, Dataset
from harness.progress import Progress
from harness.runner import local_build

pytestmark = [pytest.mark.impls, pytest.mark.timeout(900)]
ROOT = Path(__file__).resolve().parent.parent
CATALOG = catalog.load(ROOT)
WORKLOAD = CATALOG.workloads["batch-inference"]
ROWS, BATCH = 256, 32
MODELS = tuple(dict.fromkeys(str(case.params["model"]) for case in WORKLOAD.cases))
TAKERS = [i for i in CATALOG.implementations.values() if WORKLOAD.name in i.workloads and i.quick and not i.contained]
WAYS = [(i.name, model) for i in TAKERS for model in MODELS if model not in i.workloads[WORKLOAD.name].lacks]


@functools.cache
def program(name: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """Command and environment of a local build; skips where its toolchain is not here."""
    impl = CATALOG.implementations[name]
    engine, language = building.engine("local", ROOT, lambda _: None), CATALOG.languages[impl.language]
    if not building.buildable(CATALOG, [impl], engine, lambda _: None):
        pytest.skip(f"{name} cannot be built here")
    (built,) = building.build_all(CATALOG, engine, [impl], Progress(Console(quiet=True)))
    assert built.outcome != "failed", built.reason
    recipe, fill = impl.local or language.local, local_build.placeholders(ROOT, impl, language)
    return tuple(part.format_map(fill) for part in recipe.run), {key: value.format_map(fill) for key, value in recipe.env.items()}


@functools.cache
def dataset(model: str) -> tuple[Case, Dataset]:
    params = next(dict(case.params) for case in WORKLOAD.cases if case.params["model"] == model)
    case = Case(WORKLOAD.name, f"{model}-spoilt", {**params, "rows": ROWS, "batch": BATCH, "queries": 0}, 7, 120, 2 << 30, (model,))
    return case, data.prepare(WORKLOAD, case, lambda _: None)


def ended(name: str, model: str, folder: Path) -> tuple[int, list[dict[str, object]], str]:
    """Exit code, events and standard error of one job on the files of a folder."""
    case, made = dataset(model)
    command, env = program(name)
    paths = {key: str(folder / Path(path).name) for key, path in made.inputs.items()}
    asked = job(workload=WORKLOAD.name, steps=(model,), warmup=0, timed=1)
    line = protocol.request(asked, case.params, paths, TIMING, None)
    done = subprocess.run(command, input=line, capture_output=True, env={**os.environ, **env}, timeout=300, check=False)
    return done.returncode, [json.loads(event) for event in done.stdout.splitlines()], done.stderr.decode(errors="replace")


@pytest.mark.parametrize("spoilt", SPOILT)
@pytest.mark.parametrize(("name", "model"), WAYS)
def test_what_is_not_as_the_spec_has_it_is_refused(name: str, model: str, spoilt: str, tmp_path: Path) -> None:
    if spoilt in {"nan", "infinity"} and model in NO_FLOATS:
        pytest.skip("its rows are whole numbers")
    folder = tmp_path / "input"
    shutil.copytree(Path(next(iter(dataset(model)[1].inputs.values()))).parent, folder)
    words = SPOILT[spoilt](folder, model)
    code, events, errors = ended(name, model, folder)
    assert events, errors[-2000:]
    last = events[-1]
    assert (last["event"], last.get("kind"), code) == ("error", "input", 1), (last, errors[-2000:])
    message = str(last["message"])
    assert "\n" not in message and "Traceback" not in errors, (message, errors[-2000:])
    assert not words or any(word.lower() in message.lower() for word in words), message
    assert not [event for event in events if event["event"] == "sample"], events


@pytest.mark.parametrize(("name", "model"), WAYS)
def test_the_same_files_unspoilt_are_answered(name: str, model: str, tmp_path: Path) -> None:
    code, events, errors = ended(name, model, Path(next(iter(dataset(model)[1].inputs.values()))).parent)
    assert (code, events[-1]["event"]) == (0, "done"), (events[-1], errors[-2000:])


@pytest.mark.parametrize(("changed", "why"), [({"batch": 0}, "batch"), ({"batch": 3}, "batch"), ({"rows": 0}, "row")])
@pytest.mark.parametrize(("name", "model"), WAYS)
def test_parameters_that_the_files_do_not_have_are_refused(name: str, model: str, changed: dict[str, int], why: str) -> None:
    case, made = dataset(model)
    command, env = program(name)
    asked = job(workload=WORKLOAD.name, steps=(model,), warmup=0, timed=1)
    line = protocol.request(asked, {**case.params, **changed}, made.inputs, TIMING, None)
    done = subprocess.run(command, input=line, capture_output=True, env={**os.environ, **env}, timeout=300, check=False)
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["event"], last.get("kind"), done.returncode) == ("error", "input", 1), last
    assert why in last["message"]
