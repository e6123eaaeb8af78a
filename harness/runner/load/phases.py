"""A step's traffic and a case's parameters -> the phases that the load generator is asked for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.model import Arrivals, Job, Params, Traffic, Turn, UserError

Field = int | float | str | None
HALF = 0.5
"""Where a step comes unless it is told to: the load generator's own rule."""


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase, and the pass that it is; None for one that only finds out what `share` is a share of."""

    arrivals: Arrivals
    seconds: float
    number: int | None
    rate: float | None = None
    share: float | None = None
    to: float | None = None
    turn: float | None = None

    def asked(self) -> Mapping[str, Field]:
        """As the generator's request has it."""
        return {
            "arrivals": self.arrivals, "seconds": self.seconds, "rate": self.rate, "share": self.share, "to": self.to, "turn": self.turn,
            "count": None,
        }  # fmt: skip

    def turned(self, rate: float | None) -> Turn | None:
        """The step that a phase at `rate` has; None where it has none."""
        if self.arrivals != "step" or self.to is None or rate is None:
            return None
        capacity = rate / self.share if self.share else None
        return Turn(round(self.seconds * (self.turn or HALF) * 1e9), self.to * (capacity or 1), capacity)


def phases(traffic: Traffic, params: Params, job: Job) -> list[Phase]:
    """Warm-ups first, as the job counts passes. A share is one of what a closed phase got through: its warm-up, or a phase of its own.

    UserError where the case lacks a parameter that the traffic needs, or has one that is not above 0.
    """
    share = _number(params, "share") if "share" in params else None
    if traffic.arrivals == "closed":
        made = [Phase("closed", _seconds(params, job, number), number) for number in _passes(job)]
    else:
        rate = None if share else _number(params, "rate")
        to = _number(params, "to") if traffic.arrivals in {"step", "ramp"} else None
        turn = _part(params, "turn") if traffic.arrivals == "step" and "turn" in params else None
        made = [Phase(traffic.arrivals, _seconds(params, job, n), n, rate, share, to, turn) for n in _passes(job)]
    if share and traffic.arrivals != "closed":
        return _after_closed(made, params, job)
    return made


def _after_closed(made: list[Phase], params: Params, job: Job) -> list[Phase]:
    if job.warmup:
        return [Phase("closed", phase.seconds, phase.number) if (phase.number or 0) <= job.warmup else phase for phase in made]
    return [Phase("closed", _number(params, "warmup_seconds"), None), *made]


def _passes(job: Job) -> range:
    return range(1, job.warmup + job.timed + 1)


def _seconds(params: Params, job: Job, number: int) -> float:
    return _number(params, "warmup_seconds" if number <= job.warmup else "seconds")


def _number(params: Params, name: str) -> float:
    value = params.get(name)
    if not isinstance(value, int | float) or not value > 0:
        raise UserError(f"parameter '{name}' is {value!r}; traffic needs a number above 0; mend the case, or give --param {name}=...")
    return value


def _part(params: Params, name: str) -> float:
    if (value := _number(params, name)) >= 1:
        raise UserError(f"parameter '{name}' is {value!r}; it is a part of the phase: mend the case, or give --param {name}=0.5")
    return value
