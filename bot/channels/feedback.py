"""Thumbs up and down with an optional word why, kept for trainers; personal numbers are masked, the sender is hashed."""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import Column, DateTime, Integer, MetaData, String, Table, Text, insert
from sqlalchemy.engine import Engine

from bot.errors import RequestError
from bot.text import mask

metadata = MetaData()
feedback = Table(
    "feedback",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime, nullable=False),
    Column("sender", String(64), nullable=False),
    Column("vote", String(4), nullable=False),
    Column("item", String(32)),
    Column("question", Text),
    Column("reason", Text),
)


def check(body: Any) -> dict[str, Any]:
    """Return the row of a vote. Raises RequestError that says what would be right."""
    if not isinstance(body, dict):
        raise RequestError('the body must be a JSON object such as {"sender": "abc", "vote": "up"}')
    if body.get("vote") not in ("up", "down"):
        raise RequestError("field vote: «up» or «down» is needed")
    for name, limit in (("sender", 128), ("item", 32), ("question", 2000), ("reason", 500)):
        value = body.get(name)
        if value is not None and not (isinstance(value, str) and len(value) <= limit):
            raise RequestError(f"field {name}: a text of at most {limit} characters is needed")
    if not body.get("sender"):
        raise RequestError("field sender: a text is needed")
    return {
        "at": datetime.now(timezone.utc).replace(tzinfo=None),
        "sender": hashlib.sha256(body["sender"].encode()).hexdigest(),
        "vote": body["vote"],
        "item": body.get("item"),
        "question": mask(body.get("question") or ""),
        "reason": mask(body.get("reason") or ""),
    }


def store(engine: Engine, row: dict[str, Any]) -> None:
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(feedback).values(**row))
