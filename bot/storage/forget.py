"""Delete everything that is stored of one conversation: a resident's right, and WeChat's demand when one unsubscribes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from sqlalchemy import Column, delete, select, union
from sqlalchemy.engine import Connection, Engine

from bot.storage import tables
from bot.text import squash

_ASKED_IN = (tables.turn.c.question, tables.feedback.c.question)  # from which the inbox takes residents' questions
_AT_ONCE = 500  # values in one statement


def forget(engine: Engine, conversation_id: str) -> dict[str, int]:
    """Delete the rows of `conversation_id`; returns how many went, by table."""
    with engine.begin() as connection:
        return delete_rows(connection, conversation_id)


def delete_rows(connection: Connection, conversation_id: str) -> dict[str, int]:
    """Do the same within the transaction of `connection`.

    What trainers decided on its questions goes, too, where it quotes words that no other conversation and no call had.
    """
    asked = [select(column).where(column.table.c.conversation_id == conversation_id) for column in _ASKED_IN]
    keys = {key_of(question) for question in connection.execute(union(*asked)).scalars() if question}
    gone = {
        column.table.name: connection.execute(delete(column.table).where(column == conversation_id)).rowcount
        for column in naming_conversations()
    }
    return {**gone, "review": _delete_reviews(connection, keys)}


def naming_conversations() -> list[Column]:
    """Return the column of each durable table that says whose a row is; a new table with one is found by itself."""
    owned = [table.c.conversation_id for table in tables.metadata.sorted_tables if "conversation_id" in table.c]
    return [tables.conversation.c.id, *owned]


def key_of(question: str) -> str:
    """Return what questions that differ only in marks, spaces, width and script have in common."""
    return hashlib.sha256(squash(question).encode()).hexdigest()[:32]


def _delete_reviews(connection: Connection, keys: set[str]) -> int:
    review, count = tables.review, 0
    for some in _parts(sorted(keys)):
        quoted = set(connection.execute(select(review.c.question).where(review.c.key.in_(some))).scalars())
        for words in _parts(sorted(quoted)):
            others = [select(column).where(column.in_(words)) for column in (*_ASKED_IN, tables.correction.c.question)]
            gone = sorted(set(words) - set(connection.execute(union(*others)).scalars()))
            count += connection.execute(delete(review).where(review.c.key.in_(some), review.c.question.in_(gone))).rowcount
    return count


def _parts(values: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]
