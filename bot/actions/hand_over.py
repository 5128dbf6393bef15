"""Names the right human: the office and number of the item in hand, else the place's hotline."""

from __future__ import annotations

from typing import Any, Dict, List

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.conversation import custom, knowledge, phrase, send, state_of
from bot.dialogue import State


class ActionHandOver(Action):
    def name(self) -> str:
        return "action_hand_over"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        state = state_of(tracker)
        angry = (tracker.latest_message.get("intent") or {}).get("name") == "anger"
        text = phrase(domain, "utter_anger" if angry else "utter_hand_over", **whom_to_ask(state))
        send(dispatcher, [text], custom(state, "handoff"))
        return []


def whom_to_ask(state: State) -> Dict[str, str]:
    """Return `contact`, the number to call, and `office`, a sentence on who is in charge of the item in hand (or "")."""
    base = knowledge()
    item = base.item(state.item) if state.item else None
    office = f"「{item.name}」由{'；'.join(item.agency)}负责。" if item and item.agency else ""
    return {"contact": base.contact(item, state.jurisdiction), "office": office}
