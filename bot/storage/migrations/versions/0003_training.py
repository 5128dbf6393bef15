"""Decisions on the inbox's questions, and the history of edited items."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "review",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False, index=True),
        sa.Column("account", sa.String(32), nullable=False),
        sa.Column("key", sa.String(64), nullable=False, index=True),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("service", sa.String(64)),
        sa.Column("intent", sa.String(32)),
        sa.Column("phrasing", sa.Text),
    )
    op.create_table(
        "knowledge_edit",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False, index=True),
        sa.Column("account", sa.String(32), nullable=False),
        sa.Column("item", sa.String(32), nullable=False, index=True),
        sa.Column("field", sa.String(32), nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
    )


def downgrade() -> None:
    for table in ("knowledge_edit", "review"):
        op.drop_table(table)
