"""A server of the workload by hand, for scripts and tests: started as a job, asked over plain sockets, ended by SIGTERM."""

from __future__ import annotations

import functools
import http.client
import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from harness import building, catalog, measure
from harness.catalog import Catalog
from harness.model import Implementation, Language, UserError
from harness.progress import Progress
from harness.protocol import HOST, request
from harness.runner import local_build

ROOT = Path(__file__).resolve().parent.parent
WORKLOAD = "request-server"
PATIENCE_S = 60.0


def servers(cat: Catalog) -> list[Implementation]:
    """Those that keep the whole contract: all but yardsticks."""
    return [impl for impl in cat.implementations.values() if WORKLOAD in impl.workloads and impl.contest]


@functools.cache
def ready(name: str) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """Command and environment of a local build. UserError where it can't be built here."""
    cat = catalog.load(ROOT)
    impl, language = _found(cat, name)
    if impl.contained or local_build.missing(language):
        raise UserError(f"{name} can't be built on this machine; see: bench doctor")
    engine = building.engine("local", ROOT, lambda _: None)
    progress = Progress(Console(stderr=True))
    if name == "load/generator":
        building.load_generator(cat, engine, progress)
    elif building.build_all(cat, engine, [impl], progress)[0].outcome == "failed":
        raise UserError(f"{name} was not built")
    fill, recipe = local_build.placeholders(ROOT, impl, language), impl.local or language.local
    return tuple(part.format_map(fill) for part in recipe.run), {key: value.format_map(fill) for key, value in recipe.env.items()}


def _found(cat: Catalog, name: str) -> tuple[Implementation, Language]:
    if name == "load/generator":
        return catalog.load_generator(cat)
    impl = cat.implementations[name]
    return impl, cat.languages[impl.language]


@functools.cache
def asked(case: str = "closed-1e5", seed: int = 1, connections: int = 32) -> dict[str, Any]:
    """The request of a job, and its truth as `answers`."""
    cat = catalog.load(ROOT)
    ((spec, job, dataset, params),) = measure.for_request(cat, WORKLOAD, (case,), {}, seed, 1, lambda _: None)
    line = json.loads(request(job, params, dataset.inputs, spec.timing, None, None, connections))
    return {**line, "truth": dataset.answers}


@dataclass(slots=True)
class Served:
    """A server that runs; after the `with` of `serving`, `events` are all that it said and `code` how it ended."""

    port: int
    process: subprocess.Popen[str]
    ask: Mapping[str, Any]
    events: list[dict[str, Any]] = field(default_factory=list)
    code: int | None = None
    errors: str = ""

    def connect(self, timeout: float = 10.0) -> socket.socket:
        """A connection."""
        return socket.create_connection((HOST, self.port), timeout=timeout)

    def bodies(self, count: int) -> list[str]:
        """Bodies of POST /predict."""
        with Path(self.ask["inputs"]["requests"]).open(encoding="utf-8") as file:
            return [next(file).strip() for _ in range(count)]

    @property
    def done(self) -> dict[str, Any]:
        """Its last event; empty where it did not end well."""
        return next((event for event in self.events if event["event"] == "done"), {})


def status(line: socket.socket) -> int:
    """Of one whole answer, taken off the connection with its body: the two may come in packets of their own.

    OSError where none comes (RemoteDisconnected where the connection was closed), HTTPException for what is no HTTP, or is cut off.
    """
    with http.client.HTTPResponse(line) as answer:
        answer.begin()
        answer.read()
        return answer.status


@contextmanager
def serving(name: str, cpu: int | None = None, **changes: Any) -> Iterator[Served]:
    """A server until the end of the `with`, then SIGTERM, unless it has ended by itself. `changes` go into the request."""
    command, env = ready(name)
    pinned = () if cpu is None else ("taskset", "-c", str(cpu))
    ask = {**asked(connections=changes.pop("connections", 32)), **changes}
    process = subprocess.Popen(
        [*pinned, *command], env={**os.environ, **env}, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    server = Served(0, process, ask)
    try:
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps({k: v for k, v in ask.items() if k != "truth"}) + "\n")
        process.stdin.flush()
        for line in process.stdout:
            server.events.append(json.loads(line))
            if server.events[-1]["event"] == "serving":
                server.port = server.events[-1]["port"]
                break
        yield server
    finally:
        _end(server)


def _end(server: Served) -> None:
    process = server.process
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        out, server.errors = process.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        out, server.errors = process.communicate()
    server.events += [json.loads(line) for line in out.splitlines()]
    server.code = process.returncode
