"""Runs in a variant's own environment: one job a line of standard input, each as the protocol package runs it; its events as one line.

One process for many files: an interpreter that imports a data-frame library for every file would spend its time on that.
`<variant's python> drive.py <variant folder>`
"""

import functools
import json
import sys
from pathlib import Path
from typing import Any

from bench_protocol import job
from bench_protocol.failure import explain
from bench_protocol.pauses import PauseRecorder
from bench_protocol.wire import Request, Wire


class OneRequest:
    """A wire for one job, which keeps the events."""

    def __init__(self, line: str) -> None:
        self._line = line
        self.events: list[dict[str, Any]] = []

    def send(self, event: str, **fields: Any) -> None:
        """Keeps what the harness would read."""
        self.events.append({"event": event, **fields})

    def receive(self) -> Request:
        """The request."""
        return Request.parse(self._line)

    def wait_for_end(self) -> None:
        """The next request follows."""


def main() -> None:
    """Jobs until standard input ends."""
    wire = Wire()
    # The library stays imported, so the module may stay too; its `load` and steps are fresh for every file.
    job.load_workload = functools.cache(job.load_workload)  # type: ignore[attr-defined]
    for line in sys.stdin:
        one = OneRequest(line)
        try:
            job.Job(Path(sys.argv[1]).resolve(), one, PauseRecorder()).run()  # type: ignore[arg-type]
        except Exception as error:
            kind, message = explain(error)
            one.send("error", kind=kind, message=message)
        wire.send("ran", events=json.dumps(one.events))


if __name__ == "__main__":
    main()
