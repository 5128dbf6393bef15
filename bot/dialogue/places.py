"""The resident names a place: the matter in hand moves there."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from bot.dialogue.details import is_new_matter, with_details
from bot.dialogue.message import (
    asks_in_so_many_words,
    aspects_of,
)
from bot.dialogue.state import (
    State,
    Understanding,
)
from bot.knowledge.queries import Knowledge
from bot.knowledge.view import ItemView


def take_place(state: State, said: Understanding) -> State:
    if len(said.places) == 1 and said.places[0] != state.jurisdiction:
        return replace(state, jurisdiction=said.places[0])
    return state


def move(state: State, said: Understanding, knowledge: Knowledge) -> Optional[State]:
    """Another place for the matter in hand (「说错了，我是大港的」): the same service there; None for a new matter."""
    item = knowledge.item(state.item or "")
    if item.jurisdiction == state.jurisdiction or is_new_matter(state, said, knowledge, 0.6):
        return None
    there = _counterparts(item, state.jurisdiction, knowledge)
    moved = replace(with_details(state, said), situations=(), refused=(), asked={}, candidates=(), question=said.text)
    if not there:
        return replace(moved, item=None, service=state.service or item.services[0], missing="elsewhere")
    return replace(moved, item=there[0], aspects=aspects_of(said, state.aspects) if asks_in_so_many_words(said) else state.aspects)


def in_its_place(state: State, knowledge: Knowledge) -> State:
    """Whatever way led to an item: where the resident has named a place, it is that place's item, or there is none."""
    item = knowledge.item(state.item) if state.item else None
    if item is None or state.jurisdiction in (None, item.jurisdiction) or state.missing in ("unknown", "elsewhere"):
        return state
    there = _counterparts(item, state.jurisdiction, knowledge)
    if not there:
        return replace(state, item=None, service=state.service or item.services[0], missing="elsewhere")
    return replace(state, item=there[0], situations=())


def _counterparts(item: ItemView, place: Optional[str], knowledge: Knowledge) -> list[str]:
    return [i for s in item.services for i in knowledge.items_of[s] if i.partition("-")[0] == place]
