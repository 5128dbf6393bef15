"""The conditions that a message brings along, and whether it opens a new matter."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from bot.dialogue.message import (
    ASKING,
    surest_service,
)
from bot.dialogue.state import (
    OUT_OF_SCOPE,
    State,
    Understanding,
)
from bot.knowledge.queries import Knowledge
from bot.knowledge.view import ItemView
from bot.situations import match_situations


def with_details(state: State, said: Understanding, item: Optional[ItemView] = None) -> State:
    situations = match_situations(item, said.text) if item is not None else ()
    return replace(state, applicant=said.applicant or state.applicant, situations=situations or state.situations)


def new_condition(state: State, said: Understanding, item: ItemView) -> bool:
    situations = match_situations(item, said.text)
    return bool((said.applicant and said.applicant != state.applicant) or (situations and set(situations) != set(state.situations)))


def is_new_matter(state: State, said: Understanding, knowledge: Knowledge, at_least: float) -> bool:
    top, probability = surest_service(said)
    item = knowledge.item(state.item) if state.item else None
    if said.services.get(OUT_OF_SCOPE, 0.0) > at_least and said.intent in ("out_of_scope", *ASKING):
        return True
    return probability >= at_least and (item is None or top not in item.services)
