"""Records of a phase whose offered rate fell -> how long its backlog lasted. Pure.

Counted are open requests, those that were due and are not answered: at a hundredth of what was open when the rate fell the backlog is
gone. Nothing is fitted, no steady state looked for, and connections do not matter. Roads not taken: the first instant with nothing
open, which a fast server with always a few under way hardly ever has; and response times back at their later level, which one who
never recovers meets as well. Of an ideal queue that drains evenly it is 99 % of the whole.
"""

from __future__ import annotations

import numpy as np

from harness.blame import Instants, Requests
from harness.model import Recovery, Sample

GONE = 0.01


def recovered(sample: Sample, served: Requests) -> Recovery | None:
    """None where the rate did not fall. Requests of other phases may be among those served."""
    latency = sample.latency
    if latency is None or latency.turn is None or latency.rate is None or latency.turn.to >= latency.rate:
        return None
    phase = served.between(sample.start_ns, sample.start_ns + sample.wall_ns)
    if not len(phase.due):
        return None
    fell = sample.start_ns + latency.turn.after_ns
    done = np.sort(phase.done)
    overloaded = int(np.searchsorted(done, fell))
    backlog = int(np.searchsorted(phase.due, fell)) - overloaded
    gone = _gone(phase, done, fell, overloaded, backlog)
    return Recovery(overloaded, backlog, gone - fell, gone > int(phase.due[-1]))


def _gone(phase: Requests, done: Instants, fell: int, overloaded: int, backlog: int) -> int:
    """The first instant from the fall on at which so few are open: the fall itself, or that of an answer."""
    if not backlog:
        return fell
    later = done[overloaded:]
    left = np.searchsorted(phase.due, later, "right") - np.arange(overloaded + 1, len(done) + 1)
    return int(later[np.argmax(left <= backlog * GONE)])
