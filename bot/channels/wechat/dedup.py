"""One answer for all tries of one push, in all processes of the server.

WeChat cuts the connection after five seconds and pushes again, three times in all (page 「被动回复用户消息」). The first try
starts the work, the others wait for the same work, so a resident's message reaches Rasa once.

A try that comes to the process where the work runs waits for it; one that comes to another process sees, in what the
processes share, that the work is claimed, and looks for its answer there. A claim lives only while its process does, so
after a crash WeChat's next try begins the work anew.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Generic, Optional, TypeVar

from bot.channels.wechat.errors import OverloadedError
from bot.storage.shared import LEASE_SECONDS, POLL_SECONDS, Shared, renewed

logger = logging.getLogger(__name__)
T = TypeVar("T")
IN_CONNECTION, LATE = "in the connection", "late"


@dataclass
class _Work(Generic[T]):
    """overdue: some try of this process gave up on it. waiting: how many tries of this process wait."""

    answer: asyncio.Future[T] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    waiting: int = 0
    overdue: bool = False
    task: Optional[asyncio.Task[None]] = None


class Deduplicator(Generic[T]):
    """Answers live `keep` seconds in `shared`, as text. At most `capacity` pushes are under way. One event loop only."""

    def __init__(
        self,
        shared: Shared,
        *,
        write: Callable[[T], str],
        read: Callable[[str], T],
        capacity: int = 10_000,
        keep: float = 600,
    ) -> None:
        self._shared, self._write, self._read = shared, write, read
        self._capacity, self._keep = capacity, keep
        self._works: dict[str, _Work[T]] = {}

    async def answer(
        self,
        key: str,
        start: Callable[[], Coroutine[Any, Any, T]],
        *,
        within: float,
        late: Callable[[T], Awaitable[None]],
    ) -> Optional[T]:
        """Return the result of `start()`, begun by the first try with this key; None if it is not there `within` seconds.

        Where a try got None and no other is waiting when the result comes, `late(result)` is awaited, once. A try after
        that gets None. Raises what `start()` raised, and OverloadedError where `capacity` pushes are under way here.
        """
        end = time.monotonic() + within
        found, work = await self._find_or_begin(key, start, late)
        if found is not None:
            return await self._take(key, found)
        if work is None:
            return await self._wait_for_another_process(key, start, end=end, late=late)
        return await self._wait(key, work, end)

    async def close(self) -> None:
        """Give up on all that is under way."""
        tasks = [work.task for work in self._works.values() if work.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _find_or_begin(
        self, key: str, start: Callable[[], Coroutine[Any, Any, T]], late: Callable[[T], Awaitable[None]]
    ) -> tuple[Optional[str], Optional[_Work[T]]]:
        """Return the finished answer, or the work of this process, or neither while another process has the claim."""
        if key not in self._works:
            found = await self._shared.get(f"{key}:answer")
            if found is not None:
                return found, None
            if len(self._works) >= self._capacity:
                raise OverloadedError(f"{self._capacity} turns are under way already")
            token = secrets.token_hex(8)
            if await self._shared.add(f"{key}:claim", token, LEASE_SECONDS) is None:
                # The claim's last holder may have finished between the two looks.
                found = await self._shared.get(f"{key}:answer")
                if found is not None:
                    await self._shared.drop(f"{key}:claim", token)
                    return found, None
                work: _Work[T] = _Work()
                self._works[key] = work
                work.task = asyncio.get_running_loop().create_task(self._run(key, token, work, start, late))
        return None, self._works.get(key)

    async def _run(
        self,
        key: str,
        token: str,
        work: _Work[T],
        start: Callable[[], Coroutine[Any, Any, T]],
        late: Callable[[T], Awaitable[None]],
    ) -> None:
        try:
            async with renewed(self._shared, f"{key}:claim", token):
                answer = await start()
                await self._shared.put(f"{key}:answer", self._write(answer), self._keep)
            work.answer.set_result(answer)
        except Exception as error:
            if work.overdue:
                logger.error("a late answer was lost", exc_info=error)
            work.answer.set_exception(error)
            work.answer.exception()  # else asyncio complains where nobody waits for it
        else:
            await self._say_late_if_overdue(key, work, answer, late)
        finally:
            work.answer.cancel()
            del self._works[key]

    async def _say_late_if_overdue(self, key: str, work: _Work[T], answer: T, late: Callable[[T], Awaitable[None]]) -> None:
        if work.waiting or int(await self._shared.get(f"{key}:waiting") or 0) > 0:
            return
        if not work.overdue and await self._shared.get(f"{key}:overdue") is None:
            return
        if await self._shared.add(f"{key}:way", LATE, self._keep) is None:
            try:
                await late(answer)
            except Exception:
                logger.exception("a late answer could not be delivered")

    async def _wait(self, key: str, work: _Work[T], end: float) -> Optional[T]:
        work.waiting += 1
        try:
            await asyncio.wait({work.answer}, timeout=max(end - time.monotonic(), 0))
        finally:
            work.waiting -= 1
        if not work.answer.done():
            work.overdue = True
            return None
        answer = work.answer.result()
        return answer if await self._goes_in_connection(key) else None

    async def _wait_for_another_process(
        self, key: str, start: Callable[[], Coroutine[Any, Any, T]], *, end: float, late: Callable[[T], Awaitable[None]]
    ) -> Optional[T]:
        """Look for the answer until it is there, its process has died, or it is time to give up.

        The counter goes down before the last look and the answer is there before its process looks at the counter, so
        either this try finds the answer or that process sees that nobody waits.
        """
        await self._shared.count(f"{key}:waiting", 1, self._keep)
        try:
            while time.monotonic() < end:
                await asyncio.sleep(POLL_SECONDS)
                found, work = await self._find_or_begin(key, start, late)
                if found is not None:
                    return await self._take(key, found)
                if work is not None:
                    return await self._wait(key, work, end)
            await self._shared.put(f"{key}:overdue", "1", self._keep)
        finally:
            await self._shared.count(f"{key}:waiting", -1, self._keep)
        found = await self._shared.get(f"{key}:answer")
        return await self._take(key, found) if found is not None else None

    async def _take(self, key: str, found: str) -> Optional[T]:
        return self._read(found) if await self._goes_in_connection(key) else None

    async def _goes_in_connection(self, key: str) -> bool:
        """Settle that the answer goes back in a connection, unless it was sent late."""
        return await self._shared.add(f"{key}:way", IN_CONNECTION, self._keep) in (None, IN_CONNECTION)
