"""Run of a server -> its figures under load: response times from the instant a request was due, answers a second, CPU time an answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped]

from harness.model import Run, Sample
from harness.stats.tails import DIGITS, HIGHEST_NS, quantile


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


def request_ns(sample: Sample) -> float | None:
    """What a request takes: in a closed loop the time over the answers, in an open one the median response."""
    latency = sample.latency
    if latency is None or not sample.units:
        return None
    return sample.wall_ns / sample.units if latency.arrivals == "closed" else quantile(decoded(latency.response), 0.5)


def answers_per_second(run: Run, steps: Sequence[str] | None = None) -> float | None:
    """Answers over the time of the steady passes."""
    passes = [s for s in _steady(run, steps) if s.latency]
    wall = sum(s.wall_ns for s in passes)
    return sum(s.units for s in passes) * 1e9 / wall if wall else None


def cpu_seconds_per_answer(run: Run, steps: Sequence[str] | None = None) -> float | None:
    """CPU time of the server's whole tree, user and system, over the answers; None where it was not measured."""
    passes = [s for s in _steady(run, steps) if s.latency]
    spent = [s.user_ns + s.system_ns for s in passes if s.user_ns is not None and s.system_ns is not None]
    answered = sum(s.units for s in passes)
    return sum(spent) / 1e9 / answered if answered and len(spent) == len(passes) else None


def _steady(run: Run, steps: Sequence[str] | None) -> Iterable[Sample]:
    return (s for s in run.samples if run.outcome == "ok" and not s.warmup and (steps is None or s.step in steps))
