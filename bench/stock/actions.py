"""The peer's custom actions, for `rasa run actions --actions bench.stock.actions`."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any, Dict, List, Optional

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import create_engine

from bot.knowledge.queries import Knowledge
from bot.replies import Known, answer


@lru_cache(maxsize=1)
def knowledge() -> Knowledge:
    return Knowledge(create_engine(f"sqlite:///{os.environ['STOCK_KNOWLEDGE_DB']}", future=True))


def place_in(text: str) -> Optional[str]:
    """Return the jurisdiction that the text names."""
    for place in knowledge().jurisdictions.values():
        if any(name in text for name in (place.name, place.short, *place.names)):
            return place.id
    return None


class ActionAnswerItem(Action):
    """Answers on the item of the service in the place; asks for the place where several have the service."""

    def name(self) -> str:
        return "action_answer_item"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        intent = tracker.latest_message["intent"]["name"]
        base = knowledge()
        service = intent if intent in base.items_of else tracker.get_slot("service")
        place = place_in(tracker.latest_message.get("text") or "") or tracker.get_slot("jurisdiction")
        events = [SlotSet("service", service), SlotSet("jurisdiction", place)]
        items = [base.item(item) for item in base.items_of.get(service or "", ())]
        if not items:
            dispatcher.utter_message(response="utter_out_of_scope")
            return events
        here = [item for item in items if item.jurisdiction == place] or (items if len(items) == 1 else [])
        if not here:
            places = list(dict.fromkeys(base.jurisdictions[item.jurisdiction].short for item in items))
            dispatcher.utter_message(response="utter_ask_place", buttons=[{"title": p, "payload": p} for p in places])
            return events
        aspects = (intent.removeprefix("ask_"),) if intent.startswith("ask_") else ("materials", "process")
        name = base.jurisdictions[here[0].jurisdiction].name
        reply = answer(here[0], aspects, Known(), place=name, contact=base.contact(here[0], None))
        dispatcher.utter_message(text=reply.text, json_message={"item": here[0].id, "service": service})
        return events
