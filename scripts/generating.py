"""The load generator by hand against one server, for scripts: phases with their records, a file of one body, a server that is stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from served import ready

from harness.model import Span
from harness.protocol import HOST
from harness.traffic import RECORD

CONNECTIONS = 32


def generate(port: int, bodies: Path, *phases: dict[str, Any], connections: int = CONNECTIONS) -> list[dict[str, Any]]:
    """What it tells of each phase; `kept` are the records of all of them."""
    with tempfile.TemporaryDirectory() as folder:
        line = {
            "host": HOST, "port": port, "connections": connections, "cpu": 0, "spin": True, "path": "/predict",
            "requests": str(bodies), "seed": 1, "records": f"{folder}/records", "answers": f"{folder}/answers", "timeout_s": 10,
            "phases": [{"drain_s": 5, **phase} for phase in phases],
        }  # fmt: skip
        done = subprocess.run(ready("load/generator")[0], input=json.dumps(line) + "\n", capture_output=True, text=True, check=True)
        records = np.memmap(f"{folder}/records", RECORD, "r")
    return [{**event, "kept": records} for text in done.stdout.splitlines() if (event := json.loads(text))["event"] == "phase"]


@contextmanager
def single(requests: str) -> Iterator[tuple[Path, str]]:
    """A file of the first body of a file of them, and the body."""
    with Path(requests).open(encoding="utf-8") as bodies:
        body = next(bodies).strip()
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(body + "\n")
        file.flush()
        yield Path(file.name), body


@contextmanager
def stopping(process: int, seconds: float, running: Callable[[], float]) -> Iterator[list[Span]]:
    """Stops the process for so long after each time of running, in seconds, that `running` gives; the list fills with the stops."""
    stops, over = list[Span](), threading.Event()

    def stop() -> None:
        while not over.wait(running()):
            began = time.monotonic_ns()
            os.kill(process, signal.SIGSTOP)
            time.sleep(seconds)
            os.kill(process, signal.SIGCONT)
            stops.append(Span(began, time.monotonic_ns() - began))

    thread = threading.Thread(target=stop)
    thread.start()
    try:
        yield stops
    finally:
        over.set()
        thread.join()
