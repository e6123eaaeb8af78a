"""One job of a real implementation of batch-inference by hand, on files of the test's choice."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from makers import TIMING, job
from rich.console import Console
from workload_scripts import WORKLOADS, load

from harness import building, catalog, data, protocol
from harness.model import Case, Dataset
from harness.progress import Progress
from harness.runner import local_build

ROOT = Path(__file__).resolve().parent.parent
CATALOG = catalog.load(ROOT)
WORKLOAD = CATALOG.workloads["batch-inference"]
ROWS, BATCH = 256, 32
MODELS = tuple(dict.fromkeys(str(case.params["model"]) for case in WORKLOAD.cases))
TAKERS = [i for i in CATALOG.implementations.values() if WORKLOAD.name in i.workloads and i.quick and not i.contained]
WAYS = [(i.name, model) for i in TAKERS for model in MODELS if model not in i.workloads[WORKLOAD.name].lacks]
each_way = pytest.mark.parametrize(("name", "model"), WAYS)


@dataclass(frozen=True, slots=True)
class End:
    """How a job ended: exit code, events, standard error."""

    code: int
    events: list[dict[str, Any]]
    errors: str

    def assert_refused(self, *words: str) -> None:
        """An error of kind `input` in one line that has one of the words, before anything was answered."""
        assert self.events, self.errors[-2000:]
        last = self.events[-1]
        assert (last["event"], last.get("kind"), self.code) == ("error", "input", 1), (last, self.errors[-2000:])
        assert "\n" not in last["message"] and "Traceback" not in self.errors, (last, self.errors[-2000:])
        assert not words or any(word.lower() in last["message"].lower() for word in words), last
        assert not [event for event in self.events if event["event"] == "sample"], self.events


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
    """Few rows of the model, with the oracle's answers."""
    params = next(dict(case.params) for case in WORKLOAD.cases if case.params["model"] == model)
    case = Case(WORKLOAD.name, f"{model}-few", {**params, "rows": ROWS, "batch": BATCH, "queries": 0}, 7, 120, 2 << 30, (model,))
    return case, data.prepare(WORKLOAD, case, lambda _: None)


def files(model: str) -> Path:
    """The folder of its inputs."""
    return Path(next(iter(dataset(model)[1].inputs.values()))).parent


def ended(name: str, model: str, folder: Path, answers: Path | None = None, **params: int) -> End:
    """The job on the files of a folder that are called as the model's own."""
    case, made = dataset(model)
    command, env = program(name)
    paths = {key: str(folder / Path(path).name) for key, path in made.inputs.items()}
    asked = job(workload=WORKLOAD.name, steps=(model,), warmup=0, timed=1)
    line = protocol.request(asked, {**case.params, **params}, paths, TIMING, str(answers) if answers else None)
    done = subprocess.run(command, input=line, capture_output=True, env={**os.environ, **env}, timeout=300, check=False)
    return End(done.returncode, [json.loads(event) for event in done.stdout.splitlines()], done.stderr.decode(errors="replace"))


@functools.cache
def interpreter() -> Path:
    """The python of the workload's own environment."""
    made: Path = load("shared", "environment").interpreter(data.folder() / "downloads", WORKLOADS / WORKLOAD.name / "requirements.txt")
    return made
