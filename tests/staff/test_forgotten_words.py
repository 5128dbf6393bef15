"""What a resident has had forgotten stands in no table, whatever trainers did with it before."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from bot.storage.forget import forget, key_of
from bot.storage.tables import audit, metadata

from .training_office import training_office

WORDS = {"accept": "我是幸福路的张三社保卡没了", "discard": "我是幸福路的张三啥都不想说"}


def test_decisions_leave_no_words_behind(tmp_path: Path) -> None:
    with training_office(tmp_path) as office:
        client = office.login("trainer")
        for kind, question in WORDS.items():
            office.ask(question, kind="fallback")
            form = {"decision": kind, "key": key_of(question), "service": "card_replace", "intent": "ask_materials"}
            form[f"text.{key_of(question)}"] = question
            assert client.post("/training/decisions", data=form).status_code == 200
        forget(office.engine, "web:a")
        with office.engine.connect() as connection:
            log = connection.execute(select(audit).where(audit.c.action.startswith("inbox.")).order_by(audit.c.id)).all()
            left = [str(row) for table in metadata.sorted_tables for row in connection.execute(select(table))]
        assert [(row.action, row.subject, row.detail) for row in log] == [
            ("inbox.accept", "card_replace/ask_materials", {"review": 1}),
            ("inbox.discard", "", {"review": 2}),
        ]
        assert not [row for row in left if "张三" in row]


def test_a_callers_words_stand_in_the_correction_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with training_office(tmp_path) as office:
        monkeypatch.setattr("bot.staff.hotline.knowledge", office.app.ctx.knowledge.get)
        form = {"question": "我是幸福路的张三社保卡没了", "item": "dagang-2.2", "note": "张三急"}
        assert office.login("hotline").post("/hotline/corrections", data=form).status_code == 200
        with office.engine.connect() as connection:
            said = {table.name for table in metadata.sorted_tables if "张三" in str(connection.execute(select(table)).all())}
            row = connection.execute(select(audit).where(audit.c.action == "correction.add")).one()
    assert said == {"correction"} and (row.subject, row.detail) == ("dagang-2.2", {"correction": 1})
