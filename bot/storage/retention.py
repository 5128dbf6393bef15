"""Delete what is older than the settings allow, and see that it is gone from the file, too."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from typing import Optional

from sqlalchemy import Column, delete, func, select
from sqlalchemy.engine import Connection, Engine

from bot.settings import Settings
from bot.storage import tables

BATCH = 2000  # rows of one table in one transaction, so that turns need not wait long


def limits(settings: Settings) -> dict[Column, int]:
    """Return after how many days a row goes, by the column that says how old it is."""
    return {
        tables.conversation.c.updated_at: settings.keep_conversation_days,
        tables.turn.c.at: settings.keep_turn_days,
        tables.feedback.c.at: settings.keep_feedback_days,
        tables.handoff.c.at: settings.keep_handoff_days,
        tables.review.c.at: settings.keep_turn_days,  # quotes a turn's question, and is younger than it
        tables.correction.c.at: settings.keep_turn_days,
        tables.login_attempt.c.at: settings.keep_turn_days,
        tables.staff_session.c.created_at: math.ceil(settings.staff_session_hours / 24),  # over by then
        tables.audit.c.at: settings.keep_audit_days,
    }


def overdue(connection: Connection, settings: Settings, now: Optional[datetime] = None) -> dict[str, int]:
    """Return how many rows of each table are older than allowed."""
    counted = {}
    for column, days in limits(settings).items():
        query = select(func.count()).select_from(column.table).where(column < _oldest(now, days))
        counted[column.table.name] = connection.execute(query).scalar_one()
    return counted


def purge(connection: Connection, settings: Settings, now: Optional[datetime] = None) -> dict[str, int]:
    """Delete up to BATCH rows of each table that are older than allowed; return how many went, by table."""
    gone = {}
    for column, days in limits(settings).items():
        key = next(iter(column.table.primary_key))
        old = select(key).where(column < _oldest(now, days)).limit(BATCH).subquery()
        gone[column.table.name] = connection.execute(delete(column.table).where(key.in_(select(old.c[key.name])))).rowcount
    return gone


def purge_all(engine: Engine, settings: Settings, now: Optional[datetime] = None) -> dict[str, int]:
    """Delete everything that is older than allowed, batch by batch; return how many rows went, by table."""
    total: dict[str, int] = {}
    while True:
        with engine.begin() as connection:
            gone = purge(connection, settings, now)
        total = {name: total.get(name, 0) + count for name, count in gone.items()}
        if max(gone.values()) < BATCH:
            wipe(engine)
            return total


def wipe(engine: Engine) -> None:
    """See that no deleted text is left in SQLite's log; its file itself is overwritten where rows go (secure_delete)."""
    if engine.dialect.name == "sqlite":
        connection = engine.raw_connection()
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            connection.close()


def _oldest(now: Optional[datetime], days: int) -> datetime:
    return (now or datetime.now(timezone.utc).replace(tzinfo=None)) - timedelta(days=days)
