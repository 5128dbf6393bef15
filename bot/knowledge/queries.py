"""Plain queries on the knowledge base. Items are read once: they change only when the database is built again."""

from __future__ import annotations

from functools import cached_property
from typing import Optional

from sqlalchemy import Table, select
from sqlalchemy.engine import Connection, Engine, Row

from bot.errors import NotFoundError
from bot.knowledge import tables
from bot.knowledge.view import Contact, ItemView, Jurisdiction, Requirement, Situation

MAX_NAME_PART = 6


class Knowledge:
    """Read access to the database that `database.ensure` built."""

    def __init__(self, engine: Engine):
        self.engine = engine
        with engine.connect() as connection:
            self.jurisdictions = {
                row.id: Jurisdiction(row.id, row.name, row.short, tuple(row.names), tuple(row.hints), row.hotline)
                for row in connection.execute(select(tables.jurisdiction).order_by(tables.jurisdiction.c.position))
            }
            self.services = dict(
                connection.execute(select(tables.service.c.id, tables.service.c.name).order_by(tables.service.c.position)).all()
            )
            self.titles = dict(connection.execute(select(tables.source.c.id, tables.source.c.title)).all())
            self.item_ids = tuple(connection.execute(select(tables.item.c.id).order_by(tables.item.c.position)).scalars())
            pairs = connection.execute(
                select(tables.item_service.c.service_id, tables.item_service.c.item_id)
                .join(tables.item, tables.item.c.id == tables.item_service.c.item_id)
                .order_by(tables.item.c.position)
            ).all()
        self.items_of: dict[str, tuple[str, ...]] = {service: () for service in self.services}
        for service, item in pairs:
            self.items_of[service] += (item,)
        self._items = self._read_all()
        self._all = tuple(self._items.values())
        self.position = {item: number for number, item in enumerate(self._items)}

    def item(self, item_id: str) -> ItemView:
        """Return the item. Raises NotFoundError for an unknown id."""
        found = self._items.get(item_id)
        if found is None:
            raise NotFoundError(f"there is no item «{item_id}»; ids look like dagang-2.2 and are listed by /api/search")
        return found

    def items(self) -> tuple[ItemView, ...]:
        """Return all items in the order of the sources."""
        return self._all

    def warm(self) -> None:
        """Work out now what the first question would wait for."""
        self.by_name_part, self.by_name_start  # noqa: B018 (cached properties)

    @cached_property
    def by_name_part(self) -> dict[str, tuple[ItemView, ...]]:
        """The items in whose names a part of 2 to MAX_NAME_PART characters stands."""
        found: dict[str, dict[str, ItemView]] = {}
        for item in self.items():
            for name in item.spelt.split("|"):
                for start in range(len(name) - 1):
                    for end in range(start + 2, min(start + MAX_NAME_PART, len(name)) + 1):
                        found.setdefault(name[start:end], {})[item.id] = item
        return {part: tuple(items.values()) for part, items in found.items()}

    @cached_property
    def by_name_start(self) -> dict[str, tuple[ItemView, ...]]:
        """The items by the first MAX_NAME_PART characters of their official names."""
        found: dict[str, tuple[ItemView, ...]] = {}
        for item in self.items():
            start = item.spelt.partition("|")[0][:MAX_NAME_PART]
            found[start] = (*found.get(start, ()), item)
        return found

    def contact(self, item: Optional[ItemView], jurisdiction: Optional[str]) -> str:
        """Return the number to name when the bot cannot help: the item's own, else the place's hotline, with its label."""
        if item is not None and item.phone_numbers():
            phone = item.phone_numbers()[0]
            return f"{phone.label} {phone.value}"
        place = self.jurisdictions.get(item.jurisdiction if item else jurisdiction or "")
        return f"政务服务便民热线 {place.hotline if place else '12345'}"

    def _read_all(self) -> dict[str, ItemView]:
        """Return every item by its id, from five queries."""

        def by_item(connection: Connection, table: Table) -> dict[str, list[Row]]:
            found: dict[str, list[Row]] = {}
            for row in connection.execute(select(table).order_by(table.c.item_id, table.c.position)):
                found.setdefault(row.item_id, []).append(row)
            return found

        with self.engine.connect() as connection:
            rows = connection.execute(select(tables.item).order_by(tables.item.c.position)).all()
            parts = [
                by_item(connection, table)
                for table in (tables.item_service, tables.requirement, tables.legal_basis, tables.contact)
            ]
        return {row.id: self._view(row, *(part.get(row.id, []) for part in parts)) for row in rows}

    def _view(self, row: Row, services: list[Row], requirements: list[Row], laws: list[Row], contacts: list[Row]) -> ItemView:
        return ItemView(
            id=row.id,
            name=row.name,
            aliases=tuple(row.aliases),
            jurisdiction=row.jurisdiction_id,
            services=tuple(one.service_id for one in services),
            category=row.category,
            agency=tuple(row.agency),
            boundary=tuple(row.boundary),
            depth=row.depth,
            plan=row.plan,
            extension=row.extension,
            situations=tuple(Situation(s["id"], s["name"], tuple(s["phrases"])) for s in row.situations),
            requirements=tuple(
                Requirement(
                    r.section, r.branch, r.text, frozenset(r.about), r.heading, frozenset(r.applicants), frozenset(r.situations)
                )
                for r in requirements
            ),
            legal_basis=tuple(
                Requirement("legal_basis", 0, r.text, frozenset(r.about), None, frozenset(), frozenset()) for r in laws
            ),
            contacts=tuple(Contact(c.kind, c.label, c.value) for c in contacts),
            flow=row.flow,
            notes=tuple(row.notes),
            document=self.titles[row.source_id],
            section=row.section,
        )
