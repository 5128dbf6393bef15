"""Build the knowledge tables from the catalog in one transaction, with a digest to see whether they are current."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Optional

from sqlalchemy import delete, insert, inspect, select
from sqlalchemy.engine import Connection, Engine

from bot.knowledge import tables
from bot.knowledge.catalog import Catalog, load
from bot.knowledge.schema import Branch, Item
from bot.storage.database import one_process


def digest(folder: Path) -> str:
    """Return a hash over all YAML under `folder`, names included."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*.yml")):
        total.update(path.relative_to(folder).as_posix().encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def ensure(engine: Engine, folder: Path) -> int:
    """Build the knowledge tables if they do not hold what `folder` says; return the number of items.

    Raises KnowledgeError for wrong YAML; the tables then keep what they held.
    """
    current = digest(folder)
    with one_process(engine):
        _drop_other_schema(engine)
        if built_digest(engine) == current:
            with engine.connect() as connection:
                return connection.execute(select(tables.build.c.item_count)).scalar_one()
        return build(engine, load(folder), current)


def built_digest(engine: Engine) -> Optional[str]:
    """Return the digest of the files that the tables hold, None if they have not been built."""
    if not inspect(engine).has_table(tables.build.name):
        return None
    with engine.connect() as connection:
        return connection.execute(select(tables.build.c.digest)).scalar()


def _drop_other_schema(engine: Engine) -> None:
    """Drop the knowledge tables if an older version made them: they hold nothing that the YAML does not."""
    found = inspect(engine)
    for table in tables.metadata.sorted_tables:
        if found.has_table(table.name) and {c["name"] for c in found.get_columns(table.name)} != {c.name for c in table.columns}:
            tables.metadata.drop_all(engine)
            return


def build(engine: Engine, catalog: Catalog, current: str = "") -> int:
    """Write the whole catalog in one transaction, replacing what was there; return the number of items."""
    tables.metadata.create_all(engine)
    with engine.begin() as connection:
        for table in reversed(tables.metadata.sorted_tables):
            connection.execute(delete(table))
        _write(connection, catalog)
        connection.execute(insert(tables.build).values(digest=current, item_count=len(catalog.items)))
    return len(catalog.items)


def _write(connection: Connection, catalog: Catalog) -> None:
    many = connection.execute
    many(insert(tables.jurisdiction), [{**j.dict(), "position": n} for n, j in enumerate(catalog.jurisdictions)])
    many(insert(tables.service), [{**s.dict(), "position": n} for n, s in enumerate(catalog.services)])
    many(
        insert(tables.source),
        [{"id": s.id, "title": s.title, "kind": s.kind, "jurisdiction_id": s.jurisdiction} for s in catalog.sources],
    )
    many(insert(tables.item), [_item_row(item, n) for n, item in enumerate(catalog.items)])
    many(
        insert(tables.item_service),
        [{"item_id": i.id, "service_id": s, "position": n} for i in catalog.items for n, s in enumerate(i.services)],
    )
    _many_if_any(connection, tables.requirement, [row for item in catalog.items for row in _requirement_rows(item)])
    _many_if_any(
        connection,
        tables.legal_basis,
        [
            {"item_id": item.id, "position": n, "text": s.text, "about": [a.value for a in s.about]}
            for item in catalog.items
            for n, s in enumerate(s for branch in item.legal_basis for s in branch.texts)
        ],
    )
    _many_if_any(
        connection,
        tables.contact,
        [{**c.dict(), "item_id": item.id, "position": n} for item in catalog.items for n, c in enumerate(item.contacts)],
    )


def _many_if_any(connection: Connection, table: object, rows: list[dict]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _item_row(item: Item, position: int) -> dict:
    plain = item.dict(
        include={"id", "name", "aliases", "category", "agency", "boundary", "depth", "plan", "extension", "notes", "situations"}
    )
    return {
        **plain,
        "position": position,
        "jurisdiction_id": item.id.partition("-")[0],
        "flow": item.flow.dict() if item.flow else None,
        "source_id": item.source.document,
        "section": item.source.section,
    }


def _requirement_rows(item: Item) -> list[dict]:
    rows: list[dict] = []
    for section in ("materials", "steps", "duties", "eligibility", "remarks"):
        branches: list[Branch] = getattr(item, section)
        for number, branch in enumerate(branches):
            for statement in branch.texts:
                rows.append(
                    {
                        "item_id": item.id,
                        "section": section,
                        "branch": number,
                        "position": len(rows),
                        "text": statement.text,
                        "about": [aspect.value for aspect in statement.about],
                        "heading": branch.heading,
                        "applicants": [applicant.value for applicant in branch.applicants],
                        "situations": branch.situations,
                    }
                )
    return rows
