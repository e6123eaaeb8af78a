"""A claim with its judged cells -> the sentence of its verdict: what holds, what does not, what is open, what was not measured."""

from __future__ import annotations

from collections.abc import Sequence

from harness import stats
from harness.claims.evidence import short
from harness.claims.words import number
from harness.model import Cell, Claim, Verdict, Word

_OF_RUNS = {metric.name for metric in stats.METRICS.values() if metric.kind == "run"}
HEADS: dict[Word, str] = {"supported": "holds", "refuted": "does not hold", "inconclusive": "open"}


def unmeasured(claim: Claim, cells: Sequence[Cell]) -> str:
    """Why nothing of a claim was measured: what the cells lack, or what no workload measures yet."""
    return "; ".join(_reasons(cells)) if cells else " ".join(claim.unmeasured)


def each(claim: Claim, word: Word, binding: Sequence[Cell], cells: Sequence[Cell]) -> str:
    """The sentence of a claim of which every cell must hold: both sides of a mixed one, what is open of an inconclusive one."""
    sides: dict[Word, list[Cell]] = {side: [c for c in binding if c.word == side] for side in HEADS}
    seen = [side for side in HEADS if sides[side]]
    if len(binding) == 1:
        said = f"{_name(binding[0], cells)}: {binding[0].why}"
    elif len(seen) == 1 and seen != ["inconclusive"]:
        weakest = max(binding, key=lambda c: c.p or 0.0)
        which = "for one" if all(c.exact for c in binding) else "least sure in"
        said = f"{HEADS[seen[0]]} in each of {len(binding)} cells; {which} {_name(weakest, cells)}: {weakest.why}"
    else:
        said = "; ".join(f"{HEADS[side]}: {_listed(claim, side, sides[side], cells)}" for side in seen)
    return f"{said}{_rest(claim, word, seen, cells)}"


def mean(claim: Claim, word: Word, cells: Sequence[Cell], overall: Cell) -> str:
    """The sentence of a claim about the mean."""
    count = sum(c.word != "not measured" for c in cells)
    return f"geometric mean over {count} cell{'s' if count != 1 else ''}: {overall.why}{_rest(claim, word, [overall.word], cells)}"


def lost(verdict: Verdict, adjusted: float, family: int) -> str:
    """The sentence of a word that did not survive the correction."""
    return (
        f"{verdict.word} by itself, but not after Holm's correction over the {family} claims that were judged together "
        f"(p {verdict.p:.3g} becomes {adjusted:.3g}): {verdict.why}"
    )


def _rest(claim: Claim, word: Word, seen: Sequence[Word], cells: Sequence[Cell]) -> str:
    """What the word does not cover; and that it is withheld where a whole contrast is lacking."""
    absent = [c for c in cells if c.word == "not measured"]
    lacking = word == "inconclusive" and "inconclusive" not in seen
    head = "no word on the whole claim, for a contrast of it was not measured here" if lacking else "not measured here"
    more = f"; {head}: {'; '.join(_reasons(absent))}" if absent else ""
    return f"{more}; parts of the claim have no workload yet" if claim.unmeasured else more


def _listed(claim: Claim, side: Word, own: Sequence[Cell], cells: Sequence[Cell]) -> str:
    """Each cell with its ratio; what is open with its reason, too few blocks said once for all."""
    if side != "inconclusive":
        return _ratios(own, cells)
    few = [c for c in own if c.contrast.metric in _OF_RUNS and short(c, claim.blocks)]
    said = [f"{_name(c, cells)} ({c.why})" for c in own if c not in few]
    return ", ".join([*said, _few(claim, few, cells)] if few else said)


def _few(claim: Claim, own: Sequence[Cell], cells: Sequence[Cell]) -> str:
    counts = sorted({c.comparison.n for c in own if c.comparison})
    blocks = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else f"{counts[0]}"
    return f"{_ratios(own, cells)}, from {blocks} block{'' if blocks == '1' else 's'} where the claim asks for {claim.blocks}"


def _ratios(own: Sequence[Cell], cells: Sequence[Cell]) -> str:
    """Contrast by contrast; the cases of one contrast share its name."""
    contrasts: dict[str, list[Cell]] = {}
    for cell in own:
        contrasts.setdefault(cell.contrast.name, []).append(cell)
    return ", ".join(_ratio(alike, cells) for alike in contrasts.values())


def _ratio(alike: Sequence[Cell], cells: Sequence[Cell]) -> str:
    if len(alike) == 1:
        (c,) = alike
        return f"{_name(c, cells)} ({number(c.comparison.ratio)} times)" if c.comparison else _name(c, cells)
    each = [f"{number(c.comparison.ratio)} times{_where(c, cells)}" for c in alike if c.comparison]
    return f"{alike[0].contrast.name} ({', '.join(each)})"


def _name(cell: Cell, cells: Sequence[Cell]) -> str:
    """A cell within its claim: the contrast, the case, and the session where there are several."""
    return f"{cell.contrast.name}{_where(cell, cells)}"


def _where(cell: Cell, cells: Sequence[Cell]) -> str:
    several = len({c.session for c in cells if c.session}) > 1
    case = f" on {cell.case}" if cell.case else ""
    return f"{case}{f' in {cell.session}' if several and cell.session else ''}"


def _reasons(cells: Sequence[Cell]) -> list[str]:
    """Each reason once, with what it concerns."""
    names: dict[str, list[str]] = {}
    for cell in cells:
        names.setdefault(cell.why, []).append(_name(cell, cells))
    return [f"{why} ({own[0] if len(own) == 1 else f'{len(own)} cells'})" for why, own in names.items()]
