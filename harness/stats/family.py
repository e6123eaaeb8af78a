"""Many comparisons judged together: Holm's correction, and the rate at which A/A comparisons are called different, with its interval."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from scipy.special import betaincinv

from harness.model import Calibration, Run, Session
from harness.stats.estimate import CONFIDENCE, estimate
from harness.stats.floor import null_pairs


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's adjusted p-values, in the order given (Holm 1979): those at most .05 are shown, and all of them at once with 95 %."""
    adjusted = [0.0] * len(p_values)
    worst = 0.0
    for place, i in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        worst = max(worst, min(1.0, (len(p_values) - place) * p_values[i]))
        adjusted[i] = worst
    return tuple(adjusted)


def binomial_interval(hits: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The exact interval of a rate (Clopper and Pearson 1934). ValueError unless 0 <= hits <= n and n > 0."""
    if not 0 <= hits <= n or n == 0:
        raise ValueError(f"{hits} of {n} is no rate")
    beyond = (1 - confidence) / 2
    low = float(betaincinv(hits, n - hits + 1, beyond)) if hits else 0.0
    high = float(betaincinv(hits + 1, n - hits, 1 - beyond)) if hits < n else 1.0
    return low, high


def calibration(sessions: Sequence[tuple[Session, Sequence[Run]]], metric: str = "seconds") -> Calibration:
    """The A/A comparisons of all kept sessions, one a case: called different where the 95 % interval excludes 1.

    The noise floor is no part of it: this is the rate of the interval itself, to be held against its nominal 5 %.
    Sessions without an A/A arm, and pairs of a single block, which have no interval, are not counted.
    """
    calls = {session.id: _calls(null_pairs(session.again, runs, metric).values()) for session, runs in sessions if session.again}
    return _rate(calls)


def calibration_by_groups(session: Session, runs: Sequence[Run], k: int, metric: str = "seconds") -> Calibration:
    """The same from one long session, each k consecutive blocks of each case taken for a session of their own.

    Blocks left over at the end take no part, nor does a group in which a block's pair is missing. ValueError where k < 2.
    """
    if k < 2:
        raise ValueError(f"groups of {k} blocks have no interval; take 2 or more")
    pairs = null_pairs(session.again, runs, metric) if session.again else {}
    groups = [_group(logs, start, k) for logs in pairs.values() for start in range(1, session.blocks - k + 2, k)]
    return _rate({session.id: _calls(group for group in groups if len(group) == k)})


def _group(logs: Mapping[int, float], start: int, k: int) -> dict[int, float]:
    return {block: logs[block] for block in range(start, start + k) if block in logs}


def _calls(pairs: Iterable[Mapping[int, float]]) -> list[bool]:
    """For each comparison that has an interval, whether that excludes no difference."""
    intervals = [estimate([*logs.values()]).interval() for logs in pairs]
    return [not low <= 0 <= high for low, high in filter(None, intervals)]


def _rate(calls: Mapping[str, Iterable[bool]]) -> Calibration:
    counted = {session: [*each] for session, each in calls.items()}
    all_calls = [called for each in counted.values() for called in each]
    n, called = len(all_calls), sum(all_calls)
    low, high = binomial_interval(called, n) if n else (None, None)
    return Calibration(n, called, low, high, round(1 - CONFIDENCE, 10), tuple(session for session, each in counted.items() if each))
