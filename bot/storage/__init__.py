"""What must outlive a restart: conversations, turns, votes, hand-offs. One database; its schema changes by Alembic."""
