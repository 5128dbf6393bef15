"""What the actions share: the conversation's state in its slot, the knowledge base, the form of a reply."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Optional

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.dialogue import OUT_OF_SCOPE, State, Understanding
from bot.knowledge.current import CurrentKnowledge
from bot.knowledge.queries import Knowledge
from bot.settings import read_settings
from bot.storage.database import engine

MEMORY, MISSING = "memory", "missing"
_EMPTY = vars(State())
DANGER = "danger"


@lru_cache(maxsize=1)
def current_knowledge() -> CurrentKnowledge:
    """Return what keeps the knowledge base of this process current; built on first use if the files are newer."""
    return CurrentKnowledge(engine(), read_settings().knowledge)


def knowledge() -> Knowledge:
    """Return the knowledge base of this process as it is now."""
    return current_knowledge().get()


def state_of(tracker: Tracker) -> State:
    """Return what the conversation has established; the channel's place counts until the resident names another."""
    memory = tracker.get_slot(MEMORY) or {}
    state = State(**{key: _frozen(value) for key, value in memory.items()})
    channel = (tracker.latest_message.get("metadata") or {}).get("jurisdiction")
    if state.jurisdiction is None and channel in knowledge().jurisdictions:
        state = State(**{**state.__dict__, "jurisdiction": channel})
    return state


def memory_of(state: State) -> dict[str, Any]:
    """Return the state as the slot keeps it: what differs from an empty state, plain JSON."""
    return {key: value for key, value in vars(state).items() if value != _EMPTY[key]}


def understanding_of(tracker: Tracker) -> Understanding:
    return understanding(tracker.latest_message)


def understanding(message: dict[str, Any]) -> Understanding:
    """Return what the pipeline's output of one message says."""
    entities = message.get("entities") or []

    def values(kind: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(e["value"] for e in entities if e["entity"] == kind))

    applicants = values("applicant")
    intent = (message.get("intent") or {}).get("name") or "out_of_scope"
    return Understanding(
        text=message.get("text") or "",
        intent=intent,
        services=message.get("services") or {"out_of_scope": 1.0},
        aspects=tuple(message.get("aspects") or ()) if intent.startswith("ask_") or intent in (DANGER, OUT_OF_SCOPE) else (),
        places=values("jurisdiction"),
        place_hints=values("jurisdiction_hint"),
        applicant=applicants[-1] if applicants else None,
        foreign=tuple(message.get("foreign") or ()),
        sure=float((message.get("intent") or {}).get("confidence") or 0.0),
        denies=bool(message.get("denies")) or intent == "deny",
    )


def custom(state: State, kind: str, **more: Any) -> dict[str, Any]:
    """Return the machine-readable form of a reply (the contract's `custom`)."""
    item = knowledge().item(state.item) if state.item else None
    known = {
        "kind": kind,
        "item": state.item,
        "service": state.service or (item.services[0] if item else None),
        "jurisdiction": state.jurisdiction or (item.jurisdiction if item else None),
        "applicant": state.applicant,
        "situation": ",".join(state.situations) or None,
        "aspect": state.aspects[0] if state.aspects else "general",
        "not_in_source": False,
        "slot": None,
        "options": [],
        "candidates": candidates(state),
        "source": None,
    }
    return {**known, **more}


def candidates(state: State) -> list[dict[str, Any]]:
    """Return up to five candidates, the item in hand first, none of them denied."""
    shown = [pair for pair in state.candidates if pair[0] not in state.denied]
    if state.item:
        own = dict(shown).get(state.item, 1.0)
        shown = [(state.item, own), *(pair for pair in shown if pair[0] != state.item)]
    return [{"item": item, "name": knowledge().item(item).name, "confidence": min(1.0, p)} for item, p in shown[:5]]


def send(
    dispatcher: CollectingDispatcher, texts: list[str], payload: dict[str, Any], *, buttons: Optional[list[str]] = None
) -> None:
    """Say `texts`, one message each; the last one carries the buttons and the machine-readable form."""
    for text in texts[:-1]:
        dispatcher.utter_message(text=text)
    dispatcher.utter_message(
        text=texts[-1], buttons=[{"title": title, "payload": title} for title in buttons or ()], json_message=payload
    )


def phrase(domain: dict[str, Any], name: str, **values: str) -> str:
    """Return the response `name` of the domain with its placeholders filled."""
    text = domain["responses"][name][0]["text"]
    for key, value in values.items():
        text = text.replace("{" + key + "}", value)
    return text


def with_warning(domain: dict[str, Any], tracker: Tracker, text: str) -> str:
    """Put the emergency numbers first where someone is in danger."""
    intent = (tracker.latest_message.get("intent") or {}).get("name")
    return f"{phrase(domain, 'utter_danger')}\n{text}" if intent == DANGER else text


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_frozen(one) for one in value)
    return value
