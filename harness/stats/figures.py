"""Run -> one figure -> Summary. The unit is the invocation (a container start), never the pass or the request (METHODOLOGY.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from harness.model import Run, Sample, Summary
from harness.stats.early_stopping import early_stopping
from harness.stats.estimate import estimate, log
from harness.stats.gate import counts
from harness.stats.served import request_ns, timely

FEW = 5
"""Below this many invocations an interval is still printed, but with a warning."""


def steady_seconds(run: Run, steps: Sequence[str] | None = None) -> float | None:
    """Seconds of the steady (not warm-up) passes: per step their mean, summed over the steps; None for a run that isn't ok.

    `steps` restricts the sum to those, and None comes back where the run lacks one of them: a sum over fewer steps is no match.
    `load` is a phase of its own and counts only where it is named. Of a step with traffic it is the time of a request (served.py).
    """
    return _seconds(run, _steady(run), _wall, steps)


def first_seconds(run: Run, steps: Sequence[str] | None = None) -> float | None:
    """The same for the first pass of each step, warm-up or not."""
    return _seconds(run, (s for s in run.samples if s.number == 1), _wall, steps)


def cpu_seconds(run: Run, steps: Sequence[str] | None = None) -> float | None:
    """CPU seconds, of user and system, of the same passes as `steady_seconds`; None where one of them was not measured."""
    return _seconds(run, _steady(run), _cpu, steps)


def query_seconds(run: Run, q: float, steps: Sequence[str] | None = None) -> float | None:
    """Quantile `q` of the steady passes' queries, by MLPerf's early-stopping estimate; None where too few bear it, or none was timed."""
    if run.outcome != "ok":
        return None
    queries = [ns for s in _steady(run) if steps is None or s.step in steps for ns in s.queries]
    bound = early_stopping(queries, q)
    return None if bound is None else bound / 1e9


FIRST = "first"
"""The phase of `load` in which the first answer is given."""


def cold_start_seconds(run: Run) -> float | None:
    """From the start of the job to the end of its load, where that ends with a first answer. None where it does not."""
    load = next((s for s in run.samples if s.step == "load" and FIRST in s.phases), None)
    if run.outcome != "ok" or load is None or run.start_ns is None:
        return None
    return (load.start_ns + load.wall_ns - run.start_ns) / 1e9


def _steady(run: Run) -> Iterable[Sample]:
    return (s for s in run.samples if not s.warmup)


def _wall(sample: Sample) -> float | None:
    """What the pass took. Traffic lasts as long as it was told to; there it is what a request took."""
    return sample.wall_ns if sample.latency is None else request_ns(sample)


def _cpu(sample: Sample) -> int | None:
    return None if sample.user_ns is None or sample.system_ns is None else sample.user_ns + sample.system_ns


def _seconds(run: Run, samples: Iterable[Sample], of: Callable[[Sample], float | None], steps: Sequence[str] | None) -> float | None:
    if run.outcome != "ok":
        return None
    by_step: dict[str, list[float | None]] = {}
    for s in samples:
        by_step.setdefault(s.step, []).append(of(s))
    wanted = [s for s in by_step if s != "load"] if steps is None else list(steps)
    means = [_mean(by_step.get(step, [])) for step in wanted]
    measured = [m for m in means if m is not None]
    return sum(measured) / 1e9 if measured and len(measured) == len(means) else None


def _mean(ns: Sequence[float | None]) -> float | None:
    known = [x for x in ns if x is not None]
    return sum(known) / len(known) if known and len(known) == len(ns) else None


def summarise(figures: Sequence[float]) -> Summary:
    """Geometric mean of one figure an invocation with its t interval on the logs; no interval from fewer than two.

    Raises ValueError where there is none, or one that isn't positive.
    """
    found = estimate([log(f) for f in figures])
    low, high = found.limits() or (None, None)
    return Summary(found.ratio, low, high, found.n, (f"only {found.n} invocations",) if found.n < FEW else ())


def by_block(runs: Sequence[Run], figure: Callable[[Run], float | None], q: float | None = None) -> dict[tuple[str, str], dict[int, float]]:
    """(label, case) -> block -> any figure of a run, over the runs that pass the gate; those without a positive one are left out.

    A figure that is made of quantile `q` of the response is none of a run in which the load generator was late there (served.timely).
    """
    held: dict[tuple[str, str], list[Run]] = {}
    for run in filter(counts, runs):
        held.setdefault((run.label, run.case), []).append(run)
    fit = {side: mine if q is None else timely(mine, q) for side, mine in held.items()}
    values = {side: {run.block: value for run in mine if (value := figure(run)) and value > 0} for side, mine in fit.items()}
    return {side: blocks for side, blocks in values.items() if blocks}
