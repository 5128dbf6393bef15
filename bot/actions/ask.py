"""The four questions back. Each lists its options by number; the resident may tap, type the title or the number."""

from __future__ import annotations

from typing import Any, Dict, List

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.conversation import custom, knowledge, phrase, send, state_of, with_warning
from bot.dialogue import option_titles


def ask_back(slot: str, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
    state = state_of(tracker)
    titles = option_titles(slot, state.options, knowledge(), state.item)
    lines = [f"{n}. {title}" for n, title in enumerate(titles, 1)]
    head = phrase(domain, f"utter_ask_{slot}" if titles or slot != "item" else "utter_ask_item_open")
    if state.item and slot in ("situation", "applicant"):
        head = f"【{knowledge().item(state.item).name}】{head}"
    tail = [phrase(domain, "utter_how_to_choose")] if titles else []
    payload = custom(state, "clarify", slot=slot, options=[{"title": title, "value": title} for title in titles])
    if slot == "item" and state.options:
        payload["item"] = state.options[0]
    send(dispatcher, [with_warning(domain, tracker, "\n".join([head, *lines, *tail]))], payload, buttons=titles)
    return []


class ActionAskJurisdiction(Action):
    def name(self) -> str:
        return "action_ask_jurisdiction"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        return ask_back("jurisdiction", dispatcher, tracker, domain)


class ActionAskItem(Action):
    def name(self) -> str:
        return "action_ask_item"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        return ask_back("item", dispatcher, tracker, domain)


class ActionAskSituation(Action):
    def name(self) -> str:
        return "action_ask_situation"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        return ask_back("situation", dispatcher, tracker, domain)


class ActionAskApplicant(Action):
    def name(self) -> str:
        return "action_ask_applicant"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> List[Dict[str, Any]]:
        return ask_back("applicant", dispatcher, tracker, domain)
