"""Runs and loads the scripts of a workload's folder for its tests, as the harness would find them: by path, not by import."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

WORKLOADS = Path(__file__).parents[1] / "workloads"
SHARED = WORKLOADS / "shared"


def load(workload: str, name: str) -> ModuleType:
    """A module of the workload's folder, which leaves no trace: every workload has an `oracle`."""
    folder = WORKLOADS / workload
    spec = importlib.util.spec_from_file_location(f"{workload}_{name}", folder / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    # Its dataclasses look themselves up there.
    sys.modules[spec.name] = module
    paths = [str(folder), str(SHARED)]
    sys.path[:0] = paths
    try:
        spec.loader.exec_module(module)
    finally:
        for path in paths:
            sys.path.remove(path)
        for sibling in [*folder.glob("*.py"), *SHARED.glob("*.py")]:
            sys.modules.pop(sibling.stem, None)
    return module


def environment(more: dict[str, str] | None = None) -> dict[str, str]:
    """A script's, as the harness sets it."""
    return {**os.environ, "PYTHONPATH": str(SHARED), **(more or {})}


def run(workload: str, script: str, request: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    text = request if isinstance(request, str) else json.dumps(request)
    command = [sys.executable, str(WORKLOADS / workload / script)]
    return subprocess.run(command, input=text, env=environment(env), capture_output=True, text=True, check=False)


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """What a script says of a mistake, after checking that it says it as agreed."""
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    return done.stderr
