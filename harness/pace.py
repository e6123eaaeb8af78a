"""One probe of a server at a rate: how long it must last, and whether it kept the objective for its 99th percentile. Pure.

It passes by MLPerf's early stopping: with 99 % confidence no more than one request in a hundred would take longer. The requests beyond
the objective are counted in the histogram of the response, where one in a bucket that reaches beyond counts as beyond (0.1 % at most).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from harness.model import Latency, Run, UserError, too_late

Q = 0.99
LEAST_S, MOST_S = 5.0, 10.0
"""A phase's seconds: each probe is a container, and there are some twenty a search."""
LEAST = 60.0
"""A second. Fewer would not give, in the longest phase, the 459 requests without which early stopping decides nothing."""
ENOUGH = 1307
"""Requests of which five may be over-long; so many are wanted where time allows."""
QUEUE = 50
"""Phases are so many times the objective: 2 % more than a server can do let its queue grow by a fiftieth of the time that passes."""
LEAST_NS, MOST_NS = 100_000, int(MOST_S / QUEUE * 1e9)
UNITS = {"us": 10**3, "ms": 10**6, "s": 10**9}


@dataclass(frozen=True, slots=True)
class Try:
    """One probe. Of `requests` a number took longer than the objective, or got no answer: `over`.

    void: no evidence, as its account does not hold (the load generator lagged) or the requests were too few. `rate` is None where a
    probe that was to find one out did not get so far.
    """

    rate: float | None
    verdict: Literal["passed", "failed", "void"]
    why: str | None = None
    requests: int = 0
    over: int = 0
    p99_ns: float | None = None


def objective(text: str) -> int:
    """`10ms` in nanoseconds. UserError for what is no duration, or none that a phase can tell."""
    found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(us|ms|s)", text)
    if not found:
        raise UserError(f"--highest-rate {text}: write the objective for the 99th percentile as a number with its unit, e.g. 10ms or 500us")
    ns = round(float(found[1]) * UNITS[found[2]])
    if not LEAST_NS <= ns <= MOST_NS:
        why = f"in {MOST_S:.0f} s a queue that never ends does not outgrow more, and the load generator itself may be 50us late"
        raise UserError(f"--highest-rate {text}: take an objective from {written(LEAST_NS)} to {written(MOST_NS)}; {why}")
    return ns


def written(objective_ns: int) -> str:
    """An objective as one types it: 10ms."""
    return f"{objective_ns / 1e6:g}ms" if objective_ns >= UNITS["ms"] else f"{objective_ns / 1e3:g}us"


def seconds(rate: float | None, objective_ns: int) -> float:
    """How long the phase at a rate lasts; the longest where the rate is not known before."""
    return MOST_S if rate is None else min(MOST_S, max(LEAST_S, QUEUE * objective_ns / 1e9, ENOUGH / rate))


def judged(run: Run, objective_ns: int) -> Try:
    """What a probe shows."""
    seen = next((s.latency for s in run.samples if s.latency and not s.warmup), None)
    rate = run.params.get("rate", seen.rate if seen else None)
    rate = float(rate) if isinstance(rate, int | float) else None
    if seen is None:
        return Try(rate, "failed", _ended(run))
    requests, over, allowed, p99_ns, late_ns = _counts(seen, objective_ns)
    if run.outcome != "ok":
        return Try(rate, "failed", _ended(run), requests, over, p99_ns)
    if run.suspect:
        return Try(rate, "void", run.suspect[0], requests, over, p99_ns)
    if too_late(late_ns, objective_ns):
        return Try(rate, "void", f"the load generator lagged, {late_ns / 1e3:.0f} us at its 99th percentile", requests, over, p99_ns)
    if allowed < 0:
        return Try(rate, "void", f"{requests} requests are too few to tell", requests, over, p99_ns)
    if over > allowed:
        return Try(rate, "failed", f"{over} of {requests} took longer, {allowed} may", requests, over, p99_ns)
    return Try(rate, "passed", None, requests, over, p99_ns)


def _ended(run: Run) -> str:
    return f"{run.outcome}: {run.reason}" if run.reason else run.outcome


def _counts(seen: Latency, objective_ns: int) -> tuple[int, int, int, float | None, float]:
    """Requests, those over the objective, how many may be; and at the percentile the response and the load generator's own lateness."""
    from harness import stats  # Here, since its libraries take longer to load than all else of a command that searches nothing.

    held, lost = stats.decoded(seen.response), sum(seen.failed.values())
    requests = int(held.get_total_count()) + lost
    late_ns = stats.value_at(stats.decoded(seen.lateness), Q)
    return requests, stats.beyond(held, objective_ns) + lost, stats.allowed(requests, Q), stats.quantile(held, Q), late_ns
