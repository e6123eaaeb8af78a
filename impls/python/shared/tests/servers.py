"""Support for tests of servers: an environment a variant, inputs with a small model, a job that serves, and bare sockets.

The model is an ONNX graph made once with the onnx package: missing numbers count 0, probability = sigmoid(row . WEIGHTS), and the output is
[1 - p, p].
"""

import base64
import hashlib
import json
import math
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PYTHON = Path(__file__).resolve().parents[2]
ENVIRONMENTS = PYTHON.parents[1] / ".bench" / "test-environments"
VARIANTS = ("asgi", "fastapi")
WEIGHTS = (0.1, -0.2, 0.0005, 0.0001, 0.05, 0.03, 0.01, 0.004, 0.02, -0.06)
MODEL = base64.b64decode(
    "CAg6mgIKEQoFaW5wdXQSAW0iBUlzTmFOChcKAW0KAXoKBWlucHV0EgF4IgVXaGVyZQoRCgF4CgF3EgF5IgZNYXRNdWwKDwoBeRIBcCIHU2lnbW9pZAoOCgFvCgFwEgFxIgNT"
    "dWIKKgoBcQoBcBINcHJvYmFiaWxpdGllcyIGQ29uY2F0KgsKBGF4aXMYAaABAhIBZyozCAoIARABQgF3SijNzMw9zcxMvm8SAzoXt9E4zcxMPY/C9TwK1yM8bxKDOwrXozyP"
    "wnW9KgsQAUIBekoEAAAAACoLEAFCAW9KBAAAgD9aGAoFaW5wdXQSDwoNCAESCQoDEgFiCgIICmIgCg1wcm9iYWJpbGl0aWVzEg8KDQgBEgkKAxIBYgoCCAJCBAoAEBE="
)
CATEGORIES = {"carrier": ["AA", "UA"], "origin": ["EWR", "JFK", "LGA"], "dest": ["SFO", "LAX", "ÅÄÖ"]}
WEATHER = ("temp", "wind_speed", "visib")
RECORDS = {"E0000000": (33.5, 4.25, 10.0), "E0000001": (math.nan, math.nan, math.nan)}
FLIGHT: dict[str, Any] = {"month": 5, "weekday": 7, "minute_of_day": 368, "distance": 2565, "carrier": "UA", "origin": "EWR", "dest": "SFO"}


def probability(body: dict[str, Any]) -> float:
    """The model in plain Python."""
    weather = RECORDS[body["entity"]] if body.get("entity") else [body.get(name) for name in WEATHER]
    codes = [CATEGORIES[name].index(body[name]) for name in CATEGORIES]
    row = [body["month"], body["weekday"], body["minute_of_day"], body["distance"], *codes, *weather]
    y = sum(w * x for w, x in zip(WEIGHTS, row, strict=True) if x is not None and not math.isnan(x))
    return 1 / (1 + math.exp(-y))


def write_inputs(folder: Path) -> dict[str, str]:
    """The files of a case with two entities."""
    rows = "".join(f"{name},{','.join('' if math.isnan(x) else str(x) for x in weather)}\n" for name, weather in RECORDS.items())
    (folder / "onnx").write_bytes(MODEL)
    (folder / "categories").write_text(json.dumps(CATEGORIES))
    (folder / "version").write_text("test-1\n")
    (folder / "entities").write_text(f"id,temp,wind_speed,visib\n{rows}")
    return {name: str(folder / name) for name in ("onnx", "categories", "version", "entities")}


def interpreter(variant: str) -> Path:
    """Of an environment with the variant's locked wheels; made once for each lock file and each Python."""
    lock = PYTHON / variant / "requirements.txt"
    home = ENVIRONMENTS / f"{variant}-{hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:16]}"
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        install = [python, "-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary=:all:", "--requirement", lock]
        subprocess.run(install, check=True)
        (home / "ready").touch()
    return python


class Job:
    """A served job at the end of a pipe."""

    def __init__(self, variant: str, inputs: dict[str, str], **changes: Any) -> None:
        request: dict[str, Any] = {
            "protocol": 1,
            "workload": "request-server",
            "inputs": inputs,
            "steps": ["closed"],
            "warmup": 1,
            "timed": 1,
        }
        request |= {
            "params": {"entities": len(RECORDS), "collector": "default"},
            "threads": 1,
            "seed": 1,
            "time_limit_s": 60,
            "answers": None,
        }
        request |= {
            "serve": {"host": "127.0.0.1", "port": 0, "connections": 8},
            "meter": {"interval_ns": 1_000_000, "threshold_ns": 2_000_000},
        }
        environment = {**os.environ, "PYTHONPATH": f"{PYTHON}/protocol:{PYTHON}/shared", "PYTHONSAFEPATH": "1"}
        command = [interpreter(variant), "-m", "bench_protocol", PYTHON / variant]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment)
        self.events: dict[str, dict[str, Any]] = {}
        self.stderr = ""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(request | changes) + "\n")
        self.process.stdin.flush()
        self.read_until("serving")
        self.port = self.events.get("serving", {}).get("port", 0)

    def read_until(self, name: str) -> None:
        """Up to this event, an error, or the end."""
        assert self.process.stdout
        for line in self.process.stdout:
            event = json.loads(line)
            self.events[event["event"]] = event
            if event["event"] in {name, "error"}:
                return

    def drain(self) -> None:
        """Asks it to end."""
        self.process.send_signal(signal.SIGTERM)

    def end(self) -> int:
        """Reads its last events; its exit code."""
        self.read_until("done")
        _, self.stderr = self.process.communicate(timeout=20)
        return self.process.returncode

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def connect(self) -> "Client":
        """A connection."""
        return Client(self.port)


class Answer:
    """One response."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self) -> Any:
        """The body."""
        assert self.headers["content-type"] == "application/json"
        return json.loads(self.body)


class Client:
    """A socket that speaks just enough HTTP, also wrongly."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=15)
        self.file = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        """As it is."""
        self.socket.sendall(data)

    def ask(self, method: str, path: str, body: bytes | None = None, *headers: str) -> Answer:
        """A whole request and its answer."""
        self.send(request(method, path, body, *headers))
        return self.answer()

    def predict(self, body: Any) -> Answer:
        """`POST /predict`."""
        return self.ask("POST", "/predict", body if isinstance(body, bytes) else json.dumps(body).encode())

    def answer(self) -> Answer:
        """The next one."""
        line = self.file.readline()
        assert line.startswith(b"HTTP/1.1 "), line
        headers: dict[str, str] = {}
        while (field := self.file.readline().strip()) != b"":
            name, _, value = field.decode().partition(":")
            headers[name.lower()] = value.strip()
        status = int(line.split()[1])
        return Answer(status, headers, self.file.read(int(headers.get("content-length", 0))))

    def closed(self) -> bool:
        """Whether the other side has nothing more to say."""
        return self.file.read(1) == b""


def request(method: str, path: str, body: bytes | None = None, *headers: str) -> bytes:
    """The bytes of a request."""
    given = [f"{method} {path} HTTP/1.1", "Host: x", *headers]
    if body is not None:
        given += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*given, "", ""]).encode() + (body or b"")
