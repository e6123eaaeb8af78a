"""What the implementations say that they can do: their answers to the workload's questions, and what steps they lack, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.model import Session


@dataclass(frozen=True, slots=True)
class Able:
    """One implementation: an answer to each question, empty where it gives none, and each lacked step with its reason."""

    name: str
    language: str
    answers: tuple[str, ...]
    lacks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Abilities:
    """The questions, a column each, and the rows under them."""

    questions: tuple[tuple[str, str], ...]
    rows: tuple[Able, ...]


def abilities(session: Session) -> Abilities | None:
    """None where the workload asks nothing and nobody lacks a step."""
    rows = tuple(_able(name, session) for name in session.implementations)
    if not session.capabilities and not any(row.lacks for row in rows):
        return None
    return Abilities(tuple(session.capabilities.items()), rows)


def _able(name: str, session: Session) -> Able:
    facts = session.facts.get(name, {})
    can, lacks = _words(facts.get("can")), _words(facts.get("lacks"))
    return Able(name, name.partition("/")[0], tuple(can.get(key, "") for key in session.capabilities), tuple(lacks.items()))


def _words(found: object) -> dict[str, str]:
    """The records are of any shape."""
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, Mapping) else {}
