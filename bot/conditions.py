"""Pure: which conditions an answer depends on, derived from the requirements themselves."""

from __future__ import annotations

from typing import Optional

from bot.knowledge.view import APPLICANTS, ItemView, Requirement

# Only these answers are lists that differ by person and case; others are short enough to give for every branch.
DEPENDING = ("materials", "process")


def relevant(item: ItemView, aspects: tuple[str, ...]) -> tuple[Requirement, ...]:
    """Return the statements that answer `aspects`, each once, in source order."""
    wanted = {id(s) for aspect in aspects for s in item.statements(aspect)}
    return tuple(s for s in item.requirements + item.legal_basis if id(s) in wanted)


def open_situations(item: ItemView, aspects: tuple[str, ...], situations: frozenset[str]) -> tuple[str, ...]:
    """Return the situations to choose from, in source order, if the answer depends on one and none is known; else ()."""
    if situations:
        return ()
    told_apart = {s for r in relevant(item, _depending(aspects)) for s in r.situations}
    return tuple(s.id for s in item.situations if s.id in told_apart) if len(told_apart) > 1 else ()


def open_applicants(
    item: ItemView, aspects: tuple[str, ...], applicant: Optional[str], situations: frozenset[str]
) -> tuple[str, ...]:
    """Return the applicants to choose from (self, agent, unit as far as they apply) if the answer depends on it; else ()."""
    if applicant:
        return ()
    possible = applicants(item)
    if len(possible) < 2:
        return ()
    statements = [s for s in relevant(item, _depending(aspects)) if s.holds(None, situations)]
    lists = {tuple(s.text for s in statements if s.holds(who, situations)) for who in possible}
    return possible if len(lists) > 1 else ()


def applicants(item: ItemView) -> tuple[str, ...]:
    """Return who may come according to the item's requirements; where an agent is named, the person too."""
    named = {who for r in item.requirements for who in r.applicants}
    if "agent" in named:
        named.add("self")
    return tuple(who for who in APPLICANTS if who in named)


def _depending(aspects: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(aspect for aspect in aspects if aspect in DEPENDING)
