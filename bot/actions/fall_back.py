"""Says plainly that it cannot help: the question is not ours, or this place has no such item."""

from __future__ import annotations

from typing import Any, Dict, List

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.conversation import custom, knowledge, phrase, send, state_of, with_warning
from bot.actions.hand_over import whom_to_ask
from bot.dialogue import GIVE_UP_AFTER, State


class ActionFallBack(Action):
    def name(self) -> str:
        return "action_fall_back"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        state, base = state_of(tracker), knowledge()
        contact = base.contact(None, state.jurisdiction)
        text = phrase(domain, "utter_unknown", contact=contact)
        if state.missing == "elsewhere" and state.service and state.jurisdiction:
            places = dict.fromkeys(item.partition("-")[0] for item in base.items_of[state.service])
            text = phrase(
                domain,
                "utter_elsewhere",
                place=base.jurisdictions[state.jurisdiction].name,
                service=base.services[state.service],
                places="、".join(base.jurisdictions[place].name for place in places),
                contact=contact,
            )
        elif state.failures >= GIVE_UP_AFTER:
            text = phrase(domain, "utter_give_up", **whom_to_ask(state))
        payload = custom(State(**{**state.__dict__, "item": None, "service": None}), "fallback")
        send(dispatcher, [with_warning(domain, tracker, text)], payload)
        return []
