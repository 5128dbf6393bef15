"""The clerk: reads a message, then finds the one thing that is still missing."""

from __future__ import annotations

from dataclasses import replace

from bot.conditions import open_applicants, open_situations
from bot.dialogue.answers import read_answer
from bot.dialogue.places import in_its_place, move, take_place
from bot.dialogue.pointing import places_of, rivals_of
from bot.dialogue.questions import read_question
from bot.dialogue.state import ASK_ITEM_BELOW, ASKABLE, MAX_ASKED, State, Understanding
from bot.knowledge.queries import Knowledge
from bot.situations import match_situations


def resolve(state: State, said: Understanding, knowledge: Knowledge) -> State:
    """Return the state after `said`; its `missing` tells what has to happen next."""
    pending = state.missing if state.missing in ASKABLE else None
    before, state = state, take_place(replace(state, missing="nothing"), said)
    if before.item and state.jurisdiction != before.jurisdiction:
        read = move(state, said, knowledge)
    else:
        read = read_answer(pending, state, said, knowledge) if pending else None
    if read is None:
        read = read_question(state, said, knowledge)
    return next_step(in_its_place(read, knowledge), said, knowledge)


def next_step(state: State, said: Understanding, knowledge: Knowledge) -> State:
    if state.missing in ("unknown", "elsewhere"):
        return replace(state, failures=state.failures + 1, options=())
    state = replace(state, failures=0)
    if state.item is None and state.service is not None:
        places = places_of(state.service, said.place_hints, knowledge)
        if state.jurisdiction is None and len(places) > 1:
            if "jurisdiction" in state.refused:
                return replace(state, missing="nothing", options=places)
            return _ask(state, "jurisdiction", places)
        where = state.jurisdiction or (places[0] if places else None)
        items = [i for i in knowledge.items_of[state.service] if i.partition("-")[0] == where and i not in state.denied]
        if not items:
            return replace(state, missing="elsewhere", failures=state.failures + 1)
        rivals = (
            rivals_of(items[0], state.candidates, knowledge) if dict(state.candidates).get(items[0], 1.0) < ASK_ITEM_BELOW else ()
        )
        if rivals and "item" not in state.refused and not state.asked.get("item"):
            return _ask(replace(state, service=None), "item", (items[0], *rivals))
        state = replace(state, item=items[0])
    if state.item is None:
        if "item" in state.refused and state.options:
            return replace(state, missing="nothing")
        return _ask(state, "item", state.options)
    item = knowledge.item(state.item)
    known = frozenset(state.situations) & {s.id for s in item.situations}
    if not known:
        known = frozenset(match_situations(item, state.question)) if state.question else known
        state = replace(state, situations=tuple(s.id for s in item.situations if s.id in known))
    if "situation" not in state.refused:
        options = open_situations(item, state.aspects, known)
        if options:
            return _ask(state, "situation", options)
    if "applicant" not in state.refused:
        choices = open_applicants(item, state.aspects, state.applicant, known)
        if choices:
            return _ask(state, "applicant", choices)
    return replace(state, missing="nothing", options=(), asked={})


def _ask(state: State, slot: str, options: tuple[str, ...]) -> State:
    """Ask for `slot`; a question that went back MAX_ASKED times already is answered for every branch instead."""
    times = state.asked.get(slot, 0)
    if times >= MAX_ASKED:
        if slot == "item":
            return replace(state, missing="unknown", options=(), asked={}, failures=state.failures + 1)
        return replace(
            state, missing="nothing", options=options if slot == "jurisdiction" else (), refused=(*state.refused, slot), asked={}
        )
    return replace(state, missing=slot, options=tuple(options), asked={**state.asked, slot: times + 1})
