"""bot.serving.trouble: /health says that the database does not take writes, and stops saying it when it does again."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path
from typing import Any, Iterator

import pytest
from sqlalchemy import text

from bot.errors import StorageError
from bot.knowledge import tables
from bot.serving import trouble
from bot.serving.trouble import Trouble
from bot.storage.database import open_engine
from bot.storage.worker import DatabaseWorker


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatabaseWorker]:
    monkeypatch.setattr(trouble, "FRESH", 0.0)
    monkeypatch.setattr(trouble, "PATIENCE", 0.5)
    monkeypatch.setattr("bot.storage.database.BUSY_SECONDS", 0.1)
    engine = open_engine(f"sqlite:///{tmp_path / 'bot.sqlite'}")
    tables.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(tables.build.insert().values(digest="x", item_count=1))
        connection.execute(text("create table big (content text)"))
    worker = DatabaseWorker(engine)
    yield worker
    worker.close()


async def test_a_lock_is_trouble_as_long_as_it_is_held(worker: DatabaseWorker, tmp_path: Path) -> None:
    asked = Trouble(worker)
    assert await asked.now() is None
    other = sqlite3.connect(tmp_path / "bot.sqlite", isolation_level=None)
    other.execute("begin immediate")
    assert "locked" in str(await asked.now())
    other.execute("rollback")
    other.close()
    assert await asked.now() is None


async def test_a_full_database_is_trouble_until_a_turn_fits_again(worker: DatabaseWorker) -> None:
    def limit(pages: int) -> Any:
        return lambda connection: connection.execute(text(f"pragma max_page_count={pages}"))

    def write(connection: Any) -> None:
        connection.execute(text("insert into big values (:content)"), {"content": "x" * 200_000})

    def write_into_a_full_one(connection: Any) -> None:
        limit(1)(connection)
        write(connection)

    asked = Trouble(worker)
    with pytest.raises(StorageError, match="full"):
        await worker.run(write_into_a_full_one)
    assert "full" in str(await asked.now())  # though one small row can still be written
    await worker.run(write)
    assert await asked.now() is None


async def test_a_database_that_hangs_is_trouble(worker: DatabaseWorker) -> None:
    asked = Trouble(worker)
    slow = asyncio.ensure_future(worker.run(lambda connection: time.sleep(1.2)))
    await asyncio.sleep(0.1)
    assert "took more" in str(await asked.now())
    await slow
    assert await asked.now() is None
