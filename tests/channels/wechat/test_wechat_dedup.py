"""All tries of a push get one answer, in one process and in several that share a Redis."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from bot.channels.wechat.dedup import Deduplicator
from bot.channels.wechat.errors import OverloadedError
from bot.storage.shared import LEASE_SECONDS, MemoryShared, Shared, open_shared


class Work:
    """Counts how often each key's work begins; it ends when `gate` opens."""

    def __init__(self) -> None:
        self.begun: Counter[str] = Counter()
        self.gate = asyncio.Event()
        self.late: list[str] = []

    async def run(self, key: str) -> str:
        self.begun[key] += 1
        await self.gate.wait()
        return f"answer {key}"

    async def say_late(self, result: str) -> None:
        self.late.append(result)

    def ask(self, dedup: Deduplicator[str], key: str, within: float = 5) -> Any:
        return dedup.answer(key, lambda: self.run(key), within=within, late=self.say_late)


def deduplicator(shared: Shared, **settings: Any) -> Deduplicator[str]:
    return Deduplicator(shared, write=str, read=str, **settings)


@pytest.fixture(params=["memory", "redis"])
async def processes(request: pytest.FixtureRequest) -> AsyncIterator[list[Deduplicator[str]]]:
    """The deduplicators of three processes that share a Redis, or three times that of one process without."""
    if request.param == "memory":
        yield [deduplicator(MemoryShared())] * 3
        return
    url, name = request.getfixturevalue("redis_url"), f"test:{uuid4().hex}"
    stores = [open_shared(url, name=name) for _ in range(3)]
    yield [deduplicator(store) for store in stores]
    for store in stores:
        await store.close()


@pytest.fixture
def dedup(processes: list[Deduplicator[str]]) -> Deduplicator[str]:
    return processes[0]


async def settle(seconds: float = 0.15) -> None:
    await asyncio.sleep(seconds)


async def test_50_users_with_three_tries_each_are_asked_once(processes: list[Deduplicator[str]]) -> None:
    work = Work()
    tries = [asyncio.ensure_future(work.ask(dedup, str(user))) for dedup in processes for user in range(50)]
    await settle()
    work.gate.set()
    assert await asyncio.gather(*tries) == [f"answer {user}" for _ in range(3) for user in range(50)]
    assert set(work.begun.values()) == {1} and len(work.begun) == 50
    await settle()
    assert work.late == []


async def test_a_try_after_the_end_gets_the_finished_answer(processes: list[Deduplicator[str]]) -> None:
    work = Work()
    work.gate.set()
    assert [await work.ask(dedup, "a") for dedup in processes] == ["answer a"] * 3
    assert work.begun["a"] == 1


async def test_too_late_for_every_try_is_said_once_by_the_other_way(processes: list[Deduplicator[str]]) -> None:
    work = Work()
    assert [await work.ask(dedup, "a", within=0.06) for dedup in processes] == [None] * 3
    work.gate.set()
    await settle()
    assert work.late == ["answer a"]
    assert [await work.ask(dedup, "a") for dedup in processes] == [None] * 3
    assert work.late == ["answer a"] and work.begun["a"] == 1


async def test_the_first_try_was_cut_and_the_second_gave_up(processes: list[Deduplicator[str]]) -> None:
    work = Work()
    first = asyncio.ensure_future(work.ask(processes[0], "a"))
    await settle()
    first.cancel()
    assert await work.ask(processes[1], "a", within=0.06) is None
    work.gate.set()
    await settle()
    assert work.late == ["answer a"]


async def test_a_waiting_retry_gets_the_late_answer_instead(processes: list[Deduplicator[str]]) -> None:
    work = Work()
    assert await work.ask(processes[0], "a", within=0) is None
    second = asyncio.ensure_future(work.ask(processes[1], "a"))
    await settle()
    work.gate.set()
    assert await second == "answer a"
    await settle()
    assert work.late == []


async def test_a_cut_connection_does_not_stop_the_work(processes: list[Deduplicator[str]]) -> None:
    work = Work()
    first = asyncio.ensure_future(work.ask(processes[0], "a"))
    await settle()
    first.cancel()
    await settle()
    work.gate.set()
    await settle()
    assert work.late == []
    assert await work.ask(processes[1], "a") == "answer a"
    assert work.begun["a"] == 1


async def test_failed_work_is_begun_again_by_the_next_try(processes: list[Deduplicator[str]]) -> None:
    async def fail() -> str:
        raise ValueError

    with pytest.raises(ValueError):
        await processes[0].answer("a", fail, within=1, late=Work().say_late)
    await settle()
    work = Work()
    work.gate.set()
    assert await work.ask(processes[1], "a") == "answer a"


async def test_the_work_of_a_process_that_died_is_begun_again(redis_url: str) -> None:
    name = f"test:{uuid4().hex}"
    store, other = (open_shared(redis_url, name=name) for _ in range(2))
    assert await store.add("a:claim", "of a process that is gone", LEASE_SECONDS) is None
    work = Work()
    work.gate.set()
    assert await work.ask(deduplicator(other), "a", within=LEASE_SECONDS + 1) == "answer a"
    for one in (store, other):
        await one.close()


async def test_what_is_under_way_is_bounded_and_never_forgotten() -> None:
    dedup = deduplicator(MemoryShared(capacity=6), capacity=2)
    slow, quick = Work(), Work()
    quick.gate.set()
    assert await slow.ask(dedup, "slow", within=0) is None
    for key in "abcdef":
        await quick.ask(dedup, key)
    assert await slow.ask(dedup, "slow", within=0) is None and slow.begun["slow"] == 1
    assert await slow.ask(dedup, "slow2", within=0) is None
    with pytest.raises(OverloadedError):
        await slow.ask(dedup, "one too many")
    await dedup.close()


async def test_old_answers_are_forgotten() -> None:
    now = [0.0]
    dedup = deduplicator(MemoryShared(clock=lambda: now[0]), keep=600)
    work = Work()
    work.gate.set()
    await work.ask(dedup, "a")
    now[0] = 601
    await work.ask(dedup, "a")
    assert work.begun["a"] == 2
