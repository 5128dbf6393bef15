"""Attempts to log in by the name that was tried, whether somebody has it or not."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("login_attempt", sa.Column("name_key", sa.String(64)))
    op.create_index("ix_login_attempt_name_key", "login_attempt", ["name_key"])


def downgrade() -> None:
    op.drop_index("ix_login_attempt_name_key", "login_attempt")
    with op.batch_alter_table("login_attempt") as table:
        table.drop_column("name_key")
