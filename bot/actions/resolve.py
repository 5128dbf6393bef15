"""Finds out which item is meant and what is still missing; says nothing."""

from __future__ import annotations

from typing import Any, Dict, List

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.conversation import MEMORY, MISSING, knowledge, memory_of, state_of, understanding_of
from bot.dialogue import resolve


class ActionResolve(Action):
    def name(self) -> str:
        return "action_resolve"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        state = resolve(state_of(tracker), understanding_of(tracker), knowledge())
        return [SlotSet(MEMORY, memory_of(state)), SlotSet(MISSING, state.missing)]
