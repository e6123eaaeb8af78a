"""The only file that knows the wire (impls/PROTOCOL.md): a Job becomes a request, bytes become events in their lawful order.

Whatever an implementation writes ends as a Transcript or as a ProtocolError with a reason; nothing is trusted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from harness.model import Check, Hello, Job, Params, Pauses, Sample, Span, Stalls, Timing, Usage

VERSION = 1
LINE_LIMIT = 8 << 20
"""Longest line taken, in bytes: 4,096 pauses and as many stalls need well under one MiB."""


class ProtocolError(Exception):
    """What was written is not the protocol; the message says what, with the line's number."""


class _Hello(msgspec.Struct, tag_field="event", tag="hello"):
    protocol: int
    language: str
    variant: str
    runtime: str
    libraries: dict[str, str]
    parallelism: int
    clock: str
    now_ns: int
    allocator: str | None = None


class _Ready(msgspec.Struct, tag_field="event", tag="ready"):
    now_ns: int
    threads: int


class _Sample(msgspec.Struct, tag_field="event", tag="sample", rename={"number": "pass"}):
    index: int
    step: str
    number: int
    warmup: bool
    start_ns: int
    wall_ns: int
    user_ns: int | None
    system_ns: int | None
    units: int
    check: Check | None
    phases: dict[str, int] = {}


class _Answer(msgspec.Struct, tag_field="event", tag="answer"):
    step: str
    path: str
    rows: int
    sha256: str


class _Pauses(msgspec.Struct, tag_field="event", tag="pauses"):
    collector: str
    count: int | None
    total_ns: int | None
    cpu_share: float | None
    events: tuple[Span, ...]
    dropped: int
    clock_error_ns: int | None = None


class _Stalls(msgspec.Struct, tag_field="event", tag="stalls"):
    interval_ns: int
    threshold_ns: int
    count: int
    total_over_ns: int
    max_over_ns: int
    histogram: tuple[int, ...]
    events: tuple[Span, ...]
    dropped: int


class _Done(msgspec.Struct, tag_field="event", tag="done"):
    now_ns: int
    usage: Usage


class _Error(msgspec.Struct, tag_field="event", tag="error"):
    kind: str
    message: str


_Event = _Hello | _Ready | _Sample | _Answer | _Pauses | _Stalls | _Done | _Error
_decoder = msgspec.json.Decoder(_Event)


def request(job: Job, params: Params, inputs: Mapping[str, str], timing: Timing, answers: str | None) -> bytes:
    """The request of a job as one line; `inputs` and `answers` are paths as the implementation will see them."""
    meter = {"interval_ns": timing.meter_interval_ns, "threshold_ns": timing.meter_threshold_ns}
    fields = {
        "protocol": VERSION,
        "workload": job.workload,
        "inputs": inputs,
        "params": params,
        "steps": job.steps,
        "warmup": job.warmup,
        "timed": job.timed,
        "threads": job.threads,
        "seed": job.seed,
        "time_limit_s": job.limits.time_s,
        "answers": answers,
        "meter": meter,
    }
    return msgspec.json.encode(fields) + b"\n"


@dataclass(slots=True)
class Transcript:
    """What an implementation said, so far. Mutable on purpose: it grows as lines arrive, and is read when the job has ended."""

    owed: list[tuple[str, int]]
    answers_wanted: bool = False
    hello: Hello | None = None
    threads: int | None = None
    samples: list[Sample] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    pauses: Pauses | None = None
    stalls: Stalls | None = None
    usage: Usage | None = None
    error: tuple[str, str] | None = None
    lines: int = 0
    last: str = "nothing"
    _rest: bytes = b""

    @property
    def done(self) -> bool:
        """True after the last event."""
        return self.usage is not None

    def feed(self, data: bytes) -> list[str]:
        """Take bytes of standard output; the names of the events completed by them. ProtocolError on anything unlawful."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LINE_LIMIT:
            raise ProtocolError(f"line {self.lines + 1} is longer than {LINE_LIMIT >> 20} MiB")
        return [self._line(line) for line in lines]

    def end(self) -> None:
        """Standard output has ended: ProtocolError where something is still owed."""
        if self._rest:
            raise ProtocolError(f"line {self.lines + 1} is cut off: {_show(self._rest)}")
        if not self.done and not self.error:
            raise ProtocolError(f"output ended after {self.last}; {self._missing()} is missing")

    def _line(self, line: bytes) -> str:
        self.lines += 1
        try:
            event = _decoder.decode(line)
        except UnicodeDecodeError:
            raise ProtocolError(f"line {self.lines} is not UTF-8: {_show(line)}") from None
        except msgspec.MsgspecError as error:
            raise ProtocolError(f"line {self.lines} is no event: {error}: {_show(line)}") from None
        if self.done or self.error:
            raise ProtocolError(f"line {self.lines} comes after the last event: {_show(line)}")
        name = str(event.__struct_config__.tag)
        if self.hello is None and not isinstance(event, _Hello | _Error):
            raise ProtocolError(f"line {self.lines}: '{name}' before 'hello'")
        self._take(event, name)
        self.last = f"'{name}'"
        return name

    def _take(self, event: _Event, name: str) -> None:
        match event:
            case _Hello():
                self._take_hello(event)
            case _Ready():
                self._once(self.threads, name)
                self.threads = event.threads
            case _Sample():
                self._take_sample(event)
            case _Answer():
                self.answers[event.step] = event.sha256
            case _Pauses():
                self._once(self.pauses, name)
                self.pauses = msgspec.convert(event, Pauses, from_attributes=True)
            case _Stalls():
                self._once(self.stalls, name)
                self.stalls = msgspec.convert(event, Stalls, from_attributes=True)
            case _Done():
                self._take_done(event)
            case _Error():
                self.error = (event.kind, event.message)

    def _once(self, value: object, name: str) -> None:
        if value is not None:
            raise ProtocolError(f"line {self.lines}: a second '{name}'")

    def _take_hello(self, event: _Hello) -> None:
        self._once(self.hello, "hello")
        if event.protocol != VERSION:
            raise ProtocolError(f"it speaks protocol {event.protocol}, this harness {VERSION}")
        self.hello = msgspec.convert(event, Hello, from_attributes=True)

    def _take_sample(self, event: _Sample) -> None:
        where = f"line {self.lines}: sample {event.index} ({event.step}, pass {event.number})"
        if self.threads is None:
            raise ProtocolError(f"{where}: before 'ready'")
        if event.index != len(self.samples) or event.index >= len(self.owed):
            raise ProtocolError(f"{where}: out of order, {len(self.samples)} of {len(self.owed)} samples came before it")
        if (event.step, event.number) != self.owed[event.index]:
            step, number = self.owed[event.index]
            raise ProtocolError(f"{where}: {step}, pass {number} was owed")
        if event.wall_ns < 0 or (self.samples and event.start_ns < self.samples[-1].start_ns + self.samples[-1].wall_ns):
            raise ProtocolError(f"{where}: its time runs backwards or overlaps the sample before")
        if event.step != "load" and (event.check is None or not all(map(math.isfinite, event.check.sums.values()))):
            raise ProtocolError(f"{where}: has no check, or one that is not finite")
        self.samples.append(msgspec.convert(event, Sample, from_attributes=True))

    def _take_done(self, event: _Done) -> None:
        missing = self._missing()
        if missing != "'done'":
            raise ProtocolError(f"line {self.lines}: 'done' although {missing} is missing")
        self.usage = event.usage

    def _missing(self) -> str:
        """The first thing still owed, in words."""
        if self.hello is None:
            return "'hello'"
        if self.threads is None:
            return "'ready'"
        if len(self.samples) < len(self.owed):
            step, number = self.owed[len(self.samples)]
            return f"the sample of {step}, pass {number},"
        if self.answers_wanted and (steps := {s for s, _ in self.owed} - {"load"} - set(self.answers)):
            return f"the answer of {min(steps)}"
        if self.pauses is None:
            return "'pauses'"
        return "'stalls'" if self.stalls is None else "'done'"


def _show(line: bytes) -> str:
    text = line[:80].decode("utf-8", "backslashreplace")
    return repr(text + ("..." if len(line) > 80 else ""))
