"""Open the database and bring its durable tables to the newest schema."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine, make_url

from bot.settings import read_settings

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
BUSY_SECONDS = 5.0  # how long a writer waits for another one


def open_engine(url: str) -> Engine:
    """Return an engine for `url`; the folder of an SQLite file is made if it is missing.

    SQLite runs with a write-ahead log, so readers never wait for the writer; a commit outlives the process's death.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(url, future=True, pool_pre_ping=True)
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, future=True, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _tune(connection: Any, record: Any) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


@lru_cache(maxsize=1)
def engine() -> Engine:
    """Return the engine of this process, from its settings, the durable tables being there."""
    opened = open_engine(read_settings().database_url)
    migrate(opened)
    return opened


def migrate(engine: Engine) -> None:
    """Bring the durable tables to the newest schema; nothing happens if they have it already."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        if MigrationContext.configure(connection).get_current_revision() == ScriptDirectory(str(MIGRATIONS)).get_current_head():
            return
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
