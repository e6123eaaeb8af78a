"""The load generator beside a job that serves: started on the job's port, heard until it is done, its phases made into samples.

It runs in the network of the job and on a CPU of its own. CPU time of a phase is the server's, by the outside account.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from harness.model import Latency, Reading, Sample
from harness.protocol import HOST
from harness.runner.engine import Engine, EngineError, Handle, Launch
from harness.runner.load import said
from harness.runner.load.phases import Phase

RECORDS, ANSWERS = "records.bin", "answers.jsonl"
TIMEOUT_S, DRAIN_S = 10.0, 5.0
"""How long a request may be under way; how long after a phase's end no answer may come before what is left is given up."""
Tell = Callable[[str], None]


@dataclass(slots=True)
class Visit:
    """A Guest (drive.py). Mutable: one a job; afterwards `samples` and `failure` hold what came of it.

    `launch` is the generator's own but for the network; `ask` what it is asked besides host and port.
    """

    engine: Engine
    launch: Callable[[Handle], Launch]
    ask: Mapping[str, object]
    connections: int
    step: str
    plan: list[Phase]
    warmup: int
    tell: Tell
    look_s: float
    server: Handle | None = None
    samples: list[Sample] = field(default_factory=list)
    failure: str | None = None
    _handle: Handle | None = None
    _lines: said.Lines = field(default_factory=said.Lines)
    _before: Reading | None = None
    _rate: float | None = None
    _over: bool = False
    _stderr: bytes = b""

    def begin(self, port: int) -> None:
        """Start it and say what is wanted."""
        assert self.server
        self._handle = self.engine.start(self.launch(self.server))
        asked = {
            **self.ask,
            "host": HOST,
            "port": port,
            "connections": self.connections,
            "phases": [{**phase.asked(), "drain_s": DRAIN_S} for phase in self.plan],
        }
        self._handle.write(json.dumps(asked).encode() + b"\n")

    def busy(self, timeout_s: float) -> bool:
        """Take what it says within `timeout_s`. EngineError where it dies or talks nonsense, for that is no fault of the job."""
        assert self._handle
        for stream, data in self._handle.pump(timeout_s):
            if stream == "err":
                self._stderr = (self._stderr + data)[-4096:]
                continue
            for event in self._lines.feed(data):
                self._take(event)
        if self._handle.ended and not self._over:
            words = self._stderr.decode("utf-8", "backslashreplace").strip().splitlines()
            raise EngineError(f"the load generator ended in the middle{': ' + words[-1][:200] if words else ''}")
        return not self._over

    def _take(self, event: said.Event) -> None:
        match event:
            case said.Begun():
                self._before, self._rate = self._account(), event.rate
            case said.Ended():
                self._ended(event)
            case said.Failed():
                self.failure, self._over = event.message, True
            case said.Done():
                owed = sum(phase.number is not None for phase in self.plan)
                if len(self.samples) != owed:
                    raise EngineError(f"the load generator is done after {len(self.samples)} of {owed} passes")
                self._over = True

    def _account(self) -> Reading | None:
        return self.server.reading() if self.server else None

    def _ended(self, event: said.Ended) -> None:
        phase = self.plan[event.phase]
        if phase.number is None:
            return
        if not event.due == event.answered + sum(event.failed.values()) == event.records:
            raise EngineError(f"the load generator lost requests: {event.due} due, {event.answered} answered, {event.records} recorded")
        self.tell(f"{self.step} pass {phase.number}")
        user, system = _spent(self._before, self._account())
        latency = Latency(
            phase.arrivals, self._rate, event.due, event.answered, event.failed, event.statuses, event.changed, event.queue_max,
            event.response, event.service, event.lateness, event.user_ns + event.system_ns, phase.turned(self._rate),
            downstream=event.downstream,
        )  # fmt: skip
        self.samples.append(
            Sample(
                index=len(self.samples) + 1, step=self.step, number=phase.number, warmup=phase.number <= self.warmup,
                start_ns=event.start_ns, wall_ns=event.wall_ns, user_ns=user, system_ns=system, units=event.answered, check=None,
                latency=latency,
            )
        )  # fmt: skip

    def close(self) -> None:
        """Leave nothing of it behind."""
        if self._handle:
            self._handle.close()


def _spent(before: Reading | None, after: Reading | None) -> tuple[int | None, int | None]:
    """User and system time between two readings."""
    if not before or not after or None in (before.user_ns, before.system_ns, after.user_ns, after.system_ns):
        return None, None
    return (after.user_ns or 0) - (before.user_ns or 0), (after.system_ns or 0) - (before.system_ns or 0)
