"""Everything that is stored of one conversation, as plain JSON: a resident's right to a copy."""

from __future__ import annotations

import json
import zlib
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection

from bot.storage.forget import naming_conversations


def export(connection: Connection, conversation_id: str) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of `conversation_id` by table, times in UTC as ISO 8601; no key for a table without one."""
    found = {}
    for column in naming_conversations():
        rows = connection.execute(select(column.table).where(column == conversation_id)).mappings()
        plain = [{name: _plain(value) for name, value in row.items()} for row in rows]
        if plain:
            found[column.table.name] = plain
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value.isoformat(timespec='seconds')}Z"
    if isinstance(value, bytes):  # a conversation's slots, as bot.serving.conversations keeps them
        try:
            return json.loads(zlib.decompress(value))
        except (zlib.error, ValueError):
            return value.hex()
    return value
