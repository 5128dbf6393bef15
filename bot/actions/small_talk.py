"""Greets, thanks, says goodbye, chats; leaves what is being dealt with as it is."""

from __future__ import annotations

from typing import Any, Dict, List

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.conversation import custom, phrase, send, state_of


class ActionSmallTalk(Action):
    def name(self) -> str:
        return "action_small_talk"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        intent = (tracker.latest_message.get("intent") or {}).get("name")
        name = f"utter_{intent}" if f"utter_{intent}" in domain["responses"] else "utter_chitchat"
        send(dispatcher, [phrase(domain, name)], custom(state_of(tracker), "chitchat"))
        return []
