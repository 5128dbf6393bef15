"""The durable tables. Unlike the knowledge tables, nothing can rebuild them: they change by migrations only."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

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

account = Table(
    "account",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(32), nullable=False, unique=True),
    Column("roles", JSON, nullable=False),  # hotline, trainer, editor, admin
    Column("password", String(160), nullable=False),  # argon2
    Column("disabled", Boolean, nullable=False),
    Column("created_at", DateTime, nullable=False),
)

staff_session = Table(
    "staff_session",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("account_id", Integer, ForeignKey("account.id"), nullable=False, index=True),
    Column("created_at", DateTime, nullable=False),
    Column("seen_at", DateTime, nullable=False),
    Column("address", String(64), nullable=False),
)

login_attempt = Table(
    "login_attempt",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime, nullable=False, index=True),
    Column("account_id", Integer, ForeignKey("account.id"), index=True),  # null: a name that nobody has
    Column("name_key", String(64), index=True),  # keyed hash of the name that was tried
    Column("address", String(64), nullable=False, index=True),
    Column("succeeded", Boolean, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime, nullable=False, index=True),
    Column("account_id", Integer, ForeignKey("account.id")),
    Column("account", String(32), nullable=False, index=True),
    Column("action", String(48), nullable=False, index=True),  # thing.verb
    Column("subject", String(200), nullable=False),
    Column("detail", JSON, nullable=False),  # before and after, where something changed
)

correction = Table(  # what hotline staff found wrong or missing, for the trainers' inbox
    "correction",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime, nullable=False, index=True),
    Column("account", String(32), nullable=False),
    Column("question", Text, nullable=False),  # personal numbers masked
    Column("jurisdiction", String(32)),
    Column("shown", String(32)),  # the item that the search had first
    Column("item", String(32)),  # the right one; null: none of the catalog's
    Column("service", String(64)),
    Column("note", Text, nullable=False),
    Column("model", String(64)),
)

hotline_item = Table(  # recent and pinned items of each account
    "hotline_item",
    metadata,
    Column("account_id", Integer, ForeignKey("account.id"), primary_key=True),
    Column("item", String(32), primary_key=True),
    Column("used_at", DateTime, nullable=False),
    Column("pinned", Boolean, nullable=False),
)

review = Table(  # what a trainer decided on a question of the inbox
    "review",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime, nullable=False, index=True),
    Column("account", String(32), nullable=False),
    Column("key", String(64), nullable=False, index=True),  # digest of the question without marks and spaces
    Column("question", Text, nullable=False),
    Column("decision", String(16), nullable=False),  # accept, move, out_of_scope, discard
    Column("service", String(64)),
    Column("intent", String(32)),
    Column("phrasing", Text),  # what was written to data/nlu
)

knowledge_edit = Table(  # one row a changed text of an item
    "knowledge_edit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime, nullable=False, index=True),
    Column("account", String(32), nullable=False),
    Column("item", String(32), nullable=False, index=True),
    Column("field", String(32), nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
)

Index("turn_kind_at", turn.c.kind, turn.c.at)
