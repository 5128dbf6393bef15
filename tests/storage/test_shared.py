"""bot.storage.shared: the same promises in a process's memory and in a real Redis, and life goes on when Redis is gone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.storage.shared import MemoryShared, RedisShared, Shared, lease, open_shared, renewed


@pytest.fixture(params=["memory", "redis"])
async def shared(request: pytest.FixtureRequest) -> AsyncIterator[Shared]:
    url = request.getfixturevalue("redis_url") if request.param == "redis" else None
    shared = open_shared(url, name=f"test:{request.node.name}")
    yield shared
    await shared.close()


async def test_values_are_put_added_counted_and_dropped(shared: Shared) -> None:
    assert await shared.get("a") is None
    await shared.put("a", "一", 60)
    assert await shared.add("a", "二", 60) == "一" == await shared.get("a")
    assert await shared.add("b", "二", 60) is None and await shared.get("b") == "二"
    assert [await shared.count("n", by, 60) for by in (1, 1, -1)] == [1, 2, 1]
    await shared.drop("a", "another's")
    assert await shared.get("a") == "一"
    await shared.drop("a", "一")
    await shared.drop("b")
    assert await shared.get("a") is None and await shared.get("b") is None


async def test_a_value_ends(shared: Shared) -> None:
    await shared.put("a", "一", 0.05)
    await asyncio.sleep(0.08)
    assert await shared.get("a") is None
    assert await shared.add("a", "二", 60) is None


async def test_all_with_a_prefix_go_and_patterns_mean_nothing(shared: Shared) -> None:
    for key in ("u*:a", "u*:b", "ux:a"):
        await shared.put(key, "1", 60)
    await shared.drop_all("u*:")
    assert [await shared.get(key) for key in ("u*:a", "u*:b", "ux:a")] == [None, None, "1"]


async def test_one_at_a_time_holds_a_lease(shared: Shared) -> None:
    inside: list[int] = []

    async def hold(number: int) -> None:
        async with lease(shared, "door"):
            inside.append(number)
            await asyncio.sleep(0.01)
            assert inside[-1] == number
            inside.append(number)

    await asyncio.gather(*(hold(number) for number in range(5)))
    assert len(inside) == 10 and await shared.get("door") is None


async def test_a_lease_outlives_its_time_but_not_its_holder(shared: Shared) -> None:
    async with renewed(shared, "door", "me", seconds=0.3):
        await shared.add("door", "me", 0.3)
        await asyncio.sleep(0.5)
        assert await shared.add("door", "you", 0.3) == "me"
    await shared.add("door", "dead", 0.3)
    async with lease(shared, "door", seconds=0.3):
        assert await shared.get("door") != "dead"


async def test_memory_is_bounded() -> None:
    now = [0.0]
    shared = MemoryShared(capacity=3, clock=lambda: now[0])
    for key in "abcd":
        await shared.put(key, key, 60)
    assert len(shared) == 3 and await shared.get("a") is None and await shared.get("d") == "d"
    now[0] = 61
    await shared.put("e", "e", 60)
    assert await shared.get("d") is None and await shared.get("e") == "e"


async def test_processes_see_each_others_values_only_in_redis(redis_url: str) -> None:
    one, other = (open_shared(redis_url, name="test:both") for _ in range(2))
    await one.put("a", "1", 60)
    assert await other.get("a") == "1"
    assert await open_shared(None, name="test:both").get("a") is None
    assert await open_shared(redis_url, name="test:another name").get("a") is None
    for shared in (one, other):
        await shared.close()


async def test_without_redis_the_process_goes_on_with_its_memory(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    shared: Any = RedisShared("redis://127.0.0.1:9/0", clock=lambda: now[0])
    with caplog.at_level(logging.ERROR, logger="bot"):
        await shared.put("a", "1", 60)
        assert await shared.get("a") == "1" and await shared.add("a", "2", 60) == "1"
        assert await shared.count("n", 1, 60) == 1
        async with lease(shared, "door"):
            pass
        await shared.drop_all("a")
        assert await shared.get("a") is None
        now[0] = 6
        await shared.get("a")
    assert caplog.text.count("Redis does not answer") == 2
    await shared.close()
