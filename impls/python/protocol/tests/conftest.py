"""A small variant made for each test, and a job run over pipes as the harness runs it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

PACKAGE = Path(__file__).resolve().parents[1]
WORKLOAD = r"""
import gc
from bench_protocol.answers import write_columns

def start(threads):
    print("chatter of a library")
    return threads

def load(request):
    global outputs
    outputs = request.outputs
    return [float(line) for line in open(request.inputs["table"])]

def units(data):
    return len(data)

def total(data):
    gc.collect()
    return sum(data)

outputs = None

def publish(data):
    (outputs / "publish.csv").write_text(f"value\n{sum(data)}\n")
    (outputs / "publish.rest.csv").write_text("line\n")
    return sum(data)

def half(data):
    (outputs / "half.csv").write_text("val")
    raise OSError("the disk is full")

STEPS = {"publish": publish, "half": half, "total": total, "hungry": lambda data: bytearray(1 << 62), "broken": lambda data: data / 0}

def phases(step, result):
    return {"adding": 7} if step == "publish" else {}

def load_phases(data):
    return {"lines": len(data)}

def queries(step, result):
    return [3, 5] if step == "total" else []

def check(step, result):
    return {"rows": 1, "sums": {"value": result}}

def write(step, result, path):
    return write_columns(path, {"name": [None], "value": [result]})
"""


class Outcome(NamedTuple):
    """What a job said, and how it ended."""

    events: list[dict[str, Any]]
    code: int
    stderr: str

    def of(self, name: str) -> list[dict[str, Any]]:
        """The events of one name."""
        return [event for event in self.events if event["event"] == name]


@pytest.fixture
def variant(tmp_path: Path) -> Path:
    """Named after a module of the standard library that the package itself imports."""
    folder = tmp_path / "json"
    folder.mkdir()
    (folder / "sums.py").write_text(WORKLOAD)
    (folder / "impl.toml").write_text('[dependencies]\ndirect = ["pytest==1"]\n')
    (tmp_path / "table.txt").write_text("0.1\n0.2\n")
    return folder


@pytest.fixture
def request_of(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    def build(**changes: Any) -> dict[str, Any]:
        base: dict[str, Any] = {"protocol": 1, "workload": "sums", "inputs": {"table": str(tmp_path / "table.txt")}}
        base |= {"params": {}, "steps": ["total"], "warmup": 1, "timed": 2, "threads": 1, "seed": 1, "time_limit_s": 60}
        return base | {"answers": None, "meter": None, "of_tomorrow": True} | changes

    return build


@pytest.fixture
def start(variant: Path) -> Callable[[], "subprocess.Popen[str]"]:
    def process() -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "bench_protocol", str(variant)]
        environment = {**os.environ, "PYTHONPATH": str(PACKAGE), "PYTHONSAFEPATH": "1"}
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment)

    return process


@pytest.fixture
def run(start: Callable[[], "subprocess.Popen[str]"]) -> Callable[[Any], Outcome]:
    def job(request: Any) -> Outcome:
        line = "" if request is None else (request if isinstance(request, str) else json.dumps(request)) + "\n"
        with start() as process:
            out, err = process.communicate(line, timeout=60)
            done = subprocess.CompletedProcess(process.args, process.returncode, out, err)
        return Outcome([json.loads(event) for event in done.stdout.splitlines()], done.returncode, done.stderr)

    return job
