"""bot.serving.conversations: what a conversation established comes back, flat in cost, and each turn leaves one row."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Iterator

import pytest

from bot.serving.lean_imports import import_rasa

import_rasa()

from rasa.shared.core.domain import Domain  # noqa: E402
from rasa.shared.core.events import ActionExecuted, BotUttered, SlotSet, UserUttered  # noqa: E402
from sqlalchemy import select, update  # noqa: E402
from sqlalchemy.engine import Engine  # noqa: E402

from bot.serving import conversations  # noqa: E402
from bot.serving.conversations import ConversationStore  # noqa: E402
from bot.settings import ROOT  # noqa: E402
from bot.storage import tables  # noqa: E402
from bot.storage.database import migrate, open_engine  # noqa: E402
from bot.storage.worker import DatabaseWorker  # noqa: E402


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = open_engine(f"sqlite:///{tmp_path / 'bot.sqlite'}")
    migrate(engine)
    return engine


@pytest.fixture
def store(engine: Engine) -> Iterator[ConversationStore]:
    worker = DatabaseWorker(engine)
    store = ConversationStore(worker, Domain.load(str(ROOT / "domain.yml")))
    store.model = "m1"
    yield store
    worker.close()


async def one_turn(store: ConversationStore, sender: str, memory: dict[str, Any]) -> None:
    tracker = await store.get_or_create_tracker(sender, append_action_listen=False)
    custom = {"kind": "answer", "item": "dagang-2.2", "candidates": [{"confidence": 0.9}, {"confidence": 0.3}]}
    tracker.update_with_events(
        [
            UserUttered("补社保卡要带什么", {"name": "ask_materials"}, [], input_channel="rest"),
            ActionExecuted("action_resolve"),
            SlotSet("memory", memory),
            SlotSet("missing", "nothing"),
            BotUttered("要带身份证", {"custom": custom}),
            ActionExecuted("action_listen"),
        ],
        store.domain,
    )
    await store.save(tracker)


async def test_slots_come_back_and_events_do_not_pile_up(store: ConversationStore) -> None:
    lengths = []
    for number in range(30):
        await one_turn(store, "rest:a", {"item": f"dagang-{number}"})
        tracker = await store.retrieve("rest:a")
        assert tracker is not None and tracker.get_slot("memory") == {"item": f"dagang-{number}"}
        lengths.append(len(tracker.events))
    assert len(set(lengths)) == 1 and lengths[0] < 8


async def test_each_turn_leaves_one_row(store: ConversationStore, engine: Engine) -> None:
    await one_turn(store, "rest:a", {})
    await one_turn(store, "rest:a", {})
    with engine.connect() as connection:
        rows = connection.execute(select(tables.turn)).all()
        assert len(connection.execute(select(tables.conversation)).all()) == 1
    assert len(rows) == 2
    assert (rows[0].question, rows[0].kind, rows[0].item, rows[0].confidence, rows[0].margin) == (
        "补社保卡要带什么",
        "answer",
        "dagang-2.2",
        0.9,
        0.6,
    )
    assert rows[0].model == "m1" and rows[0].channel == "rest"


async def test_a_conversation_that_slept_too_long_begins_anew(store: ConversationStore, engine: Engine) -> None:
    await one_turn(store, "rest:a", {"item": "dagang-2.2"})
    minutes = store.domain.session_config.session_expiration_time
    with engine.begin() as connection:
        connection.execute(update(tables.conversation).values(updated_at=conversations._now() - timedelta(minutes=minutes + 1)))
    assert await store.retrieve("rest:a") is None


async def test_strangers_share_nothing(store: ConversationStore) -> None:
    await one_turn(store, "rest:a", {"item": "dagang-2.2"})
    assert await store.retrieve("web:a") is None
    await store.delete("rest:a")
    assert list(await store.keys()) == []


@pytest.mark.parametrize(
    ("intent", "kind", "failures", "reason"),
    [
        ("handoff", "handoff", 0, "asked"),
        ("anger", "handoff", 0, "angry"),
        ("danger", "answer", 0, "danger"),
        ("out_of_scope", "fallback", 1, None),
        ("out_of_scope", "fallback", 2, "repeated"),
        ("ask_phone", "answer", 0, None),
    ],
)
def test_why_a_human_is_called_for(intent: str, kind: str, failures: int, reason: str | None) -> None:
    assert conversations.handoff_reason(intent, kind, failures) == reason
