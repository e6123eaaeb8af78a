"""Other people's load generators, asked the same as ours: one thread on CPU 0, the same body on the same number of connections."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass

import click

from harness.protocol import HOST

PINNED = ("taskset", "-c", "0")
PERCENTILES = (50, 90, 99)
GET = {"wrk": "apt-get install wrk", "oha": "cargo install oha --locked"}


def require(tool: str) -> None:
    """To be told before a server is built."""
    if not shutil.which(tool):
        raise click.ClickException(f"no {tool} on PATH; get it with: {GET[tool]}")


def _asked(tool: str, *options: str) -> str:
    """What it prints."""
    done = subprocess.run([*PINNED, tool, *options], capture_output=True, text=True, check=False)
    if done.returncode:
        raise click.ClickException(f"{tool} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def wrk(port: int, connections: int, seconds: int, body: str) -> tuple[float, float]:
    """A closed loop by wrk (Glozer): answers a second, and CPU seconds a wall second."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(f'wrk.method = "POST"\nwrk.body = [[{body}]]\nwrk.headers["Content-Type"] = "application/json"\n')
        script.flush()
        before, began = os.times(), time.monotonic()
        text = _asked("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script.name, f"http://{HOST}:{port}/predict")
        wall, after = time.monotonic() - began, os.times()
    if "Non-2xx" in text or "Socket errors" in text:
        raise click.ClickException(f"wrk met errors:\n{text}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", text)
    assert found, text
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return float(found[1]), spent / wall


@dataclass(frozen=True, slots=True)
class Paced:
    """An open loop: answers, and nanoseconds by percentile from when each request was due."""

    answered: int
    at: dict[int, float]


def oha(port: int, connections: int, rate: int, seconds: int, body: str) -> Paced:
    """An open loop by oha (hatoo) at a constant rate.

    It takes a request for due when its timer has woken it, in whole milliseconds of tokio's: by how much that is late, and that above
    1,000 a second several are due at once, does not show in what it tells.
    """
    told = json.loads(
        _asked(
            "oha", "-q", str(rate), "-n", str(rate * seconds), "-c", str(connections), "--latency-correction", "--worker-threads", "1",
            "-m", "POST", "-T", "application/json", "-d", body, "--no-tui", "--output-format", "json", f"http://{HOST}:{port}/predict",
        )
    )  # fmt: skip
    statuses, errors = told["statusCodeDistribution"], told["errorDistribution"]
    if errors or set(statuses) != {"200"}:
        raise click.ClickException(f"oha met errors: {statuses}, {errors}")
    return Paced(statuses["200"], {q: told["latencyPercentiles"][f"p{q:g}"] * 1e9 for q in PERCENTILES})
