"""The tables of the knowledge base (SQLAlchemy 1.4 in 2.0 style)."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Integer, MetaData, String, Table, Text

metadata = MetaData()

jurisdiction = Table(
    "jurisdiction",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("short", Text, nullable=False),
    Column("names", JSON, nullable=False),
    Column("hints", JSON, nullable=False),
    Column("hotline", String(32), nullable=False),
)

service = Table(
    "service",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
)

source = Table(
    "source",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("title", Text, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("jurisdiction_id", ForeignKey("jurisdiction.id"), nullable=False),
)

item = Table(
    "item",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("jurisdiction_id", ForeignKey("jurisdiction.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("aliases", JSON, nullable=False),
    Column("category", Text),
    Column("agency", JSON, nullable=False),
    Column("boundary", JSON, nullable=False),
    Column("depth", Text),
    Column("plan", Text),
    Column("extension", Text),
    Column("situations", JSON, nullable=False),
    Column("flow", JSON),
    Column("notes", JSON, nullable=False),
    Column("source_id", ForeignKey("source.id"), nullable=False),
    Column("section", Text, nullable=False),
)

item_service = Table(
    "item_service",
    metadata,
    Column("item_id", ForeignKey("item.id"), primary_key=True),
    Column("service_id", ForeignKey("service.id"), primary_key=True),
    Column("position", Integer, nullable=False),
)


def _statement_columns() -> tuple[Column, ...]:
    return (
        Column("id", Integer, primary_key=True),
        Column("item_id", ForeignKey("item.id"), nullable=False, index=True),
        Column("position", Integer, nullable=False),
        Column("text", Text, nullable=False),
        Column("about", JSON, nullable=False),
    )


requirement = Table(
    "requirement",
    metadata,
    *_statement_columns(),
    Column("section", String(16), nullable=False),  # materials, steps, duties, eligibility, remarks
    Column("branch", Integer, nullable=False),
    Column("heading", Text),
    Column("applicants", JSON, nullable=False),
    Column("situations", JSON, nullable=False),
)

legal_basis = Table("legal_basis", metadata, *_statement_columns())

contact = Table(
    "contact",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("item_id", ForeignKey("item.id"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("label", Text, nullable=False),
    Column("value", Text, nullable=False),
)

build = Table(
    "knowledge_build",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("item_count", Integer, nullable=False),
)
