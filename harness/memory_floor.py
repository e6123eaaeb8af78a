"""The search for the least memory limit under which a job still ends well. Pure: what was tried decides what is tried next.

Geometric bisection between the greatest limit that failed and the least that passed, in whole MiB, until they lie within a twentieth of
each other; the least that passed must then pass once more. A limit under which any try failed counts as failed: near the floor the kernel
reclaims pages as it can, and luck is no service level. A search that was broken off goes on from its tries.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harness.model import Outcome

MIB = 1 << 20
LEAST = 6 * MIB
"""The least limit that Docker takes."""
NEAR = 1.05
CONFIRMED = 2


@dataclass(frozen=True, slots=True)
class Try:
    """One job under one limit, in bytes."""

    limit: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class MemoryFloor:
    """`least` bytes passed; under `below` bytes it ended as `fate`. `least` is None where nothing passed, `below` where nothing failed."""

    least: int | None
    below: int | None
    fate: Outcome | None
    tries: int
    settled: bool


def following(tries: Sequence[Try], start: int, most: int) -> int | None:
    """The limit to try next, in bytes; None when the search is over. `start` is a guess, `most` the case's own limit."""
    if not tries:
        return _whole(min(max(start, LEAST), most))
    passed, failed = _sides(tries)
    if passed is None:
        return None if failed is None or failed >= most else min(most, 2 * failed)
    if failed is None and passed > LEAST:
        return max(LEAST, _whole(passed // 2))
    if failed is not None and passed > max(_whole(int(failed * NEAR)), failed + MIB):
        return max(failed + MIB, _whole(int(math.sqrt(passed * failed))))
    return passed if Counter(t.limit for t in tries)[passed] < CONFIRMED else None


def result(tries: Sequence[Try], start: int, most: int) -> MemoryFloor:
    """What the tries show so far."""
    passed, failed = _sides(tries)
    fate = next((t.outcome for t in tries if t.limit == failed and t.outcome != "ok"), None)
    return MemoryFloor(passed, failed, fate, len(tries), bool(tries) and following(tries, start, most) is None)


def _sides(tries: Sequence[Try]) -> tuple[int | None, int | None]:
    """The least limit above all that failed, and the greatest that failed."""
    failed = max((t.limit for t in tries if t.outcome != "ok"), default=None)
    passed = min((t.limit for t in tries if t.outcome == "ok" and t.limit > (failed or 0)), default=None)
    return passed, failed


def _whole(limit: int) -> int:
    return max(limit // MIB, 1) * MIB
