"""Thumbs up and down with an optional word why, kept for trainers; personal numbers are masked, each belongs to a conversation."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime, timezone
from typing import Any, Callable

from sqlalchemy import insert
from sqlalchemy.engine import Connection

from bot.errors import RequestError
from bot.storage.tables import feedback
from bot.text import mask


def check(body: dict[str, Any], conversation_id: str, items: Container[str]) -> dict[str, Any]:
    """Return the row of a vote on a conversation that the asker has shown to be theirs.

    Raises RequestError that says what would be right.
    """
    if body.get("vote") not in ("up", "down"):
        raise RequestError("field vote: «up» or «down» is needed")
    for name, limit in (("item", 32), ("question", 2000), ("reason", 500)):
        value = body.get(name)
        if value is not None and not (isinstance(value, str) and len(value) <= limit and "\0" not in value):
            raise RequestError(f"field {name}: a text of at most {limit} characters is needed")
    if body.get("item") and body["item"] not in items:
        raise RequestError("field item: the id of an item is needed, such as dagang-2.2")
    return {
        "at": datetime.now(timezone.utc).replace(tzinfo=None),
        "conversation_id": conversation_id,
        "vote": body["vote"],
        "item": body.get("item"),
        "question": mask(body.get("question") or ""),
        "reason": mask(body.get("reason") or ""),
    }


def store(row: dict[str, Any]) -> Callable[[Connection], Any]:
    """Return the job that stores a vote."""
    return lambda connection: connection.execute(insert(feedback).values(**row))
