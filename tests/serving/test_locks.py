"""bot.serving.locks: one message of a conversation at a time, in order, and nothing is kept afterwards."""

from __future__ import annotations

import asyncio
import time

from bot.serving.lean_imports import import_rasa

import_rasa()

from bot.serving.locks import LocalLockStore  # noqa: E402


async def test_messages_of_one_conversation_wait_for_each_other_in_order() -> None:
    store, seen, inside = LocalLockStore(), [], 0

    async def handle(number: int) -> None:
        nonlocal inside
        async with store.lock("a"):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0.001)
            inside -= 1
            seen.append(number)

    begun = time.monotonic()
    await asyncio.gather(*(handle(n) for n in range(20)))
    assert seen == list(range(20))
    assert time.monotonic() - begun < 1, "a waiting message polls"
    assert not store._locks


async def test_conversations_do_not_wait_for_each_other() -> None:
    store = LocalLockStore()
    async with store.lock("a"):
        async with store.lock("b"):
            pass


async def test_a_fault_inside_frees_the_lock() -> None:
    store = LocalLockStore()
    for _ in range(2):
        try:
            async with store.lock("a"):
                raise ValueError
        except ValueError:
            pass
    assert not store._locks
