"""The durable tables. Unlike the knowledge tables, nothing can rebuild them: they change by migrations only."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text

metadata = MetaData()

conversation = Table(
    "conversation",
    metadata,
    Column("id", String(160), primary_key=True),  # channel and sender; WeChat's sender is a keyed hash
    Column("channel", String(32), nullable=False),
    Column("updated_at", DateTime, nullable=False, index=True),
    Column("state", LargeBinary, nullable=False),
)

turn = Table(
    "turn",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime, nullable=False, index=True),
    Column("conversation_id", String(160), nullable=False, index=True),
    Column("channel", String(32), nullable=False),
    Column("jurisdiction", String(32)),
    Column("question", Text, nullable=False),  # personal numbers masked
    Column("kind", String(16), nullable=False),
    Column("service", String(64)),
    Column("item", String(32)),
    Column("aspect", String(16)),
    Column("slot", String(16)),
    Column("confidence", Float),  # of the best candidate
    Column("margin", Float),  # best minus second candidate
    Column("milliseconds", Float),
    Column("model", String(64)),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime, nullable=False, index=True),
    Column("conversation_id", String(160), nullable=False, index=True),
    Column("vote", String(4), nullable=False),
    Column("item", String(32)),
    Column("question", Text),
    Column("reason", Text),
)

handoff = Table(
    "handoff",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime, nullable=False, index=True),
    Column("conversation_id", String(160), nullable=False, index=True),
    Column("channel", String(32), nullable=False),
    Column("jurisdiction", String(32)),
    Column("item", String(32)),
    Column("reason", String(16), nullable=False),  # asked, repeated, angry, danger
    Column("question", Text, nullable=False),
    Column("taken_by", String(64)),
    Column("taken_at", DateTime),
)

Index("turn_kind_at", turn.c.kind, turn.c.at)
