"""bot.storage.forget: all of one conversation goes, nothing of another."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import func, insert, select
from sqlalchemy.engine import Engine

from bot.storage import tables
from bot.storage.database import migrate, open_engine
from bot.storage.forget import forget, key_of

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
    assert forget(engine, "wechat:other") == {"conversation": 1, "turn": 2, "feedback": 1, "handoff": 1, "review": 0}
    assert rows(engine) == before
    assert sum(forget(engine, "wechat:nobody").values()) == 0
    assert rows(engine) == before


def test_decisions_on_its_questions_go_unless_somebody_else_asked_the_same(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'bot.sqlite'}")
    migrate(engine)
    asked = {"web:one": ("我住幸福路 卡丢了", "卡丢了", "退休金少了", "低保年审"), "web:two": ("卡丢了", "退休金少了？")}
    with engine.begin() as connection:
        for whose, questions in asked.items():
            for question in questions:
                row = {"conversation_id": whose, "at": NOW, "channel": "web", "question": question, "kind": "fallback"}
                connection.execute(insert(tables.turn).values(**row))
        vote = {"conversation_id": "web:one", "at": NOW, "vote": "down", "question": "只在评价里的话"}
        connection.execute(insert(tables.feedback).values(**vote))
        call = {"at": NOW, "account": "小王", "question": "低保年审", "note": ""}
        connection.execute(insert(tables.correction).values(**call))
        for question in ("我住幸福路，卡丢了", "卡丢了", "退休金少了", "低保年审", "只在评价里的话", "别人的话"):
            row = {"at": NOW, "account": "小李", "key": key_of(question), "question": question, "decision": "accept"}
            connection.execute(insert(tables.review).values(**row, phrasing=question))
    assert forget(engine, "web:one")["review"] == 3
    with engine.connect() as connection:
        assert connection.execute(select(tables.review.c.question)).scalars().all() == ["卡丢了", "低保年审", "别人的话"]
