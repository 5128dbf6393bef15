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
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity  # noqa: E402
from sqlalchemy import select, update  # noqa: E402
from sqlalchemy.engine import Engine  # noqa: E402

from bot.serving import conversations  # noqa: E402
from bot.serving.conversations import ConversationStore  # noqa: E402
from bot.settings import ROOT  # noqa: E402
from bot.storage import tables  # noqa: E402
from bot.storage.database import migrate, open_engine  # noqa: E402
from bot.storage.forget import forget  # noqa: E402
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


async def test_a_remembered_conversation_is_not_read_again(store: ConversationStore, engine: Engine) -> None:
    remembering = ConversationStore(store._worker, store.domain, remember=2)
    for sender in ("rest:a", "rest:b", "rest:c"):
        await one_turn(remembering, sender, {"item": "dagang-2.2"})
    with engine.begin() as connection:
        connection.execute(update(tables.conversation).values(state=conversations.NOTHING))
    known = {sender: await remembering.retrieve(sender) for sender in ("rest:a", "rest:b", "rest:c")}
    assert [tracker and tracker.get_slot("memory") for tracker in known.values()] == [
        None,
        {"item": "dagang-2.2"},
        {"item": "dagang-2.2"},
    ]
    assert (await store.retrieve("rest:c")).get_slot("memory") is None


@pytest.mark.parametrize("remember", [0, 10])
async def test_what_was_forgotten_does_not_come_back(store: ConversationStore, engine: Engine, remember: int) -> None:
    """`bot forget` deletes in another process, here in the middle of a turn."""
    own = ConversationStore(store._worker, store.domain, remember=remember)
    await one_turn(own, "rest:a", {"item": "dagang-2.2"})
    tracker = await own.retrieve("rest:a")
    assert tracker is not None
    forget(engine, "rest:a")
    tracker.update(UserUttered("电话呢", {"name": "ask_phone"}, [], input_channel="rest"), own.domain)
    await own.save(tracker)
    after = await own.retrieve("rest:a")
    assert after is not None and after.get_slot("memory") is None


async def test_a_copy_of_a_tracker_is_as_rasa_would_make_it(store: ConversationStore) -> None:
    await one_turn(store, "rest:a", {"item": "dagang-2.2"})
    tracker = await store.retrieve("rest:a")
    assert tracker is not None
    tracker.update(UserUttered("电话呢", {"name": "ask_phone"}, [], input_channel="rest"), store.domain)
    own, stock = tracker.copy(), DialogueStateTracker.copy(tracker)
    assert own == stock and own.current_state(EventVerbosity.ALL) == stock.current_state(EventVerbosity.ALL)
    own.update(SlotSet("memory", {"item": "dagang-1.1"}))
    assert tracker.get_slot("memory") == {"item": "dagang-2.2"} and len(own.events) == len(tracker.events) + 1


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
