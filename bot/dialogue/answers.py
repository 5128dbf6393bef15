"""A message taken as the answer to the question that the bot asked back."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from bot.dialogue.details import is_new_matter, with_details
from bot.dialogue.message import (
    asks_in_so_many_words,
    aspects_of,
    chosen_option,
    is_question,
    own_service,
    surest_service,
)
from bot.dialogue.pointing import (
    item_score,
    overlap,
    service_of,
)
from bot.dialogue.state import (
    ASKABLE,
    State,
    Understanding,
)
from bot.knowledge.queries import Knowledge
from bot.replies import APPLICANT_NAMES
from bot.situations import match_situations
from bot.text import squash


def option_titles(slot: str, options: tuple[str, ...], knowledge: Knowledge, item: Optional[str] = None) -> list[str]:
    """Return what stands on the options of a question back."""
    if slot == "jurisdiction":
        return [knowledge.jurisdictions[place].short for place in options]
    if slot == "applicant":
        return [APPLICANT_NAMES[who] for who in options]
    if slot == "situation" and item:
        names = {s.id: s.name for s in knowledge.item(item).situations}
        return [names[option] for option in options]
    return [knowledge.item(option).name for option in options]


def read_answer(pending: str, state: State, said: Understanding, knowledge: Knowledge) -> Optional[State]:
    """Take `said` as the answer to the pending question; None if it is something new."""
    titles = [squash(title) for title in option_titles(pending, state.options, knowledge, state.item)]
    spoken = squash(said.text)
    chosen = titles.index(spoken) if spoken in titles else chosen_option(said.text, len(state.options))
    refuses = said.intent == "refuse"
    if pending == "jurisdiction":
        if said.places:
            fresh = own_service(said)
            return replace(with_details(state, said), service=fresh or state.service, item=None)
        if chosen is not None:
            return replace(state, jurisdiction=state.options[chosen], item=None)
        if refuses:
            return replace(state, refused=ASKABLE)
        if said.place_hints and len(said.text) < 12:
            return replace(state, options=said.place_hints)
    elif pending == "item" and state.options:
        if chosen is not None:
            return replace(state, item=state.options[chosen], service=service_of(state.options[chosen], knowledge))
        if refuses:
            return replace(state, service=None, refused=ASKABLE)
        return _read_item(state, said, knowledge)
    elif pending in ("situation", "applicant") and state.item:
        return _read_condition(pending, chosen, refuses, state, said, knowledge)
    return None


def _read_condition(
    pending: str, chosen: Optional[int], refuses: bool, state: State, said: Understanding, knowledge: Knowledge
) -> Optional[State]:
    item = knowledge.item(state.item or "")
    situations = match_situations(item, said.text, loose=pending == "situation")
    applicant = said.applicant
    if pending == "situation" and not situations and chosen is not None:
        situations = (state.options[chosen],)
    if pending == "applicant" and not applicant and chosen is not None:
        applicant = state.options[chosen]
    if said.denies and chosen is None and not said.applicant and not match_situations(item, said.text):
        return None  # 「不是这个」 denies the item itself
    if pending == "applicant" and applicant and applicant not in state.options:
        return replace(state, applicant=applicant, refused=ASKABLE)  # the source does not tell them apart: every branch
    answered = situations if pending == "situation" else applicant
    if answered and not (is_question(said) and chosen is None and is_new_matter(state, said, knowledge, 0.9)):
        filled = replace(state, situations=situations or state.situations, applicant=applicant or state.applicant)
        return replace(filled, aspects=aspects_of(said, state.aspects) if asks_in_so_many_words(said) else state.aspects)
    if refuses:
        return replace(state, refused=ASKABLE)
    if not is_question(said) or not is_new_matter(state, said, knowledge, 0.4):
        if asks_in_so_many_words(said) and set(said.aspects) - set(state.aspects):
            return replace(state, aspects=said.aspects, question=said.text)  # another aspect of the same item
        return None if said.denies else state
    return None


def _read_item(state: State, said: Understanding, knowledge: Knowledge) -> Optional[State]:
    prior = dict(state.candidates)
    scores = {}
    for option in state.options:
        item = knowledge.item(option)
        common = overlap(said.text, " ".join((item.name, *item.aliases)))
        scores[option] = (prior.get(option, 0.05) ** 0.3) * (item_score(item, said.services) + 0.6 * common + 0.01)
    best = max(scores, key=scores.__getitem__)
    rest = sum(scores.values()) - scores[best]
    top, probability = surest_service(said)
    if top is not None and probability > 0.4 and not set(knowledge.items_of.get(top, ())) & set(state.options):
        return None
    if said.denies and probability < 0.3:
        return replace(state, denied=(*state.denied, *state.options), options=(), item=None)
    if (
        scores[best] > 1.4 * rest > 0
        or (len(state.options) == 1 and item_score(knowledge.item(best), said.services) > 0.05)
        or overlap(said.text, knowledge.item(best).name) > 0.3
    ):
        filled = replace(
            with_details(state, said), item=best, service=service_of(best, knowledge), question=f"{state.question} {said.text}"
        )
        return replace(
            filled,
            aspects=aspects_of(said, state.aspects)
            if said.intent.startswith("ask_") and asks_in_so_many_words(said)
            else state.aspects,
        )
    return None if probability > 0.3 else state
