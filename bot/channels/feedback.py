"""Thumbs up and down with an optional word why, kept for trainers; personal numbers are masked, each belongs to a conversation."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime, timezone
from typing import Any, Callable

from sqlalchemy import insert
from sqlalchemy.engine import Connection

from bot.channels.conversations import conversation_id
from bot.channels.session import CHANNEL, Sessions
from bot.errors import RequestError
from bot.storage.tables import feedback
from bot.text import mask


def check(body: Any, sessions: Sessions, items: Container[str]) -> dict[str, Any]:
    """Return the row of a vote: of a web session that this server gave out (`session`), or of a REST sender (`sender`).

    Raises RequestError that says what would be right.
    """
    if not isinstance(body, dict):
        raise RequestError('the body must be a JSON object such as {"sender": "abc", "vote": "up"}')
    if body.get("vote") not in ("up", "down"):
        raise RequestError("field vote: «up» or «down» is needed")
    for name, limit in (("sender", 128), ("item", 32), ("question", 2000), ("reason", 500)):
        value = body.get(name)
        if value is not None and not (isinstance(value, str) and len(value) <= limit and "\0" not in value):
            raise RequestError(f"field {name}: a text of at most {limit} characters is needed")
    if "session" not in body and not body.get("sender"):
        raise RequestError("field sender: a text is needed")
    if body.get("item") and body["item"] not in items:
        raise RequestError("field item: the id of an item is needed, such as dagang-2.2")
    if "session" in body:
        whose = conversation_id(CHANNEL, sessions.open(body["session"]))
    else:
        whose = conversation_id("rest", body["sender"])
    return {
        "at": datetime.now(timezone.utc).replace(tzinfo=None),
        "conversation_id": whose,
        "vote": body["vote"],
        "item": body.get("item"),
        "question": mask(body.get("question") or ""),
        "reason": mask(body.get("reason") or ""),
    }


def store(row: dict[str, Any]) -> Callable[[Connection], Any]:
    """Return the job that stores a vote."""
    return lambda connection: connection.execute(insert(feedback).values(**row))
