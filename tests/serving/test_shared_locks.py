"""bot.serving.shared_locks over a real Redis: order over processes, no deadlock after a death, life without Redis."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from bot.serving.lean_imports import import_rasa

import_rasa()

from bot.serving.shared_locks import SharedLockStore  # noqa: E402


@pytest.fixture
async def processes(redis_url: str) -> AsyncIterator[list[SharedLockStore]]:
    stores = [SharedLockStore(redis_url, lease=1.2) for _ in range(3)]
    yield stores
    for store in stores:
        await store.close()


async def test_messages_of_one_conversation_go_one_by_one_in_order_of_arrival(processes: list[SharedLockStore]) -> None:
    seen: list[int] = []
    inside, all_here = 0, asyncio.Event()

    async def handle(number: int) -> None:
        nonlocal inside
        async with processes[number % 3].lock("order"):
            await all_here.wait()
            inside += 1
            assert inside == 1
            await asyncio.sleep(0.001)
            inside -= 1
            seen.append(number)

    tasks = []
    for number in range(12):
        tasks.append(asyncio.create_task(handle(number)))
        while await processes[0]._redis.llen("bot:lock:{order}") <= number:
            await asyncio.sleep(0.001)
    all_here.set()
    await asyncio.gather(*tasks)
    assert seen == list(range(12))
    assert not await processes[0]._redis.keys("bot:lock:{order}*"), "a queue stays behind"


async def test_a_free_conversation_is_taken_at_once_and_others_do_not_wait(processes: list[SharedLockStore]) -> None:
    begun = time.monotonic()
    async with processes[0].lock("a"):
        async with processes[1].lock("b"):
            pass
    assert time.monotonic() - begun < 0.5


async def test_the_messages_of_a_process_that_died_hold_nobody_up(processes: list[SharedLockStore]) -> None:
    dead = processes[0]
    assert await dead._hold("bot:lock:{died}", "token")
    waiting = asyncio.create_task(dead._hold("bot:lock:{died}", "behind"))
    await asyncio.sleep(0.05)
    waiting.cancel()
    begun = time.monotonic()
    async with processes[1].lock("died"):
        assert 0.4 < time.monotonic() - begun < 6


async def test_a_long_turn_keeps_its_lock(processes: list[SharedLockStore]) -> None:
    async with processes[0].lock("long"):
        second = asyncio.create_task(processes[1]._hold("bot:lock:{long}", "second"))
        await asyncio.sleep(1.8)  # longer than the lease
        assert not second.done()
    assert await asyncio.wait_for(second, 2)


async def test_without_redis_this_process_goes_on_by_itself(caplog: pytest.LogCaptureFixture) -> None:
    store, seen = SharedLockStore("redis://127.0.0.1:1/0"), []

    async def handle(number: int) -> None:
        async with store.lock("a"):
            await asyncio.sleep(0.001)
            seen.append(number)

    await asyncio.gather(*(handle(number) for number in range(5)))
    assert sorted(seen) == list(range(5))
    assert "Redis does not answer" in caplog.text
    assert not store._locks
