"""The migrations make exactly the tables that the code knows, in SQLite and PostgreSQL, and can be run again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import insert, inspect, select, text
from sqlalchemy.engine import Engine

from bot.knowledge import tables as knowledge_tables
from bot.storage.database import migrate, open_engine
from bot.storage.tables import audit, conversation, metadata


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path / 'bot.sqlite'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    opened = open_engine(url)
    yield opened
    opened.dispose()


def test_migrations_and_tables_say_the_same(engine: Engine) -> None:
    migrate(engine)
    known = set(knowledge_tables.metadata.tables)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_object": lambda thing, name, kind, *rest: kind != "table" or name not in known}
        )
        assert compare_metadata(context, metadata) == []


def test_a_second_migration_changes_nothing(engine: Engine) -> None:
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(insert(conversation).values(id="rest:a", channel="rest", updated_at=datetime(2026, 1, 1), state=b"x"))
    migrate(engine)
    with engine.connect() as connection:
        assert connection.execute(text("select count(*) from conversation")).scalar() == 1


def test_the_audit_log_loses_the_words_of_residents_and_nothing_else(engine: Engine) -> None:
    migrate(engine, "0003")
    actions = {"inbox.accept": "我住幸福路", "correction.add": "dagang-2.2", "phrasing.add": "带啥"}
    with engine.begin() as connection:
        for action, subject in actions.items():
            row = {"at": datetime(2026, 1, 1), "account": "a", "action": action, "subject": subject, "detail": {"words": subject}}
            connection.execute(insert(audit).values(**row))
    migrate(engine)
    with engine.connect() as connection:
        rows = connection.execute(select(audit.c.subject, audit.c.detail).order_by(audit.c.id)).all()
    assert rows == [("", {}), ("dagang-2.2", {}), ("带啥", {"words": "带啥"})]


def test_the_database_is_for_its_owner_only(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'bot.sqlite'}")
    migrate(engine)
    with engine.connect():
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    engine.dispose()
    assert modes == {"bot.sqlite": 0o600, "bot.sqlite-wal": 0o600, "bot.sqlite-shm": 0o600}


def test_an_old_feedback_table_is_kept_aside(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'bot.sqlite'}")
    with engine.begin() as connection:
        connection.execute(text("create table feedback (id integer primary key, sender text)"))
    migrate(engine)
    assert {"feedback", "feedback_before_0001"} <= set(inspect(engine).get_table_names())
