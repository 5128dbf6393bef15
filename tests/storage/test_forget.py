"""bot.storage.forget: all of one conversation goes, nothing of another."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import func, insert, select
from sqlalchemy.engine import Engine

from bot.storage import tables
from bot.storage.database import migrate, open_engine
from bot.storage.forget import forget

NOW = datetime(2026, 1, 5, 9, 0)


def fill(engine: Engine, conversation_id: str) -> None:
    whose = {"conversation_id": conversation_id, "at": NOW}
    with engine.begin() as connection:
        connection.execute(insert(tables.conversation).values(id=conversation_id, channel="wechat", updated_at=NOW, state=b"x"))
        for _ in range(2):
            connection.execute(insert(tables.turn).values(**whose, channel="wechat", question="你好", kind="chitchat"))
        connection.execute(insert(tables.feedback).values(**whose, vote="up"))
        connection.execute(insert(tables.handoff).values(**whose, channel="wechat", reason="asked", question="转人工"))


def rows(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {t.name: connection.execute(select(func.count()).select_from(t)).scalar_one() for t in tables.metadata.sorted_tables}


def test_one_conversation_goes_and_the_others_stay(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'bot.sqlite'}")
    migrate(engine)
    fill(engine, "wechat:one")
    before = rows(engine)
    fill(engine, "wechat:other")
    assert forget(engine, "wechat:other") == {"conversation": 1, "turn": 2, "feedback": 1, "handoff": 1}
    assert rows(engine) == before
    assert sum(forget(engine, "wechat:nobody").values()) == 0
    assert rows(engine) == before
