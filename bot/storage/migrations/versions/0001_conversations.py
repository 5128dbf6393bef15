"""Conversations, turns, votes and hand-offs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    if sa.inspect(op.get_bind()).has_table("feedback"):  # made before there were migrations
        op.rename_table("feedback", "feedback_before_0001")
    op.create_table(
        "conversation",
        sa.Column("id", sa.String(160), primary_key=True),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("updated_at", sa.DateTime, nullable=False, index=True),
        sa.Column("state", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "turn",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False, index=True),
        sa.Column("conversation_id", sa.String(160), nullable=False, index=True),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("jurisdiction", sa.String(32)),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("service", sa.String(64)),
        sa.Column("item", sa.String(32)),
        sa.Column("aspect", sa.String(16)),
        sa.Column("slot", sa.String(16)),
        sa.Column("confidence", sa.Float),
        sa.Column("margin", sa.Float),
        sa.Column("milliseconds", sa.Float),
        sa.Column("model", sa.String(64)),
    )
    op.create_index("turn_kind_at", "turn", ["kind", "at"])
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False, index=True),
        sa.Column("conversation_id", sa.String(160), nullable=False, index=True),
        sa.Column("vote", sa.String(4), nullable=False),
        sa.Column("item", sa.String(32)),
        sa.Column("question", sa.Text),
        sa.Column("reason", sa.Text),
    )
    op.create_table(
        "handoff",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False, index=True),
        sa.Column("conversation_id", sa.String(160), nullable=False, index=True),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("jurisdiction", sa.String(32)),
        sa.Column("item", sa.String(32)),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("taken_by", sa.String(64)),
        sa.Column("taken_at", sa.DateTime),
    )


def downgrade() -> None:
    for table in ("handoff", "feedback", "turn", "conversation"):
        op.drop_table(table)
