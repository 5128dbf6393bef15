from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from bot.channels.wechat.dedup import Deduplicator
from bot.channels.wechat.errors import OverloadedError


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


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_50_users_with_three_tries_each_are_asked_once() -> None:
    dedup: Deduplicator[str] = Deduplicator()
    work = Work()
    tries = [asyncio.ensure_future(work.ask(dedup, str(user))) for _ in range(3) for user in range(50)]
    await settle()
    work.gate.set()
    assert await asyncio.gather(*tries) == [f"answer {user}" for _ in range(3) for user in range(50)]
    assert set(work.begun.values()) == {1} and len(work.begun) == 50
    assert work.late == []


async def test_a_try_after_the_end_gets_the_finished_answer() -> None:
    dedup: Deduplicator[str] = Deduplicator()
    work = Work()
    work.gate.set()
    assert await work.ask(dedup, "a") == await work.ask(dedup, "a") == "answer a"
    assert work.begun["a"] == 1


async def test_too_late_for_one_try_is_said_once_by_the_other_way() -> None:
    dedup: Deduplicator[str] = Deduplicator()
    work = Work()
    assert await work.ask(dedup, "a", within=0) is None
    work.gate.set()
    await settle()
    assert work.late == ["answer a"]
    assert await work.ask(dedup, "a") is None
    assert work.late == ["answer a"]


async def test_a_waiting_retry_gets_the_late_answer_instead() -> None:
    dedup: Deduplicator[str] = Deduplicator()
    work = Work()
    assert await work.ask(dedup, "a", within=0) is None
    second = asyncio.ensure_future(work.ask(dedup, "a"))
    await settle()
    work.gate.set()
    assert await second == "answer a"
    await settle()
    assert work.late == []


async def test_a_cut_connection_does_not_stop_the_work() -> None:
    dedup: Deduplicator[str] = Deduplicator()
    work = Work()
    first = asyncio.ensure_future(work.ask(dedup, "a"))
    await settle()
    first.cancel()
    await settle()
    work.gate.set()
    await settle()
    assert work.late == []
    assert await work.ask(dedup, "a") == "answer a"
    assert work.begun["a"] == 1


async def test_failed_work_is_begun_again_by_the_next_try() -> None:
    dedup: Deduplicator[str] = Deduplicator()

    async def fail() -> str:
        raise ValueError

    with pytest.raises(ValueError):
        await dedup.answer("a", fail, within=1, late=Work().say_late)
    await settle()
    work = Work()
    work.gate.set()
    assert await work.ask(dedup, "a") == "answer a"


async def test_memory_is_bounded_and_what_is_under_way_is_never_forgotten() -> None:
    dedup: Deduplicator[str] = Deduplicator(capacity=3)
    slow, quick = Work(), Work()
    quick.gate.set()
    assert await slow.ask(dedup, "slow", within=0) is None
    for key in "abcdef":
        await quick.ask(dedup, key)
    assert len(dedup._works) == 3 and "slow" in dedup._works
    for key in ("slow2", "slow3"):
        await slow.ask(dedup, key, within=0)
    with pytest.raises(OverloadedError):
        await slow.ask(dedup, "one too many")
    await dedup.close()


async def test_old_answers_are_forgotten() -> None:
    now = [0.0]
    dedup: Deduplicator[str] = Deduplicator(keep=600, clock=lambda: now[0])
    work = Work()
    work.gate.set()
    await work.ask(dedup, "a")
    now[0] = 601
    await work.ask(dedup, "b")
    assert list(dedup._works) == ["b"]
