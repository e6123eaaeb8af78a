"""The only file that knows the wire (impls/PROTOCOL.md): a Job becomes a request, bytes become events in their lawful order.

Whatever an implementation writes ends as a Transcript or as a ProtocolError with a reason; nothing is trusted.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Annotated

import msgspec

from harness.model import Hello, Job, Params, Pauses, Sample, Stalls, Timing, Usage

VERSION = 1
HOST = "127.0.0.1"
"""Where a server listens; in a container that is a network of its own."""
LINE_LIMIT = 8 << 20
"""Longest line taken, in bytes: 4,096 pauses and as many stalls need well under one MiB."""


Whole = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""A count or a time: no lawful one is negative, and a longer one would burst the first division by a float."""


class ProtocolError(Exception):
    """What was written is not the protocol; the message says what, with the line's number."""


class _Check(msgspec.Struct):
    rows: Whole
    sums: dict[str, float]


class _Span(msgspec.Struct):
    start_ns: Whole
    wall_ns: Whole
    kind: str | None = None


class _Usage(msgspec.Struct):
    minor_faults: Whole | None
    major_faults: Whole | None
    voluntary_switches: Whole | None
    involuntary_switches: Whole | None
    peak_rss_bytes: Whole | None


class _Hello(msgspec.Struct, tag_field="event", tag="hello"):
    protocol: Whole
    language: str
    variant: str
    runtime: str
    libraries: dict[str, str]
    parallelism: Whole
    clock: str
    now_ns: Whole
    allocator: str | None = None


class _Ready(msgspec.Struct, tag_field="event", tag="ready"):
    now_ns: Whole
    threads: Whole


class _Sample(msgspec.Struct, tag_field="event", tag="sample", rename={"number": "pass"}):
    index: Whole
    step: str
    number: Whole
    warmup: bool
    start_ns: Whole
    wall_ns: Whole
    user_ns: Whole | None
    system_ns: Whole | None
    units: Whole
    check: _Check | None
    phases: dict[str, Whole] = {}
    queries: tuple[Whole, ...] = ()


class _Answer(msgspec.Struct, tag_field="event", tag="answer"):
    step: str
    path: str
    rows: Whole
    sha256: str


class _Serving(msgspec.Struct, tag_field="event", tag="serving"):
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)]
    now_ns: Whole


class _Pauses(msgspec.Struct, tag_field="event", tag="pauses"):
    collector: str
    count: Whole | None
    total_ns: Whole | None
    cpu_share: float | None
    events: tuple[_Span, ...]
    dropped: Whole
    clock_error_ns: Whole | None = None


class _Stalls(msgspec.Struct, tag_field="event", tag="stalls"):
    interval_ns: Whole
    threshold_ns: Whole
    count: Whole
    total_over_ns: Whole
    max_over_ns: Whole
    histogram: tuple[Whole, ...]
    events: tuple[_Span, ...]
    dropped: Whole


class _Done(msgspec.Struct, tag_field="event", tag="done"):
    now_ns: Whole
    usage: _Usage
    runtime_memory: dict[str, Whole] = {}
    served: Whole | None = None


class _Error(msgspec.Struct, tag_field="event", tag="error"):
    kind: str
    message: str


_Event = _Hello | _Ready | _Sample | _Answer | _Serving | _Pauses | _Stalls | _Done | _Error
_decoder = msgspec.json.Decoder(_Event)


def request(
    job: Job, params: Params, inputs: Mapping[str, str], timing: Timing, answers: str | None, outputs: str | None = None,
    connections: int | None = None, *, turns: bool = False,
) -> bytes:  # fmt: skip
    """The request of a job as one line; `inputs`, `answers` and `outputs` are paths as the implementation will see them.

    `connections` is what a server must be able to hold; None for a job that serves nothing. One that works in `turns` has no stall
    meter: it would see the others at work.
    """
    meter = None if turns else {"interval_ns": timing.meter_interval_ns, "threshold_ns": timing.meter_threshold_ns}
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
        "outputs": outputs,
        "meter": meter,
        "turns": turns,
    }
    if connections is not None:
        fields["serve"] = {"host": HOST, "port": 0, "connections": connections}
    return msgspec.json.encode(fields) + b"\n"


@dataclass(slots=True)
class Transcript:
    """What an implementation said, so far. Mutable on purpose: it grows as lines arrive, and is read when the job has ended.

    `owed` are its samples in order, `owed_answers` the steps of which it owes the whole answer. One that `serves` owes a port, one
    that works in `turns` begins each pass at its turn and not before.
    """

    owed: list[tuple[str, int, bool]]
    owed_answers: Collection[str] = ()
    serves: bool = False
    turns: bool = False
    hello: Hello | None = None
    threads: int | None = None
    samples: list[Sample] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    port: int | None = None
    served: int | None = None
    pauses: Pauses | None = None
    stalls: Stalls | None = None
    usage: Usage | None = None
    error: tuple[str, str] | None = None
    lines: int = 0
    last: str = "nothing"
    _turn: tuple[int, int] | None = None
    """The pass whose turn came last, by its sample's index, and when."""
    _rest: bytearray = field(default_factory=bytearray)

    @property
    def done(self) -> bool:
        """True after the last event."""
        return self.usage is not None

    @property
    def waits(self) -> bool:
        """Whether it is to begin nothing before its next turn."""
        begun = self._turn[0] if self._turn else 0
        return self.turns and begun < len(self.samples) < len(self.owed)

    def turn(self, now_ns: int) -> bytes:
        """The line that gives it its turn."""
        self._turn = len(self.samples), now_ns
        return msgspec.json.encode({"turn": len(self.samples)}) + b"\n"

    def feed(self, data: bytes) -> list[str]:
        """Take bytes of standard output; the names of the events completed by them. ProtocolError on anything unlawful."""
        first, *others = data.split(b"\n")
        self._rest += first
        lines = []
        if others:
            lines = [bytes(self._rest), *others[:-1]]
            self._rest = bytearray(others[-1])
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
        if len(line) > LINE_LIMIT:
            raise ProtocolError(f"line {self.lines} is longer than {LINE_LIMIT >> 20} MiB")
        try:
            event = _decoder.decode(line)
        except UnicodeDecodeError:
            raise ProtocolError(f"line {self.lines} is not UTF-8: {_show(line)}") from None
        except (msgspec.MsgspecError, RecursionError) as error:
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
                self._take_answer(event)
            case _Serving():
                self._take_serving(event)
            case _Pauses():
                self._after_samples(self.pauses, name)
                self.pauses = msgspec.convert(event, Pauses, from_attributes=True)
            case _Stalls():
                self._after_samples(self.stalls, name)
                self.stalls = msgspec.convert(event, Stalls, from_attributes=True)
            case _Done():
                self._take_done(event)
            case _Error():
                self.error = (event.kind, event.message)

    def _once(self, value: object, name: str) -> None:
        if value is not None:
            raise ProtocolError(f"line {self.lines}: a second '{name}'")

    def _after_samples(self, value: object, name: str) -> None:
        self._once(value, name)
        if self.threads is None or len(self.samples) < len(self.owed) or (self.serves and self.port is None):
            raise ProtocolError(f"line {self.lines}: '{name}' although {self._missing()} is missing")

    def _take_hello(self, event: _Hello) -> None:
        self._once(self.hello, "hello")
        if event.protocol != VERSION:
            raise ProtocolError(f"line {self.lines}: it speaks protocol {event.protocol}, this harness {VERSION}")
        self.hello = msgspec.convert(event, Hello, from_attributes=True)

    def _take_sample(self, event: _Sample) -> None:
        where = f"line {self.lines}: sample {event.index} ({event.step}, pass {event.number})"
        if self.threads is None:
            raise ProtocolError(f"{where}: before 'ready'")
        if event.index != len(self.samples) or event.index >= len(self.owed):
            raise ProtocolError(f"{where}: out of order, {len(self.samples)} of {len(self.owed)} samples came before it")
        if (event.step, event.number, event.warmup) != (owed := self.owed[event.index]):
            raise ProtocolError(f"{where}: {owed[0]}, pass {owed[1]} was owed, as {'warm-up' if owed[2] else 'no warm-up'}")
        if self.samples and event.start_ns < self.samples[-1].start_ns + self.samples[-1].wall_ns:
            raise ProtocolError(f"{where}: overlaps the sample before")
        if self.turns and self.samples and (self.waits or self._turn is None or event.start_ns < self._turn[1]):
            raise ProtocolError(f"{where}: began before its turn; see `turns` in impls/PROTOCOL.md")
        if event.step != "load" and (event.check is None or not all(map(math.isfinite, event.check.sums.values()))):
            raise ProtocolError(f"{where}: has no check, or one that is not finite")
        if sum(event.queries) > event.wall_ns:
            raise ProtocolError(f"{where}: its queries take {sum(event.queries)} ns together, the pass {event.wall_ns}")
        self.samples.append(msgspec.convert(event, Sample, from_attributes=True))

    def _take_answer(self, event: _Answer) -> None:
        begun, ahead = {s.step for s in self.samples}, {step for step, *_ in self.owed[len(self.samples) :]}
        if event.step not in set(self.owed_answers) & begun - ahead - set(self.answers):
            raise ProtocolError(f"line {self.lines}: an answer of {event.step!r} that was not asked for, is not due yet, or came before")
        self.answers[event.step] = event.sha256

    def _take_serving(self, event: _Serving) -> None:
        self._once(self.port, "serving")
        if not self.serves or len(self.samples) < len(self.owed):
            raise ProtocolError(f"line {self.lines}: 'serving', which was not asked for or is not due yet")
        self.port = event.port

    def _take_done(self, event: _Done) -> None:
        missing = self._missing()
        if missing != "'done'":
            raise ProtocolError(f"line {self.lines}: 'done' although {missing} is missing")
        self.usage = Usage(**msgspec.structs.asdict(event.usage), runtime_memory=event.runtime_memory)
        self.served = event.served

    def _missing(self) -> str:
        """The first thing still owed, in words."""
        if self.hello is None:
            return "'hello'"
        if self.threads is None:
            return "'ready'"
        if len(self.samples) < len(self.owed):
            step, number, _ = self.owed[len(self.samples)]
            return f"the sample of {step}, pass {number},"
        if steps := set(self.owed_answers) - set(self.answers):
            return f"the answer of {min(steps)}"
        if self.serves and self.port is None:
            return "'serving'"
        if self.pauses is None:
            return "'pauses'"
        return "'stalls'" if self.stalls is None and not self.turns else "'done'"


def _show(line: bytes | bytearray) -> str:
    text = line[:80].decode("utf-8", "backslashreplace")
    return repr(text + ("..." if len(line) > 80 else ""))
