"""Figures by block -> Ranking: the labels of one case in order, each compared with the first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.model import Comparison
from harness.stats.figures import summarise
from harness.stats.metrics import FLOOR
from harness.stats.ratio import compare, standing


@dataclass(frozen=True, slots=True)
class Ranking:
    """Labels by one figure, the least first; `ratios` compares each of the others with the first, above the noise `floor`."""

    order: tuple[str, ...]
    ratios: Mapping[str, Comparison | None]
    floor: float = FLOOR

    @property
    def rivals(self) -> tuple[str, ...]:
        """Those that are not shown to take more than the first. With none, the first is the least of all.

        Each comparison is at the full level: to say 'least' all of them must hold at once, so no one of them needs correcting.
        """
        return tuple(name for name in self.order[1:] if standing(self.ratios[name], self.floor) != "more")


def rank(figures: Mapping[str, Mapping[int, float]], floor: float = FLOOR) -> Ranking:
    """Order labels by the geometric mean of their figures a block."""
    order = sorted((name for name in figures if figures[name]), key=lambda name: (summarise([*figures[name].values()]).centre, name))
    ratios = {name: compare(order[0], name, figures[order[0]], figures[name]) for name in order[1:]}
    return Ranking(tuple(order), ratios, floor)
