"""What the chat would make of a caller's story: what it heard, how sure it is, what to ask next. Nothing is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Awaitable, Callable, Optional

from bot.actions.conversation import DANGER, candidates, phrase, understanding
from bot.dialogue import State, option_titles, resolve
from bot.dialogue.state import ASKABLE
from bot.knowledge.queries import Knowledge
from bot.replies import APPLICANT_NAMES, ASPECT_NAMES

Parse = Callable[[str], Awaitable[dict[str, Any]]]
STORY_FROM = 6  # characters; a shorter text is a search word


@dataclass(frozen=True)
class Story:
    """heard: what was understood, for the eye. question and options: what to ask next, "" if it can be answered.

    verdict: `answer`, `ask`, `unknown` (not in the catalog) or `elsewhere` (this place has no such item). warning: the
    emergency numbers, where someone is in danger.
    """

    verdict: str
    heard: tuple[str, ...]
    question: str
    options: tuple[str, ...]
    candidates: tuple[dict[str, Any], ...]
    item: Optional[str]
    applicant: Optional[str]
    situations: tuple[str, ...]
    warning: str


async def understand(
    said: list[str], place: Optional[str], parse: Parse, knowledge: Knowledge, responses: dict[str, Any]
) -> tuple[Story, dict[str, Any]]:
    """Return the story and the parse of its first text.

    said: the caller's story, then the answers to the questions that followed. responses: those of the domain.
    """
    state = State(jurisdiction=place)
    parsed = [await parse(text) for text in said]
    for one in parsed:
        state = resolve(state, understanding(one), knowledge)
    danger = any(understanding(one).intent == DANGER for one in parsed)
    return _story(state, knowledge, responses, danger), parsed[0]


def _story(state: State, knowledge: Knowledge, responses: dict[str, Any], danger: bool) -> Story:
    verdict = "ask" if state.missing in ASKABLE else {"nothing": "answer"}.get(state.missing, state.missing)
    options = tuple(option_titles(state.missing, state.options, knowledge, state.item)) if verdict == "ask" else ()
    name = f"utter_ask_{state.missing}" if options or state.missing != "item" else "utter_ask_item_open"
    question = phrase({"responses": responses}, name) if verdict == "ask" else ""
    item = state.item or (state.options[0] if state.missing == "item" and state.options else None)
    return Story(
        verdict,
        _heard(state, knowledge),
        question,
        options,
        tuple(candidates(state)),
        item,
        state.applicant,
        state.situations,
        phrase({"responses": responses}, "utter_danger") if danger else "",
    )


def _heard(state: State, knowledge: Knowledge) -> tuple[str, ...]:
    heard = []
    if state.jurisdiction:
        heard.append(knowledge.jurisdictions[state.jurisdiction].short)
    if state.applicant:
        heard.append(APPLICANT_NAMES[state.applicant])
    if state.item:
        names = {s.id: s.name for s in knowledge.item(state.item).situations}
        heard += [names[s] for s in state.situations if s in names]
    heard += [f"问{ASPECT_NAMES[aspect]}" for aspect in state.aspects if aspect != "general"]
    return tuple(heard)
