"""Writes a session of made-up runs with many samples, to time the report on: `scripts/big_session.py FOLDER [RUNS] [SAMPLES]`.

The figures are drawn from a seed and mean nothing; only their number does.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from report_sessions import KINDS, runs, session  # noqa: E402 - the synthetic sessions of the tests

from harness import store  # noqa: E402
from harness.model import Check, Run, Session  # noqa: E402


def spread(given: Run, samples: int, rng: random.Random) -> Run:
    """The run with its steady passes repeated until it has so many samples."""
    steady = [s for s in given.samples if not s.warmup]
    more = [
        replace(
            steady[i % len(steady)],
            check=Check(1000, {"v1": 12345.0, "v3": 0.5 + i % len(steady)}),
            index=i,
            number=2 + i // len(steady),
            wall_ns=max(1, int(steady[i % len(steady)].wall_ns * rng.gauss(1, 0.03))),
        )
        for i in range(samples)
    ]
    return replace(given, samples=tuple(more))


def made(count: int, samples: int) -> tuple[Session, Iterator[Run]]:
    """A session of at least `count` runs, with so many samples in all."""
    names = list(KINDS)
    blocks = -(-count // len(names))
    asked = session(blocks, names)
    rng = random.Random(7)  # noqa: S311 - made-up figures
    given = [r for r in runs(asked) if r.kind == "timed"][:count]
    return asked, (spread(r, samples // count, rng) for r in given)


def main(folder: str, count: str = "2000", samples: str = "1000000") -> None:
    """Write it."""
    asked, found = made(int(count), int(samples))
    store.create(Path(folder), asked)
    for run in found:
        store.append(Path(folder), run)


if __name__ == "__main__":
    main(*sys.argv[1:])
