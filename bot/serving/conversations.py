"""Rasa's tracker store over table `conversation`: what a conversation has established, not the list of all that was said.

The bot's memory is its two slots (domain.yml), so a turn costs the same after two hundred turns as after one. Each save
also writes the turn's row (for inbox and dashboard) and, where a human is called for, the hand-off, in one transaction.
"""

from __future__ import annotations

import copy
import json
import time
import zlib
from collections import OrderedDict
from datetime import datetime, timedelta, timezone
from typing import Any, Iterable, Optional

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, Event, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.slots import Slot
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.engine import Connection

from bot.dialogue import GIVE_UP_AFTER
from bot.storage import tables
from bot.storage.worker import DatabaseWorker

NOTHING = zlib.compress(b"{}")
_KEPT = tables.conversation.c  # statements are built once: building one takes as long as running it
_READ = select(_KEPT.updated_at, _KEPT.state).where(_KEPT.id == bindparam("whose"))
_STATE = {"updated_at": bindparam("updated_at"), "state": bindparam("state")}
_GOES_ON = update(tables.conversation).where(_KEPT.id == bindparam("whose")).values(**_STATE)
_BEGINS = insert(tables.conversation).values(id=bindparam("whose"), channel=bindparam("channel"), **_STATE)
_TURN = insert(tables.turn)


class ConversationStore(TrackerStore):
    """Keeps each conversation's slots. A conversation that slept longer than the domain's session begins anew.

    remember: how many of the last conversations need not be read again; 0 where other processes write them, too.
    """

    def __init__(
        self,
        worker: DatabaseWorker,
        domain: Optional[Domain] = None,
        event_broker: Optional[EventBroker] = None,
        *,
        remember: int = 0,
    ) -> None:
        super().__init__(domain, event_broker)
        self._worker = worker
        self._remember = remember
        self._remembered: OrderedDict[str, tuple[datetime, bytes]] = OrderedDict()  # updated_at and state by id
        self.model: Optional[str] = None  # the id of the model in use, written to each turn

    async def retrieve(self, sender_id: str) -> Optional[DialogueStateTracker]:
        found = self._remembered.get(sender_id) or await self._read(sender_id)
        if found is None or self._is_over(found[0]):
            return None
        events = [ActionExecuted("action_session_start"), SessionStarted()]
        events += [SlotSet(name, value) for name, value in json.loads(zlib.decompress(found[1])).items()]
        tracker = self._tracker(sender_id, [*events, ActionExecuted(ACTION_LISTEN_NAME)])
        tracker.goes_on = True
        return tracker

    async def _read(self, sender_id: str) -> Optional[tuple[datetime, bytes]]:
        values = {"whose": sender_id}
        return await self._worker.run(lambda connection: connection.execute(_READ, values).first(), writes=False)

    def _tracker(self, sender_id: str, events: list[Event]) -> LeanTracker:
        tracker: LeanTracker = LeanTracker.from_events(sender_id, events, self.domain.slots, domain=self.domain)
        tracker.kept_events = len(tracker.events)  # those before this turn
        return tracker

    async def create_tracker(self, sender_id: str, append_action_listen: bool = True) -> DialogueStateTracker:
        """Return a new conversation's tracker; nothing is stored before its first turn is over."""
        return self._tracker(sender_id, [ActionExecuted(ACTION_LISTEN_NAME)] if append_action_listen else [])

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Store what `tracker` has established and the turn that led there; returns when it is committed."""
        fresh = list(tracker.events)[getattr(tracker, "kept_events", 0) :]
        turn = turn_row(tracker.sender_id, fresh, self.model)
        if turn is None:
            return
        job = _Save(tracker, turn)
        self._remembered.pop(tracker.sender_id, None)
        if await self._worker.run(job) and self._remember:
            self._remembered[tracker.sender_id] = turn["at"], job.state
            if len(self._remembered) > self._remember:
                self._remembered.popitem(last=False)
        if self.event_broker is not None:
            await self._stream_new_events(self.event_broker, fresh, tracker.sender_id)

    def _is_over(self, updated_at: datetime) -> bool:
        minutes = self.domain.session_config.session_expiration_time
        return bool(minutes) and _now() - updated_at > timedelta(minutes=minutes)

    async def keys(self) -> Iterable[str]:
        query = select(tables.conversation.c.id)
        return await self._worker.run(lambda connection: connection.execute(query).scalars().all(), writes=False)

    async def delete(self, sender_id: str) -> None:
        """Forget a conversation."""
        self._remembered.pop(sender_id, None)
        await self._worker.run(
            lambda connection: connection.execute(delete(tables.conversation).where(tables.conversation.c.id == sender_id))
        )


class LeanTracker(DialogueStateTracker):
    """A tracker whose copies are made by copying; Rasa's replays every event, three times a turn.

    kept_events: those from before this turn. goes_on: the conversation has been stored before.
    """

    kept_events = 0
    goes_on = False

    def copy(self) -> LeanTracker:
        clone: LeanTracker = copy.copy(self)
        clone.slots = {name: _copied(slot) for name, slot in self.slots.items()}
        clone.events = copy.copy(self.events)
        return clone


def _copied(slot: Slot) -> Slot:
    """Return a shallow copy; what copy.copy does, without its detour over pickling, sixteen times a turn."""
    twin: Slot = object.__new__(type(slot))
    twin.__dict__.update(slot.__dict__)
    return twin


class _Save:
    """The job that writes one turn; its answer: whether what the conversation has established was written, too."""

    def __init__(self, tracker: DialogueStateTracker, turn: dict[str, Any]) -> None:
        slots = {name: value for name, value in tracker.current_slot_values().items() if value is not None}
        self.state = zlib.compress(json.dumps(slots, ensure_ascii=False, separators=(",", ":")).encode(), 1)
        self._turn = turn
        self._goes_on = getattr(tracker, "goes_on", False)
        said = tracker.latest_message
        failures = (slots.get("memory") or {}).get("failures", 0)
        self._handoff = handoff_reason(said.intent_name if said else None, turn["kind"], failures)

    def __call__(self, connection: Connection) -> bool:
        turn = self._turn
        values = {"whose": turn["conversation_id"], "updated_at": turn["at"], "state": self.state}
        there = connection.execute(_GOES_ON, values).rowcount > 0
        forgotten = self._goes_on and not there  # by the resident's wish, in the middle of a turn or from another process
        if not there:
            values["state"] = NOTHING if forgotten else self.state
            connection.execute(_BEGINS, {**values, "channel": turn["channel"]})
        connection.execute(_TURN, turn)
        if self._handoff:
            shared = {name: turn[name] for name in ("at", "conversation_id", "channel", "jurisdiction", "item", "question")}
            connection.execute(insert(tables.handoff).values(reason=self._handoff, **shared))
        return not forgotten


def handoff_reason(intent: Optional[str], kind: str, failures: int) -> Optional[str]:
    """Return why a human is called for: danger, angry, asked, repeated (nothing but fallbacks); None if none is."""
    if intent == "danger":
        return "danger"
    if kind == "handoff":
        return "angry" if intent == "anger" else "asked"
    return "repeated" if kind == "fallback" and failures >= GIVE_UP_AFTER else None


def turn_row(conversation_id: str, events: list[Event], model: Optional[str]) -> Optional[dict[str, Any]]:
    """Return the row of table `turn` for the events of one turn; None if no resident said anything in them."""
    said = next((event for event in reversed(events) if isinstance(event, UserUttered)), None)
    if said is None:
        return None
    reply: dict[str, Any] = next(
        (event.data["custom"] for event in reversed(events) if isinstance(event, BotUttered) and event.data.get("custom")), {}
    )
    sure = [candidate["confidence"] for candidate in reply.get("candidates", ())] + [0.0, 0.0]
    received = (said.metadata or {}).get("received")
    return {
        "at": _now(),
        "conversation_id": conversation_id,
        "channel": said.input_channel or "rest",
        "jurisdiction": reply.get("jurisdiction"),
        "question": said.text or "",
        "kind": reply.get("kind", "fallback"),
        "service": reply.get("service"),
        "item": reply.get("item"),
        "aspect": reply.get("aspect"),
        "slot": reply.get("slot"),
        "confidence": round(sure[0], 4),
        "margin": round(sure[0] - sure[1], 4),
        "milliseconds": round((time.perf_counter() - received) * 1e3, 1) if received else None,
        "model": model,
    }


def _now() -> datetime:
    return datetime.now(timezone.utc).replace(tzinfo=None)
