"""bot.storage.retention, .export and the commands: what is over goes, from the file too; a resident's own can be had and deleted."""

from __future__ import annotations

import json
import zlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.engine import Engine

from bot.cli import main
from bot.settings import Settings
from bot.storage import retention, tables
from bot.storage.database import engine as own_engine
from bot.storage.database import migrate, open_engine
from bot.storage.export import export
from bot.storage.forget import forget, naming_conversations
from bot.storage.worker import DatabaseWorker

NOW = datetime(2026, 1, 5, 9, 0)
LIMITS = Settings(keep_conversation_days=10, keep_turn_days=20, keep_feedback_days=30, keep_handoff_days=40)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'bot.sqlite'}")
    own_engine.cache_clear()
    opened = open_engine(f"sqlite:///{tmp_path / 'bot.sqlite'}")
    migrate(opened)
    yield opened
    own_engine.cache_clear()


def fill(engine: Engine, whose: str, days_ago: float, question: str = "你好") -> None:
    at = NOW - timedelta(days=days_ago)
    state = zlib.compress(json.dumps({"memory": {"item": "dagang-2.2"}}).encode())
    with engine.begin() as connection:
        connection.execute(insert(tables.conversation).values(id=whose, channel="web", updated_at=at, state=state))
        mine = {"conversation_id": whose, "at": at}
        connection.execute(insert(tables.turn).values(**mine, channel="web", question=question, kind="answer"))
        connection.execute(insert(tables.feedback).values(**mine, vote="up", question=question))
        connection.execute(insert(tables.handoff).values(**mine, channel="web", reason="asked", question=question))


def counts(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return [
            connection.execute(select(func.count()).select_from(c.table)).scalar_one() for c in list(retention.limits(LIMITS))[:4]
        ]


def test_each_table_keeps_its_own_number_of_days(engine: Engine) -> None:
    for days in (5, 15, 25, 35, 45):
        fill(engine, f"web:{days}", days)
    with engine.connect() as connection:
        assert list(retention.overdue(connection, LIMITS, NOW).values())[:4] == [4, 3, 2, 1]
    assert list(retention.purge_all(engine, LIMITS, NOW).values())[:4] == [4, 3, 2, 1]
    assert counts(engine) == [1, 2, 3, 4]
    assert not any(retention.purge_all(engine, LIMITS, NOW).values())


def test_many_rows_go_in_batches(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    for n in range(10):
        fill(engine, f"web:{n}", 100)
    assert list(retention.purge_all(engine, LIMITS, NOW).values())[:4] == [10] * 4
    assert counts(engine) == [0] * 4


def test_whatever_names_a_conversation_or_quotes_a_question_has_a_time_to_go() -> None:
    quoting = {table.name for table in tables.metadata.sorted_tables if "question" in table.c or "address" in table.c}
    timed = {column.table.name for column in retention.limits(LIMITS)}
    assert {column.table.name for column in naming_conversations()} | quoting <= timed
    assert {"staff_session", "audit"} <= timed


def test_sessions_that_are_over_and_old_audit_rows_go(engine: Engine) -> None:
    settings = Settings(staff_session_hours=12, keep_audit_days=30)
    with engine.begin() as connection:
        who = {"id": 1, "name": "a", "roles": [], "password": "", "disabled": False, "created_at": NOW}
        connection.execute(insert(tables.account).values(**who))
        for days in (0, 2, 29, 31):
            at = NOW - timedelta(days=days)
            session = {"token_hash": str(days), "account_id": 1, "created_at": at, "seen_at": at, "address": "192.0.2.1"}
            connection.execute(insert(tables.staff_session).values(**session))
            connection.execute(insert(tables.audit).values(at=at, account="a", action="login", subject=str(days), detail={}))
    retention.purge_all(engine, settings, NOW)
    with engine.connect() as connection:
        assert connection.execute(select(tables.staff_session.c.token_hash)).scalars().all() == ["0"]
        assert connection.execute(select(tables.audit.c.subject).order_by(tables.audit.c.id)).scalars().all() == ["0", "2", "29"]


@pytest.mark.parametrize("way", ["age", "forget"])
def test_what_was_deleted_is_not_in_the_files_any_more(engine: Engine, tmp_path: Path, way: str) -> None:
    secret = "我叫张三住在幸福路"
    fill(engine, "web:old", 100, secret)
    fill(engine, "web:new", 0)
    assert any(secret.encode() in file.read_bytes() for file in tmp_path.iterdir())
    if way == "age":
        retention.purge_all(engine, LIMITS, NOW)
    else:
        forget(engine, "web:old")
        retention.wipe(engine)
    for file in tmp_path.iterdir():
        assert secret.encode() not in file.read_bytes(), file.name
    assert counts(engine) == [1] * 4


async def test_the_server_deletes_by_itself(engine: Engine) -> None:
    import asyncio

    from bot.serving.housekeeping import keep_house

    fill(engine, "web:old", 100000)
    worker = DatabaseWorker(engine)
    task = asyncio.create_task(keep_house(worker, engine, LIMITS, every=0.05))
    try:
        for again in range(2):
            for _ in range(100):
                if counts(engine) == [0] * 4:
                    break
                await asyncio.sleep(0.05)
            assert counts(engine) == [0] * 4
            fill(engine, f"web:{again}", 100000)
    finally:
        task.cancel()
        worker.close()


def test_an_export_holds_all_of_one_and_nothing_of_another(engine: Engine) -> None:
    fill(engine, "web:one", 1, "社保卡丢了")
    fill(engine, "web:two", 1, "另一个人的话")
    with engine.connect() as connection:
        found = export(connection, "web:one")
        assert export(connection, "web:nobody") == {}
    assert set(found) == {"conversation", "turn", "feedback", "handoff"}
    assert found["conversation"][0]["state"] == {"memory": {"item": "dagang-2.2"}}
    assert found["turn"][0]["question"] == "社保卡丢了" and found["turn"][0]["at"].endswith("Z")
    assert "另一个人" not in json.dumps(found, ensure_ascii=False)


def test_the_commands(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    lately = (NOW - datetime.utcnow()).days
    fill(engine, "web:one", lately, "社保卡丢了")
    fill(engine, "rest:one", lately)
    fill(engine, "rest:old", 100000)
    assert main(["retention", "--dry-run"]) == 0 and counts(engine) == [3] * 4
    assert main(["retention"]) == 0 and counts(engine) == [2] * 4
    assert "turn: 1 deleted" in capsys.readouterr().out
    assert main(["export", "web:one"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"web:one"}
    assert main(["export", "one"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"web:one", "rest:one"}
    assert main(["forget", "web:one"]) == 0 and counts(engine) == [1] * 4
    assert main(["forget", "one"]) == 0 and counts(engine) == [0] * 4
    assert main(["forget", "one"]) == 1 and main(["export", "one"]) == 1


def test_a_follower_is_forgotten_by_openid(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.channels.wechat.openid import hash_openid

    key, appid = "0123456789abcdef" * 2, "wx0123456789abcdef"
    for name, value in {
        "ACCOUNTS": "dagang",
        "OPENID_KEY": key,
        "DAGANG_TOKEN": "abc123",
        "DAGANG_APPID": appid,
        "DAGANG_MODE": "plain",
    }.items():
        monkeypatch.setenv(f"WECHAT_{name}", value)
    fill(engine, f"wechat:{hash_openid('oResident', appid=appid, key=key)}", 1)
    assert main(["forget", "oResident", "--account", "nowhere"]) == 2
    assert main(["forget", "oResident", "--account", "dagang"]) == 0 and counts(engine) == [0] * 4


def test_a_sender_that_is_a_number_is_stored_as_a_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.channels.conversations import conversation_id

    assert conversation_id("rest", "evaluation-17") == "rest:evaluation-17"
    hashed = conversation_id("rest", "13812345678")
    assert "138" not in hashed[:9] and len(hashed) == len("rest:") + 64 and hashed == conversation_id("rest", "13812345678")
