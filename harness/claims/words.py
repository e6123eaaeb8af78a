"""A ruling -> the sentence that goes with its word: the ratio with its interval, against what it was held, and what would decide it."""

from __future__ import annotations

from harness import stats
from harness.claims.rule import BOTH, Bounds, Ruling


def number(x: float) -> str:
    """A ratio as it is read: two decimals, three next to 1 where a floor of some per cent counts."""
    if x >= 100:
        return f"{x:.0f}"
    if x >= 10:
        return f"{x:.1f}"
    if 0.9 <= x <= 1.1 and round(x, 2) != x:
        return f"{x:.3f}"
    return f"{x:.2f}" if x >= 0.1 else f"{x:.2g}"


def bound(x: float) -> str:
    """A bound as it was written."""
    return f"{x:.4g}"


def ratio(found: stats.Estimate) -> str:
    """1.32 times (1.23 to 1.41): with its 95 % interval where there is one."""
    limits = found.limits()
    between = f" ({number(limits[0])} to {number(limits[1])})" if limits else ""
    return f"{number(found.ratio)} times{between}"


def percent(floor: float) -> str:
    """A relative difference: 3.0 %."""
    return f"{100 * floor:.1f} %"


def asserted(bounds: Bounds) -> str:
    """What the claim says of the ratio."""
    if bounds.least is not None and bounds.most is not None:
        return f"between {bound(bounds.least)} and {bound(bounds.most)}"
    return f"at least {bound(bounds.least)}" if bounds.least is not None else f"at most {bound(bounds.most or 0)}"


def counted(of: float, to: float, bounds: Bounds, ruling: Ruling) -> str:
    """The sentence of an exact cell: 300 against 200, 1.50 times; at least 1.1 was asserted."""
    verb = "as asserted" if ruling.word == "supported" else "against what is asserted"
    return f"{of:g} against {to:g}, {number(of / to)} times: {verb}, {asserted(bounds)}"


def decided(found: stats.Estimate, bounds: Bounds, ruling: Ruling) -> str:
    """The sentence of a word that is said."""
    by = f"by more than the floor of {percent(bounds.floor)}"
    said = ratio(found)
    ends = found.limits(BOTH) or (found.ratio, found.ratio)
    ninety = f"{said}: the 90 % interval {number(ends[0])} to {number(ends[1])} lies"
    match ruling.ground:
        case "level":
            return f"{ninety} inside the floor of {percent(bounds.floor)}, so there is no material difference"
        case "within":
            return f"{ninety} {asserted(bounds)}"
        case "above" | "below":
            return f"{said}, {ruling.ground} what is asserted ({asserted(bounds)}) {by}"
        case "beyond" if _floor_rules(bounds):
            return f"{said}, {'beyond' if bounds.least is not None else 'below 1 by more than'} the floor of {percent(bounds.floor)}"
        case "beyond":
            return f"{said}, clear of the bound: {asserted(bounds)}"
        case _:
            side = "short of" if bounds.least is not None else "over"
            return f"{said}, {side} the bound ({asserted(bounds)}) {by}"


def _floor_rules(bounds: Bounds) -> bool:
    """Whether it is the floor and not the bound that a one-sided claim had to exceed."""
    least = bounds.least if bounds.least is not None else 1 / (bounds.most or 1)
    return 1 / (1 + bounds.floor) < least <= 1 + bounds.floor


def undecided(found: stats.Estimate, bounds: Bounds, blocks: int, need: int | None, unit: str = "blocks") -> str:
    """The sentence of an inconclusive cell: too few blocks, a floor wider than the margin, or an interval that holds both answers."""
    said = ratio(found)
    if found.n < blocks:
        few = f"{found.n} {unit if found.n != 1 else unit.removesuffix('s')}"
        short = f"{said} from {few}{'' if found.error is not None else ', which has no interval'}; the claim asks for {blocks}"
        return short if need is None or need <= blocks else f"{short}, and needs about {need} to decide"
    if bounds.blurred:
        return f"{said}: the floor of {percent(bounds.floor)} is wider than the margin ({asserted(bounds)}), so no equality can be shown"
    advice = f"needs about {need} {unit} to decide" if need else f"no number of {unit} is likely to decide it"
    return f"{said} neither shows nor refutes {asserted(bounds)}, with a floor of {percent(bounds.floor)}; {advice}"
