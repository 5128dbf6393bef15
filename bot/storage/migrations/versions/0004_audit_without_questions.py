"""Take residents' and callers' words out of the audit log: it names decisions and corrections by their ids."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

audit = sa.table("audit", sa.column("action", sa.String), sa.column("subject", sa.String), sa.column("detail", sa.JSON))


def upgrade() -> None:
    op.execute(sa.update(audit).where(audit.c.action.startswith("inbox.", autoescape=True)).values(subject="", detail={}))
    op.execute(sa.update(audit).where(audit.c.action == "correction.add").values(detail={}))


def downgrade() -> None:
    pass  # what was deleted stays deleted
