"""Names the right human: the office and number of the item in hand, else the place's hotline."""

from __future__ import annotations

from typing import Any, Dict, List

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.conversation import custom, knowledge, phrase, send, state_of


class ActionHandOver(Action):
    def name(self) -> str:
        return "action_hand_over"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        state, base = state_of(tracker), knowledge()
        item = base.item(state.item) if state.item else None
        office = f"「{item.name}」由{'；'.join(item.agency)}负责。" if item and item.agency else ""
        text = phrase(domain, "utter_hand_over", contact=base.contact(item, state.jurisdiction), office=office)
        send(dispatcher, [text], custom(state, "handoff"))
        return []
