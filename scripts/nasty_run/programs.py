"""Implementations as programs that are handed one request after another: a process each, or one driver of a Python variant for many."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HANG_S = 20.0
DRIVER = Path(__file__).with_name("drive.py")
PROTOCOL = ("-m", "bench_protocol")


@dataclass(frozen=True, slots=True)
class Program:
    """How an implementation is started, and the steps that it has."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """How a job went: its events, or how it died; `hung` where it had to be killed."""

    events: tuple[Mapping[str, Any], ...] = ()
    died: str | None = None
    hung: bool = False

    @property
    def error(self) -> Mapping[str, Any] | None:
        """The error event, where there is one."""
        return next((event for event in self.events if event.get("event") == "error"), None)

    def check(self, step: str) -> Mapping[str, Any] | None:
        """Of a step's last pass."""
        found = [event["check"] for event in self.events if event.get("event") == "sample" and event.get("step") == step]
        return found[-1] if found else None


@dataclass(slots=True)
class Runner:
    """Runs a program's jobs, at one number of threads."""

    program: Program
    hang_s: float = HANG_S
    _driver: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def run(self, request: Mapping[str, Any]) -> Answer:
        """One job."""
        line = json.dumps(request).encode() + b"\n"
        return self._drive(line) if self.program.command[1:3] == PROTOCOL else self._process(line)

    def close(self) -> None:
        """End what still runs."""
        if self._driver:
            self._driver.kill()
            self._driver.communicate()
            self._driver = None

    def _process(self, line: bytes) -> Answer:
        """Standard input ends behind the request, which only means that nobody waits after `done`."""
        try:
            done = subprocess.run(self.program.command, input=line, env=self._env(), capture_output=True, timeout=self.hang_s, check=False)
        except subprocess.TimeoutExpired:
            return Answer(hung=True)
        except OSError as error:
            return Answer(died=f"cannot be started: {error.strerror}; build it again")
        try:
            events = tuple(json.loads(text) for text in done.stdout.splitlines())
        except ValueError:
            return Answer(died=f"wrote what is no event: {done.stdout[-200:]!r}")
        ended = done.returncode == 0 and bool(events) and events[-1]["event"] == "done"
        answer = Answer(events)
        return answer if ended or (answer.error and done.returncode == 1) else Answer(events, died=_died(done.returncode, done.stderr))

    def _drive(self, line: bytes) -> Answer:
        driver = self._driver = self._driver or self._start()
        assert driver.stdin and driver.stdout
        try:
            driver.stdin.write(line)
            driver.stdin.flush()
            with selectors.DefaultSelector() as selector:
                selector.register(driver.stdout, selectors.EVENT_READ)
                if not selector.select(self.hang_s):
                    self.close()
                    return Answer(hung=True)
            said = driver.stdout.readline()
        except BrokenPipeError:
            said = b""
        if not said:
            self._driver = None
            driver.communicate()
            return Answer(died=_died(driver.returncode, b"the driver's standard error is with this script's"))
        return Answer(tuple(json.loads(json.loads(said)["events"])))

    def _start(self) -> subprocess.Popen[bytes]:
        python, folder = self.program.command[0], self.program.command[-1]
        pipe = subprocess.PIPE
        return subprocess.Popen([python, str(DRIVER), folder], env=self._env(), stdin=pipe, stdout=pipe)

    def _env(self) -> dict[str, str]:
        return {**os.environ, **self.program.env}


def _died(code: int, errors: bytes) -> str:
    lines = errors.decode(errors="replace").strip().splitlines() or [""]
    return f"{f'exit {code}' if code >= 0 else f'signal {-code}'}: {lines[-1][:200]}"
