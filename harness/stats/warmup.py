"""Times of the passes of one invocation -> how they run: flat, warm-up, slowdown or no steady state. It only flags.

What is left out as warm-up is fixed before the run (METHODOLOGY.md); nothing here changes a figure. Change points after Barrett et al.
2017, by a faster search; the penalty is 12 ln(n) var: on flat series whose noise is correlated (0.5 from pass to pass) that finds a change
in 2 to 4 %, where 3 ln(n) var finds one in 82 % and more. Clipping comes first: a spike in fifty inflates var,
and without it only one warm-up of 10 % in eight is found, with it all of them (simulated).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.stats.estimate import log

Word = Literal["flat", "warm-up", "slowdown", "no steady state"]
"""flat: one level. warm-up: it ends steady, and at the least level. slowdown: it ends steady, but was faster before.
no steady state: its level changes within the last quarter (Barrett et al.: the last 500 of 2,000)."""

SHORTEST = 5
"""Passes of a level. A slower first pass alone is no level: that is what `first_seconds` shows."""
LEAST = 4 * SHORTEST
"""Passes below which nothing is said: the last quarter could hold no level."""
WINDOW = 11
CLIP = 3.0
TOLERANCE = math.log(1.01)
"""Levels within 1 % of the last count as equal to it; what they could do to a mean is far inside the policy's floor."""


@dataclass(frozen=True, slots=True)
class Course:
    """How the passes run. `changes` are the indices at which a new level begins; `levels`, one more, in seconds (geometric means)."""

    word: Word
    changes: tuple[int, ...]
    levels: tuple[float, ...]


def course(seconds: Sequence[float]) -> Course | None:
    """The course of one step's passes, warm-ups included, in the order made; None for fewer than twenty.

    Raises ValueError where a time isn't positive.
    """
    if len(seconds) < LEAST:
        return None
    logs = clipped(np.array([log(s) for s in seconds]))
    changes = change_points(logs)
    levels = [float(np.mean(logs[a:b])) for a, b in pairwise((0, *changes, len(logs)))]
    return Course(_word(levels, changes, len(logs)), changes, tuple(math.exp(x) for x in levels))


def clipped(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Spikes cut to three robust standard deviations (1.4826 MAD) around a running median of eleven."""
    padded = np.pad(logs, WINDOW // 2, mode="reflect")
    middle = np.median(np.lib.stride_tricks.sliding_window_view(padded, WINDOW), axis=1)
    reach = CLIP * 1.4826 * float(np.median(np.abs(logs - middle)))
    clip: NDArray[np.float64] = np.clip(logs, middle - reach, middle + reach)
    return clip


def change_points(logs: NDArray[np.float64]) -> tuple[int, ...]:
    """Indices at which the mean changes: the exact optimum under a penalty of 12 ln(n) var, var from successive differences."""
    import ruptures  # type: ignore[import-untyped]  # a second, for scipy.stats: only who asks pays it

    variance = float(np.mean(np.diff(logs) ** 2)) / 2
    if variance == 0:
        return ()
    search = ruptures.KernelCPD("linear", min_size=SHORTEST).fit(logs.reshape(-1, 1))
    return tuple(int(at) for at in search.predict(pen=12 * math.log(len(logs)) * variance)[:-1])


def _word(levels: Sequence[float], changes: Sequence[int], n: int) -> Word:
    """Levels are logs. The steady part begins after the last level that isn't equal to the last of all."""
    apart = [level - levels[-1] for level in levels]
    unequal = [i for i, gap in enumerate(apart) if abs(gap) > TOLERANCE]
    if not unequal:
        return "flat"
    if changes[unequal[-1]] > n - n // 4:
        return "no steady state"
    return "slowdown" if min(apart) < -TOLERANCE else "warm-up"
