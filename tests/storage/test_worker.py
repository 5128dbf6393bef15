"""bot.storage.worker: jobs share a transaction, a bad one harms no other, and what was acknowledged is committed."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path
from typing import Any, Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError

from bot.errors import StorageError
from bot.storage.database import open_engine
from bot.storage.worker import DatabaseWorker


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = open_engine(f"sqlite:///{tmp_path / 'bot.sqlite'}")
    with engine.begin() as connection:
        connection.execute(text("create table number (n integer primary key)"))
    return engine


@pytest.fixture
def worker(engine: Engine) -> Iterator[DatabaseWorker]:
    worker = DatabaseWorker(engine)
    yield worker
    worker.close()


def put(number: int) -> Any:
    def job(connection: Connection) -> int:
        connection.execute(text("insert into number values (:n)"), {"n": number})
        return number

    return job


def numbers(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.execute(text("select n from number order by n")).scalars())


async def test_each_job_gets_its_own_answer(engine: Engine, worker: DatabaseWorker) -> None:
    assert await asyncio.gather(*(worker.run(put(n)) for n in range(200))) == list(range(200))
    assert numbers(engine) == list(range(200))


async def test_a_bad_job_harms_no_other(engine: Engine, worker: DatabaseWorker) -> None:
    answers = await asyncio.gather(*(worker.run(put(n)) for n in (1, 2, 2, 3)), return_exceptions=True)
    assert [a for a in answers if not isinstance(a, Exception)] == [1, 2, 3]
    assert sum(isinstance(a, IntegrityError) for a in answers) == 1
    assert numbers(engine) == [1, 2, 3]


async def test_what_is_answered_is_committed(engine: Engine, worker: DatabaseWorker) -> None:
    for n in range(5):
        await worker.run(put(n))
        assert numbers(engine) == list(range(n + 1))


async def test_closing_finishes_what_waits(engine: Engine) -> None:
    worker = DatabaseWorker(engine)
    waiting = [worker.submit(put(n)) for n in range(100)]
    worker.close()
    assert await asyncio.wait_for(asyncio.gather(*waiting), 1) == list(range(100))
    assert len(numbers(engine)) == 100


def lock(engine: Engine) -> Any:
    """Return a connection of another program that holds the write lock."""
    other = sqlite3.connect(str(engine.url.database), isolation_level=None)
    other.execute("begin immediate")
    return other


async def test_a_locked_database_refuses_all_who_wait_at_once_and_works_again_by_itself(
    engine: Engine, worker: DatabaseWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.storage.database.BUSY_SECONDS", 0.5)
    engine.dispose()
    other = lock(engine)
    begun = time.monotonic()
    answers = await asyncio.gather(*(worker.run(put(n)) for n in range(300)), return_exceptions=True)
    assert all(isinstance(answer, StorageError) for answer in answers) and "locked" in str(answers[0])
    assert time.monotonic() - begun < 3 and "locked" in str(worker.trouble)
    other.execute("rollback")
    assert await worker.run(put(1)) == 1
    assert worker.trouble is None and numbers(engine) == [1]
    other.close()


async def test_a_file_that_disappears_is_an_error_and_not_replaced(engine: Engine, worker: DatabaseWorker, tmp_path: Path) -> None:
    file, away = Path(str(engine.url.database)), tmp_path / "away"
    await worker.run(put(1))
    file.rename(away)
    with pytest.raises(StorageError):
        await worker.run(put(2))
    assert not file.exists()
    away.rename(file)
    await worker.run(put(3))
    assert numbers(engine) == [1, 3]


async def test_a_file_put_back_from_a_copy_is_used_at_once(engine: Engine, worker: DatabaseWorker, tmp_path: Path) -> None:
    file = Path(str(engine.url.database))
    await worker.run(put(1))
    copy = sqlite3.connect(tmp_path / "copy")
    with sqlite3.connect(file) as source:
        source.backup(copy)
    copy.close()
    (tmp_path / "copy").replace(file)
    await worker.run(put(2))
    with sqlite3.connect(file) as now:
        assert now.execute("select n from number").fetchall() == [(1,), (2,)]


async def test_a_job_that_nobody_waits_for_any_more_does_not_stop_the_worker(engine: Engine, worker: DatabaseWorker) -> None:
    futures = [worker.submit(put(n)) for n in range(50)]
    cancelled = [future for future in futures if future.cancel()]
    assert await worker.run(put(1000)) == 1000
    assert 1 <= len(numbers(engine)) <= 51 and len(cancelled) == 50


def test_a_job_whose_event_loop_is_gone_does_not_stop_the_worker(engine: Engine, worker: DatabaseWorker) -> None:
    async def leave() -> None:
        worker.submit(lambda connection: time.sleep(0.2))
        worker.submit(put(1))

    asyncio.run(leave())

    async def come_back() -> Any:
        return await worker.run(put(2))

    assert asyncio.run(come_back()) == 2
    assert 2 in numbers(engine)


def test_an_error_of_the_database_does_not_quote_what_was_written(engine: Engine) -> None:
    with pytest.raises(IntegrityError) as caught, engine.begin() as connection:
        for _ in range(2):
            connection.execute(text("insert into number values (:n)"), {"n": 13812345678})
    assert "13812345678" not in str(caught.value)
