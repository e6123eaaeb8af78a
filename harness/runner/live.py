"""Knows which harnesses are alive, so that what a dead one left can be told from what a living one uses, and removed.

A harness that runs jobs leaves a marker `.bench/live/<identity>`; the next command that finds the marker of a dead one sweeps.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from harness.runner.engine import HARNESS_VARIABLE, Engine

CLOCK_SLACK_S = 2.0
"""A process's start is computed from the boot time, which moves a little when the clock is set."""


def _boot() -> str:
    """Names this machine since it started, so that another machine's containers on a shared daemon are left alone."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", "")[:12]
    except OSError:
        return platform.node().replace("-", "")


def identity() -> str:
    """Names this harness: machine, process id and start, which together never come again."""
    return f"{_boot()}-{os.getpid()}-{psutil.Process().create_time():.2f}"


def alive(harness: str) -> bool:
    """Whether the harness of that identity still runs; one of another machine is taken to be."""
    try:
        boot, pid, start = harness.split("-")
        if boot != _boot():
            return True
        return abs(psutil.Process(int(pid)).create_time() - float(start)) < CLOCK_SLACK_S
    except (psutil.NoSuchProcess, ValueError):
        return False


@contextmanager
def marked(root: Path) -> Iterator[str]:
    """Mark this harness as one that runs jobs, and whatever it starts as its own: builds and scripts too."""
    marker = root / ".bench" / "live" / identity()
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.touch()
    os.environ[HARNESS_VARIABLE] = marker.name
    try:
        yield marker.name
    except KeyboardInterrupt:
        raise  # A job may have been half started: the marker stays, and the next command sweeps.
    except BaseException:
        marker.unlink(missing_ok=True)
        raise
    else:
        marker.unlink(missing_ok=True)
    finally:
        del os.environ[HARNESS_VARIABLE]


def dead(root: Path) -> list[Path]:
    """Markers of harnesses that are gone."""
    folder = root / ".bench" / "live"
    return [m for m in sorted(folder.glob("*")) if not alive(m.name)] if folder.is_dir() else []


def sweep(markers: Iterable[Path], engines: Iterable[Engine]) -> list[str]:
    """Remove what the dead harnesses have left on these engines, then their markers; what was removed."""
    removed = [line for engine in engines for line in engine.sweep(alive)]
    for marker in markers:
        marker.unlink(missing_ok=True)
    return removed
