"""Run of a server -> its figures under load: response times, answers a second, CPU time an answer, recovery; and its memory before.

A response runs from the instant at which its request was due.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from statistics import median

from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped]

from harness.model import Latency, Run, Sample, too_late
from harness.stats.tails import DIGITS, HIGHEST_NS, quantile, value_at


def responses(run: Run, steps: Sequence[str] | None = None) -> HdrHistogram | None:
    """The response times of the steady passes; None for a run that isn't ok, or served nothing.

    ValueError for a histogram that is none.
    """
    found = [s.latency.response for s in _steady(run, steps) if s.latency]
    if not found:
        return None
    merged = HdrHistogram(1, HIGHEST_NS, DIGITS)
    for encoded in found:
        merged.add(decoded(encoded))
    return merged


def decoded(encoded: str) -> HdrHistogram:
    """A histogram as the wire has it. ValueError for what is none: the codec has errors of many kinds."""
    try:
        return HdrHistogram.decode(encoded)
    except Exception as error:
        raise ValueError(f"no HDR histogram: {error or type(error).__name__}") from None


def response_seconds(run: Run, q: float, steps: Sequence[str] | None = None) -> float | None:
    """Quantile `q` of the response; None where too few requests bear it."""
    held = responses(run, steps)
    ns = None if held is None else quantile(held, q)
    return None if ns is None else ns / 1e9


def phases(runs: Iterable[Run]) -> list[Latency]:
    """The steady passes with traffic."""
    return [s.latency for run in runs for s in _steady(run, None) if s.latency]


def timely(runs: Sequence[Run], q: float) -> list[Run]:
    """Those of one label's runs at one load in which the generator was on time at quantile `q`, as `too_late` has it.

    Each one's lateness is held against the median response of all of them: held against its own, the slow runs alone would be let in.
    A closed loop has no instant at which a request was due.
    """
    responses = [_at(one.response, q) for one in phases(runs) if one.scheduled]
    typical = median(responses) if responses else 0.0
    return [run for run in runs if not any(_late(one, q, typical) for one in phases([run]))]


def _late(one: Latency, q: float, response_ns: float) -> bool:
    return one.scheduled and too_late(_at(one.lateness, q), response_ns)


@lru_cache(maxsize=1 << 16)
def _at(encoded: str, q: float) -> float:
    """Decoding takes a millisecond, and a page asks the same of a run for each of its tables."""
    return value_at(decoded(encoded), q)


def request_ns(sample: Sample) -> float | None:
    """What a request takes: in a closed loop the time over the answers, in an open one the median response."""
    latency = sample.latency
    if latency is None or not sample.units:
        return None
    return quantile(decoded(latency.response), 0.5) if latency.scheduled else sample.wall_ns / sample.units


def answers_per_second(run: Run, steps: Sequence[str] | None = None) -> float | None:
    """Answers over the time of the steady passes."""
    passes = [s for s in _steady(run, steps) if s.latency]
    wall = sum(s.wall_ns for s in passes)
    return sum(s.units for s in passes) * 1e9 / wall if wall else None


def idle_memory(run: Run) -> int | None:
    """Anonymous bytes of a server that is ready and has not been asked anything: the last look before the first phase of traffic.

    The load generator's connections are open by then or about to be. None where there was no traffic, or no look before it.
    """
    first = next((s.start_ns for s in run.samples if s.latency), None)
    if first is None or run.start_ns is None:
        return None
    seen = [held for at, held in zip(run.memory.at_ns, run.memory.anon_bytes, strict=True) if run.start_ns + at < first]
    return seen[-1] if seen else None


def cpu_seconds_per_answer(run: Run, steps: Sequence[str] | None = None) -> float | None:
    """CPU time of the server's whole tree, user and system, over the answers; None where it was not measured."""
    passes = [s for s in _steady(run, steps) if s.latency]
    spent = [s.user_ns + s.system_ns for s in passes if s.user_ns is not None and s.system_ns is not None]
    answered = sum(s.units for s in passes)
    return sum(spent) / 1e9 / answered if answered and len(spent) == len(passes) else None


def recovery_seconds(run: Run, steps: Sequence[str] | None = None) -> float | None:
    """From the fall of the offered rate until its backlog is gone."""
    return _mean(latency.recovery.wall_ns / 1e9 for latency in _fell(run, steps) if latency.recovery)


def recovery_over_ideal(run: Run, steps: Sequence[str] | None = None) -> float | None:
    """The same over what it takes a queue that neither gains nor loses capacity: what came beyond it, at the capacity left over."""
    return _mean(_over_ideal(latency) for latency in _fell(run, steps))


def overload_goodput(run: Run, steps: Sequence[str] | None = None) -> float | None:
    """Answers a second until the offered rate fell, over those of the closed loop before."""
    return _mean(_goodput(latency) for latency in _fell(run, steps))


def _over_ideal(latency: Latency) -> float | None:
    turn, rate, recovery = latency.turn, latency.rate, latency.recovery
    if not turn or not rate or not recovery or not turn.capacity or not rate > turn.capacity > turn.to:
        return None
    return recovery.wall_ns / (turn.after_ns * (rate - turn.capacity) / (turn.capacity - turn.to))


def _goodput(latency: Latency) -> float | None:
    turn, recovery = latency.turn, latency.recovery
    return recovery.overloaded * 1e9 / turn.after_ns / turn.capacity if turn and recovery and turn.capacity else None


def _fell(run: Run, steps: Sequence[str] | None) -> Iterable[Latency]:
    return (s.latency for s in _steady(run, steps) if s.latency and s.latency.recovery)


def _mean(figures: Iterable[float | None]) -> float | None:
    """None where there is none, or one of them is not known."""
    found = [*figures]
    known = [figure for figure in found if figure is not None]
    return sum(known) / len(known) if known and len(known) == len(found) else None


def _steady(run: Run, steps: Sequence[str] | None) -> Iterable[Sample]:
    return (s for s in run.samples if run.outcome == "ok" and not s.warmup and (steps is None or s.step in steps))
