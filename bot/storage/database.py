"""Open the database and bring its durable tables to the newest schema."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Iterator, Optional
from urllib.parse import quote

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event, func, select
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import DatabaseError, DBAPIError, DisconnectionError
from sqlalchemy.pool import QueuePool

from bot.errors import StorageError
from bot.settings import read_settings

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
RECYCLE_SECONDS = 60  # after which an SQLite file is opened anew: a kept connection does not see that it was damaged
TURN_SECONDS = 120.0  # how long a process waits for another one that changes the schema
_LOCK = 7_146_213_505  # of PostgreSQL's advisory locks
BUSY_SECONDS = 5.0  # how long a writer waits for another one


def open_engine(url: str) -> Engine:
    """Return an engine for `url`; an SQLite file and its folder are made if they are missing.

    SQLite runs with a write-ahead log, so readers never wait for the writer; a commit outlives the process's death. Once
    opened, a file that disappears is an error: it is never silently replaced by an empty one. What is deleted is overwritten.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(
            url, future=True, pool_pre_ping=True, hide_parameters=True, pool_timeout=BUSY_SECONDS, **_timeouts(parsed)
        )
    if not parsed.database or parsed.database == ":memory:":
        engine = create_engine(url, future=True, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})
    else:
        path = Path(parsed.database).absolute()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(0o600)  # a new one is for its owner only, and so are the files that SQLite puts beside it
        engine = create_engine(
            url,
            future=True,
            hide_parameters=True,  # an error's text must not quote residents
            pool_recycle=RECYCLE_SECONDS,
            poolclass=QueuePool,  # when the last connection closes, SQLite empties its log into the file: 7 ms
            creator=lambda: sqlite3.connect(
                f"file:{quote(str(path))}?mode=rw", uri=True, timeout=BUSY_SECONDS, check_same_thread=False
            ),
        )

    @event.listens_for(engine, "connect")
    def _tune(connection: Any, record: Any) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    if parsed.database and parsed.database != ":memory:":
        _follow_the_file(engine, parsed.database)
    return engine


def _follow_the_file(engine: Engine, path: str) -> None:
    """Open the file anew when another one stands under its name: a kept connection would write to the one that is gone."""

    @event.listens_for(engine, "connect")
    def _remember(connection: Any, record: Any) -> None:
        record.info["file"] = _identity(path)

    @event.listens_for(engine, "checkout")
    def _compare(connection: Any, record: Any, proxy: Any) -> None:
        if record.info["file"] != _identity(path):
            raise DisconnectionError


def _identity(path: str) -> Optional[tuple[int, int]]:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _timeouts(url: URL) -> dict[str, Any]:
    """Return the arguments by which PostgreSQL that hangs becomes an error instead of a wait without end."""
    if url.get_backend_name() != "postgresql":
        return {}
    seconds = int(BUSY_SECONDS)
    return {
        "connect_args": {
            "connect_timeout": seconds,
            "options": f"-c lock_timeout={seconds}s -c statement_timeout={6 * seconds}s",
            "tcp_user_timeout": 2000 * seconds,
        }
    }


@lru_cache(maxsize=1)
def engine() -> Engine:
    """Return the engine of this process, from its settings, the durable tables being there.

    Raises StorageError if the database cannot be used; the message says what to do.
    """
    opened = open_engine(read_settings().database_url)
    try:
        migrate(opened)
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0]
        help_ = "is it running, may this user write to it, is the disk full?"
        if type(error) is DatabaseError:
            help_ = "the file is damaged: move it away and bring the last backup back with `bot restore FILE`"
        raise StorageError(f"the database {opened.url.render_as_string()} cannot be used ({reason}); {help_}") from error
    return opened


def migrate(engine: Engine, target: str = "head") -> None:
    """Bring the durable tables to the schema `target`, the newest by default; nothing happens if they have it already.

    Raises StorageError for a schema that this version does not know.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory(str(MIGRATIONS))
    if target != "head" and target not in {script.revision for script in scripts.walk_revisions()}:
        raise StorageError(f"schema {target} is unknown to this version of the bot; use the version that wrote it, or a newer one")
    with one_process(engine), engine.begin() as connection:
        if revision(connection) == (scripts.get_current_head() if target == "head" else target):
            return
        config.attributes["connection"] = connection
        command.upgrade(config, target)


@contextmanager
def one_process(engine: Engine) -> Iterator[None]:
    """Do something that only one of the processes that start at the same time may do; the others wait, then find it done.

    Raises StorageError after TURN_SECONDS. With SQLite there is one process.
    """
    if engine.dialect.name != "postgresql":
        yield
        return
    deadline = time.monotonic() + TURN_SECONDS
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:  # the lock ends with the connection
        while not connection.execute(select(func.pg_try_advisory_lock(_LOCK))).scalar():
            if time.monotonic() > deadline:
                raise StorageError(f"another process has been changing the database's schema for {TURN_SECONDS:.0f} s")
            time.sleep(0.1)
        try:
            yield
        finally:
            connection.execute(select(func.pg_advisory_unlock(_LOCK)))


def revision(connection: Connection) -> Optional[str]:
    """Return the schema that the durable tables have, None if there are none."""
    return MigrationContext.configure(connection).get_current_revision()
