"""The nouns of a workload that is served: the traffic that a step asks for, and what came of one phase of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Arrivals = Literal["closed", "constant", "poisson", "step", "ramp"]
"""closed: a connection's next request goes out when its answer is there. The others are open: a schedule drawn in advance."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the load generator does in a step: requests to `path`, whose bodies are the lines of the input `bodies`.

    The case's parameters say how much: `connections`, `seconds` and `warmup_seconds`; of open arrivals `rate` a second, or `share` of
    what a closed phase before it got through; `to`, where a step or a ramp ends, a share too where `share` is given; `turn`, the part of
    the seconds after which a step comes, half of them where it is not given. With `downstream` the generator is also the service that
    the server asks in its turn: `downstream_port`, where it listens, and `downstream_ms`, how long each of its answers takes.
    """

    path: str
    arrivals: Arrivals
    bodies: str
    downstream: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """The step of a phase: the rate offered from `after_ns` on, and what the closed phase before got through, where that set the rates."""

    after_ns: int
    to: float
    capacity: float | None = None


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a server made of a rate that fell, by the records of the requests.

    `overloaded` were answered before the fall, and `backlog` were open then. `wall_ns` later at most a hundredth of so many was open for
    the first time. `outlasted`: that was after the last request was due, with nothing coming any more, so the time is a lower bound.
    """

    overloaded: int
    backlog: int
    wall_ns: int
    outlasted: bool


LATE_NS, LATE_SHARE = 50_000, 0.05


def too_late(late_ns: float, response_ns: float) -> bool:
    """Whether an open loop's figure is in doubt where the generator's own lateness at a quantile is `late_ns`, and the response there.

    The response has the lateness in it. Below 50 us, or a twentieth of the response, nobody would see it.
    """
    return late_ns > max(LATE_NS, LATE_SHARE * response_ns)


@dataclass(frozen=True, slots=True)
class Latency:
    """One phase of traffic by the load generator's account. `rate` is what was offered a second (None: closed), up to the `turn` if any.

    The histograms are HdrHistogram's (V2, deflated, base64), of nanoseconds to three digits. `response` runs from the instant at which
    a request was due to the last byte of its answer (Tene's cure for coordinated omission), `service` from its sending. `lateness` is
    the generator's own: from the instant at which it could have sent to the sending. `changed` counts answers that differ from the
    first to the same body; `failed` requests without an answer, by reason. `generator_ns` is the generator's own CPU time.
    `recovery` is None where the rate did not fall. `downstream` is the lateness of the service behind the server, None without one.
    """

    arrivals: Arrivals
    rate: float | None
    due: int
    answered: int
    failed: Mapping[str, int]
    statuses: Mapping[str, int]
    changed: int
    queue_max: int
    response: str
    service: str
    lateness: str
    generator_ns: int | None = None
    turn: Turn | None = None
    recovery: Recovery | None = None
    downstream: str | None = None

    @property
    def scheduled(self) -> bool:
        """Whether each request was due at an instant of its own. In a closed loop none is, so nobody can be late."""
        return self.arrivals != "closed"


@dataclass(frozen=True, slots=True)
class Blame:
    """What one cause has to do with the slow requests of a phase: those above its 99th percentile, `p99_ns`.

    `spans` of the cause fell into the phase, `total_ns` long together. Of `requests` answered they hit `hit`, and `slow_hit` of the
    `slow` ones: each span counted until the queue that stood at its end was gone. `slow_direct` counts overlap with the bare span.
    `p` is the chance of as many if the spans had come at another time (None: no spans). `p99_without_ns` is the percentile of the
    requests not hit, None where too few are left.
    """

    cause: str
    spans: int
    total_ns: int
    requests: int
    hit: int
    slow: int
    slow_hit: int
    slow_direct: int
    p: float | None
    p99_ns: int
    p99_without_ns: int | None
