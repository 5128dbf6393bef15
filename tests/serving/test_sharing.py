"""Rasa's own event broker gets the events of every turn, as endpoints.yml says."""

from __future__ import annotations

import json
from pathlib import Path

from bot.serving.lean_imports import import_rasa

import_rasa()

from rasa.shared.core.domain import Domain  # noqa: E402
from rasa.shared.core.events import UserUttered  # noqa: E402

from bot.serving.conversations import ConversationStore  # noqa: E402
from bot.serving.locks import LocalLockStore  # noqa: E402
from bot.serving.shared_locks import SharedLockStore  # noqa: E402
from bot.serving.sharing import event_broker, lock_store  # noqa: E402
from bot.settings import ROOT  # noqa: E402
from bot.storage.database import migrate, open_engine  # noqa: E402
from bot.storage.worker import DatabaseWorker  # noqa: E402


async def test_the_events_of_a_turn_reach_the_broker_of_the_endpoints_file(tmp_path: Path) -> None:
    endpoints = tmp_path / "endpoints.yml"
    endpoints.write_text(f"event_broker:\n  type: file\n  path: {tmp_path / 'events.log'}\n", encoding="utf-8")
    broker = await event_broker(endpoints)
    engine = open_engine(f"sqlite:///{tmp_path / 'bot.sqlite'}")
    migrate(engine)
    worker = DatabaseWorker(engine)
    store = ConversationStore(worker, Domain.load(str(ROOT / "domain.yml")), broker)
    for text in ("补社保卡要带什么", "那电话多少"):
        tracker = await store.retrieve("rest:a") or await store.create_tracker("rest:a")
        tracker.update(UserUttered(text, {"name": "ask_materials"}, input_channel="rest"))
        await store.save(tracker)
    worker.close()
    events = [json.loads(line) for line in (tmp_path / "events.log").read_text(encoding="utf-8").splitlines()]
    assert [e["text"] for e in events if e["event"] == "user"] == ["补社保卡要带什么", "那电话多少"], "once each"
    assert {e["sender_id"] for e in events} == {"rest:a"}


async def test_without_an_entry_there_is_no_broker_and_without_redis_locks_are_local() -> None:
    assert await event_broker(ROOT / "endpoints.yml") is None
    assert await event_broker(ROOT / "missing.yml") is None
    assert type(lock_store(None)) is LocalLockStore
    assert type(lock_store("redis://127.0.0.1:6379/0")) is SharedLockStore
