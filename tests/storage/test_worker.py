"""bot.storage.worker: jobs share a transaction, a bad one harms no other, and what was acknowledged is committed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError

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
    assert [future.result(timeout=1) for future in waiting] == list(range(100))
    assert len(numbers(engine)) == 100
