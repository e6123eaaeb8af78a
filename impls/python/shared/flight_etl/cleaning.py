"""One range of the file: sifts it, batches it, and hands each batch to a step; what it gives can be pickled, and added up."""

from pathlib import Path
from typing import Any, NamedTuple, Protocol

from flight_rules import Range, sift_range

from flight_etl.batches import Batch, Batches, Reject

BLOCK = 1 << 16
"""Bytes cut at a time: the cells of a block, about twenty times its bytes, stay in the processor's cache."""


class Counts(NamedTuple):
    """Rows of a batch: dropped, and kept of the clean ones."""

    dropped: int
    kept: int


class Step(Protocol):
    """What is done with the clean rows of a range."""

    def take(self, batch: Batch[Any]) -> Counts:
        """The rows of a batch."""

    def result(self) -> Any:
        """What the range came to."""


class Part(NamedTuple):
    """What a range came to; its lines are counted from its own first, 0."""

    lines: int
    read: int
    dropped: int
    kept: int
    rejects: list[Reject]
    result: Any


def clean(path: Path, whole: Range, step: Step, batches: Batches[Any]) -> Part:
    """Raises `Failure("input")` where the file is not what it was when it was cut."""
    lines = read = dropped = kept = 0
    rejects: list[Reject] = []
    for block in sift_range(path, whole, BLOCK):
        batch = batches.batch(block)
        counts = step.take(batch)
        read += block.rows + len(block.odd)
        dropped += counts.dropped
        kept += counts.kept
        rejects += batch.rejects
        lines = block.lines.end
    return Part(lines, read, dropped, kept, rejects, step.result())
