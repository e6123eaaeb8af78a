"""The wire: one JSON object a line, each flushed; requests come in as named tuples.

Promise: nothing but events reaches standard output. What a library prints there goes to standard error.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple, Self

from bench_protocol.failure import Failure

VERSION = 1


class Serve(NamedTuple):
    """Where a server listens, and how many connections it must be able to hold."""

    host: str
    port: int
    connections: int


class Request(NamedTuple):
    """The fields of a request that this side reads; what they mean stands in impls/PROTOCOL.md."""

    workload: str
    inputs: dict[str, str]
    params: dict[str, Any]
    steps: list[str]
    warmup: int
    timed: int
    threads: int
    seed: int
    time_limit_s: float
    answers: str | None
    meter: dict[str, int] | None
    outputs: Path | None = None
    """On the wire the folder of finished outputs; to a workload its working folder (outputs.py)."""
    serve: Serve | None = None
    turns: bool = False

    @classmethod
    def parse(cls, line: str) -> Self:
        """Unknown fields are ignored; a missing one is named."""
        try:
            fields = json.loads(line)
            version = fields["protocol"]
            if version == VERSION:
                return cls._of(fields)
        except KeyError as error:
            raise Failure("input", f"the request lacks the field {error}; see impls/PROTOCOL.md") from error
        except (ValueError, TypeError) as error:
            raise Failure("input", f"the request is not a JSON object: {error}") from error
        raise Failure("unsupported", f"protocol {version!r}; this implementation speaks {VERSION}")

    def working(self) -> Path:
        """The folder of a step that writes; a Failure where the request has none."""
        if self.outputs is None:
            raise Failure("input", f"{self.workload} writes files, and the request's outputs is null; name a folder")
        return self.outputs

    @classmethod
    def _of(cls, fields: dict[str, Any]) -> Self:
        named = {name: fields[name] for name in cls._fields if name not in cls._field_defaults}
        outputs, serve = fields.get("outputs"), fields.get("serve")
        return cls(
            **named,
            outputs=None if outputs is None else Path(outputs),
            serve=None if serve is None else Serve(*(serve[name] for name in Serve._fields)),
            turns=bool(fields.get("turns")),
        )


class Wire:
    """Standard input and output; made before anything can print."""

    def __init__(self) -> None:
        self._events = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)

    def send(self, event: str, **fields: Any) -> None:
        """One event, one line, at once."""
        line = json.dumps({"event": event, **fields}, allow_nan=False)
        print(line, file=self._events, flush=True)

    def receive(self) -> Request | None:
        """The request, or None where standard input ends without one."""
        line = sys.stdin.readline()
        return Request.parse(line) if line else None

    def wait_for_turn(self) -> None:
        """Blocks until the harness gives the next pass its turn; not at all where standard input has ended."""
        sys.stdin.readline()

    def wait_for_end(self) -> None:
        """Blocks until the harness has read what it wants and closes the pipe."""
        sys.stdin.read()
