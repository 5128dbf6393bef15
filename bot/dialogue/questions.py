"""A message taken as a question: it goes on about the item in hand, denies it, or begins a new matter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Optional

from bot.dialogue.details import new_condition, with_details
from bot.dialogue.message import aspects_of, is_question, only_changes_a_condition, surest_service
from bot.dialogue.pointing import (
    alike,
    equally_named,
    grounded,
    is_here,
    item_scores,
    named,
    places_of,
    rivals_of,
    service_of,
    sibling_of,
    spelt_out,
    top,
)
from bot.dialogue.state import (
    ASK_AFTER_DENIAL,
    ASK_ITEM_BELOW,
    CERTAINLY_OUTSIDE,
    CONTEXT,
    ELSEWHERE_FROM,
    ELSEWHERE_HERE_BELOW,
    OUT_OF_SCOPE,
    OUT_OF_SCOPE_FROM,
    RIVAL_SHARE,
    SWITCH_FROM,
    VAGUE_BELOW,
    VAGUE_LENGTH,
    State,
    Understanding,
)
from bot.knowledge.queries import Knowledge
from bot.knowledge.view import ItemView
from bot.text import squash


@dataclass(frozen=True)
class Ranked:
    """What may be meant. `scores`: of the items of the known place; outside: not ours; elliptic: no matter is named."""

    scores: dict[str, float]
    outside: float
    elliptic: float

    @cached_property
    def ranking(self) -> list[str]:
        return sorted(self.scores, key=self.scores.__getitem__, reverse=True)

    @cached_property
    def best(self) -> float:
        return self.scores[self.ranking[0]] if self.ranking else 0.0

    def without(self, item: str) -> Ranked:
        return replace(self, scores={one: score for one, score in self.scores.items() if one != item})


def read_question(state: State, said: Understanding, knowledge: Knowledge) -> State:
    """Find the item that `said` is about: the one in hand, an earlier one, or a new one."""
    in_hand = knowledge.item(state.item) if state.item else None
    whole = spelt_out(said.text, state, knowledge)
    scores = item_scores(state, said, knowledge)
    ranked = Ranked(scores, said.services.get(OUT_OF_SCOPE, 0.0), said.services.get(CONTEXT, 0.0))
    if whole:
        ranked = Ranked({**scores, whole: max(0.97, scores.get(whole, 0.0))}, 0.0, 0.0)
    if said.denies and in_hand is not None:
        asks_anew = is_question(said) and len(squash(said.text)) > 8
        if asks_anew:
            ranked = ranked.without(in_hand.id)
        if not asks_anew and _corrects_a_detail(state, said, in_hand):
            if ranked.best < VAGUE_BELOW or ranked.ranking[0] == in_hand.id:
                return _go_on(state, said, in_hand, ranked)
        elif _denies_item(in_hand, ranked, asks_anew):
            return _deny(state, ranked.scores, knowledge)
        in_hand = None if asks_anew else in_hand
    sibling = sibling_of(said, in_hand, ranked.ranking, knowledge)
    if in_hand is not None and sibling is None and _continues(state, said, in_hand, ranked, knowledge):
        return _go_on(state, said, in_hand, ranked)
    return _begin(state, said, knowledge, ranked, whole, sibling)


# --- the item in hand ---------------------------------------------------------------------------------------------


def _corrects_a_detail(state: State, said: Understanding, in_hand: ItemView) -> bool:
    """Tell whether a denial names a case or words of the item in hand (「搞错了，我是灵活就业的」)."""
    return new_condition(state, said, in_hand) or (len(squash(said.text)) > 4 and grounded(said.text, in_hand) > 0)


def _denies_item(in_hand: ItemView, ranked: Ranked, asks_anew: bool) -> bool:
    """Tell whether a denial means the item and nothing else is named."""
    if asks_anew:
        return ranked.best < ASK_AFTER_DENIAL
    return ranked.best < SWITCH_FROM or ranked.ranking[0] == in_hand.id


def _continues(state: State, said: Understanding, item: ItemView, ranked: Ranked, knowledge: Knowledge) -> bool:
    """Tell whether a message goes on about the item in hand."""
    if item.id in state.denied:
        return False
    best = ranked.ranking[0] if ranked.ranking else None
    if best == item.id and ranked.scores[item.id] > min(ranked.outside, 0.5):
        return True
    if ranked.outside >= CERTAINLY_OUTSIDE and ranked.elliptic < 1 - CERTAINLY_OUTSIDE and is_question(said):
        return False
    service, sure = surest_service(said)
    if service and state.jurisdiction and sure >= ELSEWHERE_FROM and not is_here(service, state.jurisdiction, knowledge):
        return False
    common = grounded(said.text, item)
    if best and ranked.best >= SWITCH_FROM and best != item.id:
        return common > 1 and ranked.best < 0.6 and ranked.scores.get(item.id, 0.0) > 0.1
    if new_condition(state, said, item) or common:
        return True
    if not said.foreign:
        return ranked.outside < CERTAINLY_OUTSIDE  # it names no matter at all: a bare follow-up
    if ranked.elliptic >= 0.5 and best != item.id:
        return False  # it names a thing that neither follow-ups nor the item in hand know
    return ranked.elliptic >= ranked.outside or ranked.outside < OUT_OF_SCOPE_FROM


def _go_on(state: State, said: Understanding, item: ItemView, ranked: Ranked) -> State:
    aspects = aspects_of(said, state.aspects)
    if not is_question(said) or (only_changes_a_condition(said.text) and new_condition(state, said, item)):
        aspects = state.aspects
    if aspects == ("general",) and said.intent.startswith("ask_") and said.intent != "ask_general":
        aspects = (said.intent.removeprefix("ask_"),)  # who has the item in hand wants a detail, not the overview again
    detailed = with_details(state, said, item)
    return replace(detailed, aspects=aspects, question=said.text, failures=0, candidates=top(ranked.scores))


def _deny(state: State, scores: dict[str, float], knowledge: Knowledge) -> State:
    """The item in hand was wrong: never offer it again, offer the next candidates."""
    denied = (*state.denied, *([state.item] if state.item else []))
    rest = [item for item, _ in state.candidates if item not in denied]
    rest += [item for item in sorted(scores, key=scores.__getitem__, reverse=True) if item not in denied and item not in rest]
    if state.jurisdiction:
        rest = [item for item in rest if item.partition("-")[0] == state.jurisdiction]
    rest = [item for item in rest if item in scores or item in dict(state.candidates)] or alike(state, denied, knowledge)
    return replace(state, item=None, service=None, denied=denied, options=tuple(rest[:4]), situations=(), asked={})


# --- a new matter -------------------------------------------------------------------------------------------------


def _begin(
    state: State, said: Understanding, knowledge: Knowledge, ranked: Ranked, whole: Optional[str], sibling: Optional[str]
) -> State:
    unknown = replace(state, missing="unknown", candidates=top(ranked.scores), question=said.text)
    if sibling is not None:
        return replace(
            _fresh(state, said, ranked),
            item=sibling,
            service=service_of(sibling, knowledge),
            aspects=state.aspects if only_changes_a_condition(said.text) else aspects_of(said, state.aspects),
        )
    if said.foreign and ranked.elliptic > max(ranked.best, ranked.outside) and ranked.best < ASK_AFTER_DENIAL:
        return unknown
    vague = _vaguely_named(state, said, knowledge, ranked)
    outside = ranked.outside >= OUT_OF_SCOPE_FROM or (state.item is None and _is_no_question(said, ranked))
    if not vague and outside:
        return unknown
    fresh = _fresh(state, said, ranked)
    if vague:
        return replace(fresh, service=None, options=vague)
    bare = ranked.elliptic > max(ranked.best, 0.3) and not (said.denies and ranked.best >= ASK_AFTER_DENIAL)
    if bare or (not ranked.ranking and surest_service(said)[1] < ELSEWHERE_FROM):
        return replace(fresh, service=None)  # a bare 「要带什么」: which matter?
    if whole and state.jurisdiction:
        return replace(fresh, item=whole, service=service_of(whole, knowledge))
    return _choose(fresh, said, ranked, knowledge)


def _fresh(state: State, said: Understanding, ranked: Ranked) -> State:
    """Return the state of a new matter: place and person are remembered, the rest begins anew."""
    keeps_aspect = state.asked.get("item") and not is_question(said)
    return replace(
        state,
        situations=(),
        item=None,
        applicant=said.applicant or state.applicant,
        aspects=state.aspects if keeps_aspect else aspects_of(said, ("general",)),
        candidates=top(ranked.scores),
        question=said.text,
        failures=0,
        options=(),
        refused=(),
        asked={slot: times for slot, times in state.asked.items() if slot == "item"},
        past=((state.item, *(p for p in state.past if p != state.item))[:4] if state.item else state.past),
        denied=(*state.denied, state.item) if said.denies and state.item else state.denied,
    )


def _vaguely_named(state: State, said: Understanding, knowledge: Knowledge, ranked: Ranked) -> tuple[str, ...]:
    """Return the items that a vague text names by a part that they share (「残疾人那个咋办」), () if it is not vague."""
    length, items = named(said.text, state, knowledge)
    if len(items) < 2 or ranked.outside >= 0.8:
        return ()
    surest = ranked.best if length >= 3 else max(ranked.best, surest_service(said)[1])
    if surest >= VAGUE_BELOW:
        return ()
    short = len(squash(said.text)) <= VAGUE_LENGTH
    return items if short or (ranked.elliptic >= 0.8 and not said.foreign) else ()


def _is_no_question(said: Understanding, ranked: Ranked) -> bool:
    """Tell whether a first message is neither about an item nor a bare question such as 「要带什么」."""
    if ranked.outside + ranked.elliptic <= max(ranked.best, 0.5):
        return False
    return not said.aspects or len(squash(said.text)) > 9 or ranked.outside > ranked.elliptic


def _choose(state: State, said: Understanding, ranked: Ranked, knowledge: Knowledge) -> State:
    services = sorted((s for s in said.services if s in knowledge.items_of), key=said.services.__getitem__, reverse=True)
    first, place = services[0], state.jurisdiction
    options = (place,) if place else places_of(first, said.place_hints, knowledge)
    meant = [item for item in knowledge.items_of[first] if item.partition("-")[0] in options]
    if meant and all(item in state.denied for item in meant):  # denied before, and now asked for again: which matter is it?
        return replace(state, service=None, item=None, options=tuple(ranked.ranking[:4]))
    if place is None:
        rivals = [s for s in services[1:4] if said.services[s] > RIVAL_SHARE * said.services[first]]
        if len(options) > 1:
            return replace(state, service=first, item=None)
        if said.services[first] < ASK_ITEM_BELOW and rivals:
            return replace(state, service=None, item=None, options=tuple(ranked.ranking[:4]))
        item = next(i for i in ranked.ranking if first in knowledge.item(i).services and i.partition("-")[0] in options)
        return replace(state, service=first, item=item)
    here = [item for item in ranked.ranking if item.partition("-")[0] == place]
    if not here or (
        said.services[first] >= ELSEWHERE_FROM and not is_here(first, place, knowledge) and ranked.best < ELSEWHERE_HERE_BELOW
    ):
        return replace(state, service=first, missing="elsewhere")
    others = rivals_of(here[0], tuple((item, ranked.scores[item]) for item in here), knowledge)
    others = others or equally_named(said.text, here[0], knowledge, state.denied)
    if others:
        return replace(state, service=None, item=None, options=(here[0], *others))
    best = max(knowledge.item(here[0]).services, key=lambda s: said.services.get(s, 0.0))
    return replace(state, service=best, item=here[0])
