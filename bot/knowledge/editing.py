"""Change an item in its YAML file: checked before it is written, with a history, and answered from at once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Iterable, Optional

import yaml
from sqlalchemy import insert, select
from sqlalchemy.engine import Connection, Engine, Row, create_engine
from sqlalchemy.pool import StaticPool

from bot.errors import KnowledgeError, NotFoundError, RequestError
from bot.files import locked, write
from bot.knowledge import database
from bot.knowledge.catalog import Catalog, check_item, item_path
from bot.knowledge.form import Content, Difference, differences
from bot.knowledge.queries import Knowledge
from bot.knowledge.rewrite import rewrite
from bot.knowledge.schema import Item, Jurisdiction, Service, SourceDocument
from bot.storage.tables import knowledge_edit

ORDER = tuple(Item.__fields__)


class StaleError(RequestError):
    """The item has changed since the form was opened."""

    status = 409


class RefusedError(RequestError):
    """The change does not fit the schema; the message names the fields."""


@dataclass(frozen=True)
class Opened:
    """An item's file as it is. version: changes with every byte of it."""

    item: str
    text: str
    content: Content
    version: str


def open_item(folder: Path, item_id: str, known: Iterable[str]) -> Opened:
    """Return the item's file. known: the ids of the catalog. Raises NotFoundError for an id that is none of them."""
    if item_id not in known:
        raise NotFoundError(f"没有事项「{item_id[:40]}」")
    text = item_path(folder, item_id).read_text(encoding="utf-8")
    return Opened(item_id, text, yaml.safe_load(text), hashlib.sha256(text.encode()).hexdigest()[:16])


def checked(opened: Opened, new: Content, folder: Path) -> str:
    """Return the file's text as it will say `new`. Raises RefusedError."""
    try:
        check_item(new, item_path(folder, opened.item))
        return rewrite(opened.text, new, ORDER)
    except KnowledgeError as error:
        raise RefusedError(f"不能这样保存：{error}") from error


def save(engine: Engine, folder: Path, opened: Opened, new: Content, who: str) -> list[Difference]:
    """Write `new` to the item's file and its differences to the history; return them, [] if nothing changed.

    Raises StaleError if the file is not what was opened any more, RefusedError, BusyError. The knowledge tables are for
    `CurrentKnowledge.rebuild` to bring up to date.
    """
    with locked(folder):
        now = open_item(folder, opened.item, (opened.item,))
        if now.version != opened.version:
            raise StaleError("这个事项刚被别人改过，您的修改还没有保存。下面标出了现在的内容，请核对后再保存。")
        text = checked(now, new, folder)
        if text == now.text:
            return []
        changes = differences(now.content, new)
        at = datetime.now(timezone.utc).replace(tzinfo=None)
        rows = [
            {"at": at, "account": who, "item": now.item, "field": d.field, "before": d.before, "after": d.after} for d in changes
        ]
        with engine.begin() as connection:
            if rows:
                connection.execute(insert(knowledge_edit), rows)
            write(item_path(folder, now.item), text)
    return changes


def history(connection: Connection, item_id: Optional[str] = None, limit: int = 200) -> list[Row]:
    """Return the newest changes first: at, account, item, field, before, after."""
    query = select(knowledge_edit).order_by(knowledge_edit.c.id.desc()).limit(limit)
    return connection.execute(query if item_id is None else query.where(knowledge_edit.c.item == item_id)).all()


def preview(content: Content, base: Knowledge) -> Knowledge:
    """Return a knowledge base in memory with just this item, read as the answers read it. Raises RefusedError."""
    try:
        item = check_item(content, Path(f"{content.get('id')}.yml"))
    except KnowledgeError as error:
        raise RefusedError(f"不能这样保存：{error}") from error
    engine = create_engine("sqlite://", future=True, poolclass=StaticPool, connect_args={"check_same_thread": False})
    places = tuple(
        Jurisdiction(id=p.id, name=p.name, short=p.short, names=list(p.names), hints=list(p.hints), hotline=p.hotline)
        for p in base.jurisdictions.values()
    )
    services = tuple(Service(id=key, name=name) for key, name in base.services.items())
    sources = tuple(
        SourceDocument(id=key, title=title, jurisdiction=item.id.partition("-")[0], kind="power_list")
        for key, title in base.titles.items()
    )
    database.build(engine, Catalog(places, services, sources, (item,)))
    return Knowledge(engine)
