"""Answers from the knowledge base: the requirements that match what is known."""

from __future__ import annotations

from typing import Any, Dict, List

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.conversation import custom, knowledge, send, state_of, with_warning
from bot.conditions import applicants
from bot.dialogue import State
from bot.replies import Known, Reply, answer, next_questions, split


class ActionAnswer(Action):
    def name(self) -> str:
        return "action_answer"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        state = state_of(tracker)
        items = [state.item] if state.item else items_of_every_branch(state)
        replies = [compose(item, state) for item in items]
        first = knowledge().item(items[0])
        follow = next_questions(first, state.aspects) if len(items) == 1 else []
        text = "\n\n".join(reply.text for reply in replies)
        if follow:
            text += f"\n您还可以问：{'；'.join(follow)}"
        payload = custom(
            State(**{**state.__dict__, "item": items[0]}),
            "answer",
            not_in_source=replies[0].not_in_source,
            source={"document": first.document, "section": first.section},
        )
        send(dispatcher, split(with_warning(domain, tracker, text)), payload, buttons=follow)
        return []


def items_of_every_branch(state: State) -> list[str]:
    """Return the items that the resident would not choose between, or one a place where they would not say which place."""
    if state.service is None:
        return list(state.options)
    items = knowledge().items_of[state.service or ""]
    return [next(i for i in items if i.partition("-")[0] == place) for place in state.options]


def compose(item_id: str, state: State) -> Reply:
    base = knowledge()
    item = base.item(item_id)
    possible = applicants(item)
    known = Known(
        state.applicant if not possible or state.applicant in possible else None, frozenset(state.situations), state.question
    )
    place = base.jurisdictions[item.jurisdiction].name
    return answer(item, state.aspects, known, place=place, contact=base.contact(item, None))
