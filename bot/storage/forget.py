"""Delete everything that is stored of one conversation: a resident's right, and WeChat's demand when one unsubscribes."""

from __future__ import annotations

from sqlalchemy import Column, delete
from sqlalchemy.engine import Connection, Engine

from bot.storage import tables


def forget(engine: Engine, conversation_id: str) -> dict[str, int]:
    """Delete the rows of `conversation_id`; returns how many went, by table."""
    with engine.begin() as connection:
        return delete_rows(connection, conversation_id)


def delete_rows(connection: Connection, conversation_id: str) -> dict[str, int]:
    """Do the same within the transaction of `connection`."""
    return {
        column.table.name: connection.execute(delete(column.table).where(column == conversation_id)).rowcount
        for column in naming_conversations()
    }


def naming_conversations() -> list[Column]:
    """Return the column of each durable table that says whose a row is; a new table with one is found by itself."""
    owned = [table.c.conversation_id for table in tables.metadata.sorted_tables if "conversation_id" in table.c]
    return [tables.conversation.c.id, *owned]
