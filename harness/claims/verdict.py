"""Cells -> Verdicts: the rule of each claim over its cells, then Holm over all that were judged together.

The family is every claim of which something was measured, decided or not. To correct over the decided ones alone was the road not
taken: it corrects nothing, for whatever falls below .05 by chance would be its own family.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness import stats
from harness.claims import sentences
from harness.claims.evidence import Found, Source, cells, missing, outright, short
from harness.claims.mean import overall
from harness.claims.rule import LEVEL
from harness.model import Cell, Claim, Contrast, Floor, Judgement, Registry, Run, Session, Verdict, Word


def judge(registry: Registry, sessions: Sequence[tuple[Session, Sequence[Run]]], broken: Sequence[str] = ()) -> Judgement:
    """Every claim of the registry on the sessions given, each contrast on each session of its workload.

    `broken` says what was changed by hand in their records after they were written: then nothing of them counts as measured.
    """
    sources = [Source(session, runs) for session, runs in sessions]
    exclusions = tuple(e for source in sources for e in source.exclusions)
    if broken:
        why = f"records were changed after they were written: {'; '.join(broken)}"
        return Judgement(tuple(Verdict(claim, "not measured", why, ()) for claim in registry.claims), exclusions, {}, why)
    verdicts = _corrected([_verdict(claim, sources) for claim in registry.claims])
    return Judgement(verdicts, exclusions, _floors(registry, sources))


def _verdict(claim: Claim, sources: Sequence[Source]) -> Verdict:
    bearing = [source for source in sources if any(c.workload == source.session.workload for c in claim.contrasts)]
    found = _cells(claim, sources)
    own = tuple(f.cell for f in found)
    registered, command = _registered(claim, bearing), f"bench run --claim {claim.id}" if claim.contrasts else ""
    measured = [cell for cell in own if cell.word != "not measured"]
    if not measured:
        return Verdict(claim, "not measured", sentences.unmeasured(claim, own), own, registered=registered, command=command)
    binding = _binding(claim, measured)
    one = overall(claim, found) if claim.rule == "mean" else None
    word = _covered(one.word if one else _all(binding), claim, measured)
    p = None if word == "inconclusive" else one.p if one else _p(word, binding)
    why = sentences.mean(claim, word, own, one) if one else sentences.each(claim, word, binding, own)
    return Verdict(claim, word, why, own, one, p, registered=registered, command=command)


def _cells(claim: Claim, sources: Sequence[Source]) -> list[Found]:
    return [found for contrast in claim.contrasts for found in _of_contrast(contrast, claim.blocks, sources)]


def _of_contrast(contrast: Contrast, blocks: int, sources: Sequence[Source]) -> list[Found]:
    """Its cells in every session of its workload; one that says why where there is none."""
    bearing = [source for source in sources if source.session.workload == contrast.workload]
    if not bearing:
        return [Found(missing(contrast, f"no session of the workload {contrast.workload} is given"))]
    found = [found for source in bearing for found in cells(contrast, blocks, source)] + _nowhere(contrast, bearing)
    return found or [Found(missing(contrast, f"no session holds {contrast.of} and {contrast.to} on {', '.join(contrast.cases)}"))]


def _nowhere(contrast: Contrast, bearing: Sequence[Source]) -> list[Found]:
    """The cases that it names outright and that no session has; of what is built or counted no case is asked."""
    if stats.METRICS[contrast.metric].kind != "run":
        return []
    held = {case.name for source in bearing for case in source.session.cases}
    where = "this session" if len(bearing) == 1 else "these sessions"
    return [Found(missing(contrast, f"the case {name} is not in {where}", case=name)) for name in outright(contrast) if name not in held]


def _binding(claim: Claim, measured: Sequence[Cell]) -> list[Cell]:
    """The cells that the rule counts: a session of too few blocks does not hold up one that has enough of the same."""
    enough = {(c.contrast.name, c.case) for c in measured if not short(c, claim.blocks)}
    return [c for c in measured if not short(c, claim.blocks) or (c.contrast.name, c.case) not in enough]


def _p(word: Word, binding: Sequence[Cell]) -> float:
    """Of a word on all cells the largest p, for all must be right at once. `mixed` says that each side has one at least: of each side the
    least p, by Bonferroni over all cells that might have shown it, and of the two the larger.
    """
    if word != "mixed":
        return max(cell.p for cell in binding if cell.p is not None)
    sides = [[c.p for c in binding if c.word == side and c.p is not None] for side in ("supported", "refuted")]
    return max(min(1.0, len(binding) * min(side)) for side in sides)


def _all(cells: Sequence[Cell]) -> Word:
    words = {cell.word for cell in cells}
    if {"supported", "refuted"} <= words:
        return "mixed"
    return "inconclusive" if "inconclusive" in words else words.pop()


def _covered(word: Word, claim: Claim, measured: Sequence[Cell]) -> Word:
    """A word on the whole claim takes every contrast, measured on one case at the least: half of a claim is not supported, nor refuted.

    Otherwise whoever runs the favourable half would be told that the claim holds. `mixed` needs no more than it has seen.
    """
    whole = {cell.contrast.name for cell in measured} == {contrast.name for contrast in claim.contrasts}
    return word if whole or word == "mixed" else "inconclusive"


def _registered(claim: Claim, sources: Sequence[Source]) -> bool | None:
    """Whether every session noted this very entry when it began; None where one noted none at all and no other contradicts."""
    noted = [source.session.claims for source in sources]
    if any(claims and claims.get(claim.id) != claim.digest for claims in noted):
        return False
    return True if noted and all(noted) else None


def _corrected(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """Holm: a word that does not hold at .05 among all that were judged becomes inconclusive, and says so."""
    family = [v for v in verdicts if v.word != "not measured"]
    adjusted = dict(zip((v.claim.id for v in family), stats.holm([1.0 if v.p is None else v.p for v in family]), strict=True))
    return tuple(_held(v, adjusted[v.claim.id], len(family)) if v.claim.id in adjusted else v for v in verdicts)


def _held(verdict: Verdict, adjusted: float, family: int) -> Verdict:
    if verdict.p is None:
        return replace(verdict, family=family)
    kept = replace(verdict, adjusted=adjusted, family=family)
    if adjusted <= LEVEL:
        return kept
    return replace(kept, word="inconclusive", why=sentences.lost(verdict, adjusted, family))


def _floors(registry: Registry, sources: Sequence[Source]) -> Mapping[str, Mapping[str, Floor]]:
    """By session the floor of each metric of a run that a claim uses, over all steps. Not the worst of all: a page tells of its own."""
    names = dict.fromkeys(c.metric for claim in registry.claims for c in claim.contrasts if stats.METRICS[c.metric].kind == "run")
    return {source.session.id: {name: source.floor(name) for name in names} for source in sources}
