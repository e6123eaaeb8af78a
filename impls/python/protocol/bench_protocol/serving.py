"""What a server is asked, and what it notes: the course of a served job between `load` and `pauses`.

A server of several processes makes a record of its own in each and has them absorbed here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench_protocol.pauses import PauseRecorder
from bench_protocol.stalls import Stalls
from bench_protocol.wire import Serve


@dataclass(frozen=True, slots=True)
class Serving:
    """One server's errand."""

    place: Serve
    threads: int
    pauses: PauseRecorder
    stalls: Stalls | None
    """Where the meter's task notes; None where there is no meter."""
    listening: Callable[[int], Any]
    """To be called once, with the port, when connections are accepted."""
