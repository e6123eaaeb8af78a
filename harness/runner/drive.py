"""Watches one started job to its end: feeds the request, reads events, samples memory, keeps the limits, names what came of it.

One loop, no threads: what comes on the job's output, the clock and the job's account are all looked at every few milliseconds.
Of jobs that work in turns each has its own loop, which stands still while it is others' turn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Protocol

from harness.model import Limits, Outcome, Reading, Series, Times
from harness.protocol import ProtocolError, Transcript
from harness.runner.engine import Chunk, Exit, Handle

SAMPLE_S = 0.01
SERIES_LIMIT = 4096
STDERR_LIMIT = 64 << 10
GRACE_S = 5.0
BUSY_SHARE = 0.03
"""A job that uses less of one CPU than this is idle: its stall meter alone stays below it."""


class Guest(Protocol):
    """What runs beside a job that serves, from its port on."""

    look_s: float
    """How often the job may be looked at meanwhile: each look takes a CPU away from somebody."""

    def begin(self, port: int) -> None:
        """The job accepts connections there."""

    def busy(self, timeout_s: float) -> bool:
        """Take what comes of it within `timeout_s`; False once it is over, however it went."""


@dataclass(slots=True)
class Watch:
    """What is known of a running job. Mutable: one a job, for the loop's own use and then for the record."""

    transcript: Transcript
    limits: Limits
    start_ns: int
    hello_ns: int | None = None
    ready_ns: int | None = None
    done_ns: int | None = None
    exit_ns: int | None = None
    outcome: Outcome = "ok"
    reason: str | None = None
    stderr: bytearray = field(default_factory=bytearray)
    stdout_bytes: int = 0
    anon_peak: int | None = None
    at_ns: list[int] = field(default_factory=list)
    anon: list[int] = field(default_factory=list)
    interval_ns: int = int(SAMPLE_S * 1e9)
    next_sample_ns: int = 0
    next_point_ns: int = 0
    last_reading: Reading | None = None
    progress_ns: int = 0
    marked_ns: int = 0
    marked_cpu_ns: int = 0
    exit: Exit | None = None
    guest: Guest | None = None
    visited: bool = False
    waited_ns: int = 0
    waited_cpu_ns: int | None = None

    def fail(self, outcome: Outcome, reason: str) -> None:
        """Set the outcome, unless one is already known: the first cause counts."""
        if self.outcome == "ok":
            self.outcome, self.reason = outcome, reason

    @property
    def visiting(self) -> bool:
        """Whether there is traffic."""
        return self.guest is not None and self.transcript.port is not None and not self.visited

    @property
    def look_s(self) -> float:
        """How long until the next look at its memory."""
        return self.guest.look_s if self.guest and self.visiting else SAMPLE_S

    @property
    def times(self) -> Times:
        """The job's instants, relative to its start."""
        marks = (self.hello_ns, self.ready_ns, self.done_ns, self.exit_ns)
        hello, ready, done, ended = (None if m is None else m - self.start_ns for m in marks)
        return Times(hello, ready, done, ended, self.waited_ns, self.waited_cpu_ns)

    @property
    def series(self) -> Series:
        """The memory series as recorded."""
        return Series(tuple(self.at_ns), tuple(self.anon), self.interval_ns)


Owed = tuple[str, int]
"""The step and the pass that a job waits with."""


def drive(handle: Handle, request: bytes, watch: Watch, tell: Callable[[str], None]) -> Generator[Owed]:
    """Take the job from its start to its end; afterwards `watch` holds all of it. The job may not outlive this call's end by itself.

    Stops at what it waits with, where it works in turns; to go on is to give it its turn. To close it before its end kills the job.
    """
    watch.progress_ns = watch.marked_ns = watch.start_ns
    try:
        handle.write(request)
        yield from _follow(handle, watch, tell)
        watch.last_reading = handle.reading() or watch.last_reading
        handle.close_stdin()
        if watch.outcome != "ok":
            handle.kill()
        _finish(handle, watch)
    except ProtocolError as error:
        watch.fail("protocol", str(error))
        watch.last_reading = handle.reading() or watch.last_reading
        handle.kill()
    except (KeyboardInterrupt, GeneratorExit):
        handle.kill()
        raise
    watch.exit = handle.result(GRACE_S)
    watch.exit_ns = time.monotonic_ns()
    _judge_exit(watch)


def _follow(handle: Handle, watch: Watch, tell: Callable[[str], None]) -> Generator[Owed]:
    """Until `done`, `error`, the end of output, or a limit."""
    while not (watch.transcript.done or watch.transcript.error or handle.ended) and watch.outcome == "ok":
        if watch.transcript.waits:
            yield from _wait(handle, watch)
        if watch.visiting and watch.guest:
            _attend(handle, watch, watch.guest, tell)
        else:
            _take(handle.pump(SAMPLE_S), watch, tell)
        now = time.monotonic_ns()
        if now >= watch.next_sample_ns:
            _sample_memory(handle, watch, now)
        _check_limits(handle, watch, now)


def _wait(handle: Handle, watch: Watch) -> Generator[Owed]:
    """Others' turn: none of that time is the job's, and CPU time that it takes all the same is noted."""
    said = watch.transcript
    began, before = time.monotonic_ns(), _cpu_ns(handle.reading())
    yield said.owed[len(said.samples)][:2]
    after, now = _cpu_ns(handle.reading()), time.monotonic_ns()
    watch.waited_ns += now - began
    if before is not None and after is not None:
        watch.waited_cpu_ns = (watch.waited_cpu_ns or 0) + after - before
    watch.progress_ns = watch.marked_ns = now
    handle.write(said.turn(time.monotonic_ns()))


def _cpu_ns(reading: Reading | None) -> int | None:
    if reading is None or reading.user_ns is None or reading.system_ns is None:
        return None
    return reading.user_ns + reading.system_ns


def _attend(handle: Handle, watch: Watch, guest: Guest, tell: Callable[[str], None]) -> None:
    """Traffic keeps its own time, so it counts as progress; when it is over the server is looked at once more and asked to end.

    It is the guest that is waited for: at its word that a phase begins or ends the job's CPU time is read.
    """
    over = not guest.busy(watch.look_s)
    _take(handle.pump(0), watch, tell)
    watch.progress_ns = watch.marked_ns = time.monotonic_ns()
    if over:
        _sample_memory(handle, watch, watch.progress_ns)
        watch.visited = True
        handle.terminate()


def _take(chunks: list[Chunk], watch: Watch, tell: Callable[[str], None]) -> None:
    now = time.monotonic_ns()
    for stream, data in chunks:
        if stream == "err":
            watch.stderr += data
            del watch.stderr[:-STDERR_LIMIT]
            continue
        watch.stdout_bytes += len(data)
        if watch.stdout_bytes > watch.limits.output_bytes:
            raise ProtocolError(f"more than {watch.limits.output_bytes >> 20} MiB on standard output")
        for event in watch.transcript.feed(data):
            watch.progress_ns = now
            _note(event, watch, now, tell)


def _note(event: str, watch: Watch, now: int, tell: Callable[[str], None]) -> None:
    if event == "hello":
        watch.hello_ns = now
    elif event == "ready":
        watch.ready_ns = now
    elif event == "done":
        watch.done_ns = now
    elif event == "serving" and watch.guest and watch.transcript.port:
        watch.guest.begin(watch.transcript.port)
    elif event == "sample":
        last = watch.transcript.samples[-1]
        tell(f"{last.step} pass {last.number}")


def _sample_memory(handle: Handle, watch: Watch, now: int) -> None:
    """Every sample counts for the peak; the series is thinned to half whenever it grows too long."""
    watch.next_sample_ns = now + int(watch.look_s * 1e9)
    anon = handle.memory_bytes()
    if anon is None:
        return
    watch.anon_peak = max(watch.anon_peak or 0, anon)
    if now < watch.next_point_ns:
        return
    watch.next_point_ns = now + watch.interval_ns
    watch.at_ns.append(now - watch.start_ns)
    watch.anon.append(anon)
    if len(watch.anon) >= SERIES_LIMIT:
        watch.at_ns, watch.anon, watch.interval_ns = watch.at_ns[::2], watch.anon[::2], watch.interval_ns * 2


def _check_limits(handle: Handle, watch: Watch, now: int) -> None:
    limits = watch.limits
    if now - watch.marked_ns >= 1e9:
        _mark_progress(handle, watch, now)
    idle_s = (now - watch.progress_ns) / 1e9
    if now - watch.start_ns - watch.waited_ns >= limits.time_s * 1e9:
        if idle_s > min(limits.idle_s, limits.time_s / 2):
            watch.fail("hang", f"idle for {idle_s:.0f} s after {watch.transcript.last}, at the time limit of {limits.time_s:g} s")
        else:
            watch.fail("timeout", f"not done after {limits.time_s:g} s; the last event was {watch.transcript.last}")
    elif idle_s > limits.idle_s:
        watch.fail("hang", f"idle for {idle_s:.0f} s after {watch.transcript.last}")


def _mark_progress(handle: Handle, watch: Watch, now: int) -> None:
    """A job that burns CPU makes progress, even where no event comes."""
    reading = handle.reading()
    if (cpu := _cpu_ns(reading)) is None:
        watch.marked_ns = now
        return
    if cpu - watch.marked_cpu_ns > BUSY_SHARE * (now - watch.marked_ns):
        watch.progress_ns = now
    watch.last_reading, watch.marked_ns, watch.marked_cpu_ns = reading, now, cpu


def _finish(handle: Handle, watch: Watch) -> None:
    """The rest of its output after standard input was closed; what comes after `done` is against the protocol."""
    deadline = time.monotonic() + GRACE_S
    while not handle.ended and time.monotonic() < deadline:
        _take(handle.pump(SAMPLE_S), watch, lambda _: None)
    if not handle.ended:
        watch.fail("hang", f"said {watch.transcript.last}, but did not end within {GRACE_S:g} s of the end of its input")
        handle.kill()
    elif watch.outcome == "ok":
        _end_of_output(handle, watch)


def _end_of_output(handle: Handle, watch: Watch) -> None:
    """A program that died in the middle is a crash, not a protocol fault; so its exit is looked at first."""
    watch.exit = handle.result(GRACE_S)
    if watch.exit and not watch.exit.code and not watch.exit.signal and not watch.exit.oom:
        watch.transcript.end()


def _judge_exit(watch: Watch) -> None:
    """Name the outcome from how it ended, where nothing before has named it."""
    ended, error = watch.exit, watch.transcript.error
    kills = watch.last_reading.oom_kills if watch.last_reading else None
    if ended and (ended.oom or kills):
        limit = watch.limits.memory_bytes >> 20
        watch.outcome, watch.reason = "oom", f"killed at the memory limit of {limit} MiB; the last event was {watch.transcript.last}"
    elif error and error[0] == "memory":
        watch.fail("oom", f"ran out of memory, by its own word: {error[1]}")
    elif error:
        watch.fail("error", f"{error[0]}: {error[1]}")
    elif ended is None:
        watch.fail("hang", "could not be ended")
    elif ended.signal:
        watch.fail("crash", f"killed by {ended.signal} after {watch.transcript.last}{_last_words(watch)}")
    elif ended.code:
        watch.fail("crash", f"exit code {ended.code} after {watch.transcript.last}{_last_words(watch)}")


def _last_words(watch: Watch) -> str:
    lines = watch.stderr.decode("utf-8", "backslashreplace").strip().splitlines()
    return f": {lines[-1][:200]}" if lines else ""
