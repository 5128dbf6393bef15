"""One answer for all tries of one push.

WeChat cuts the connection after five seconds and pushes again, three times in all (page 「被动回复用户消息」). The first try
starts the work, the others wait for the same work, so a resident's message reaches Rasa once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Any, Generic, Optional, TypeVar

from bot.channels.wechat.errors import OverloadedError

logger = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass
class _Work(Generic[T]):
    task: asyncio.Task[T]
    begun: float
    waiting: int = 0
    overdue: bool = False  # some try gave up on it, none is to wait for WeChat's next one
    taken: bool = False  # some try has it
    said_late: bool = False  # `late` has it


class Deduplicator(Generic[T]):
    """Remembers the work of at most `capacity` pushes, each for `keep` seconds after it began. One event loop only."""

    def __init__(self, *, capacity: int = 10_000, keep: float = 600, clock: Callable[[], float] = time.monotonic) -> None:
        self._works: OrderedDict[Hashable, _Work[T]] = OrderedDict()
        self._capacity, self._keep, self._clock = capacity, keep, clock
        self._background: set[asyncio.Task[Any]] = set()

    async def answer(
        self,
        key: Hashable,
        start: Callable[[], Coroutine[Any, Any, T]],
        *,
        within: float,
        late: Callable[[T], Awaitable[None]],
    ) -> Optional[T]:
        """Return the result of `start()`, begun by the first try with this key; None if it is not there `within` seconds.

        Where a try got None and no other is waiting when the result comes, `late(result)` is awaited, once. A try after
        that gets None. Raises what `start()` raised, and OverloadedError where `capacity` pushes are under way.
        """
        work = self._works.get(key) or self._begin(key, start, late)
        if work.said_late:
            return None
        work.waiting += 1
        try:
            await asyncio.wait({work.task}, timeout=within)
        finally:
            work.waiting -= 1
        if not work.task.done():
            work.overdue = True
            return None
        work.taken = True
        return work.task.result()

    async def close(self) -> None:
        """Give up on all that is under way."""
        tasks = [work.task for work in self._works.values() if not work.task.done()] + list(self._background)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, key: Hashable, start: Callable[[], Coroutine[Any, Any, T]], late: Callable[[T], Awaitable[None]]) -> _Work[T]:
        self._make_room()
        work = _Work(asyncio.get_running_loop().create_task(start()), self._clock())
        work.task.add_done_callback(lambda task: self._finished(key, work, late))
        self._works[key] = work
        return work

    def _finished(self, key: Hashable, work: _Work[T], late: Callable[[T], Awaitable[None]]) -> None:
        if work.task.cancelled() or work.task.exception() is not None:
            self._works.pop(key, None)
            if work.overdue and not work.task.cancelled():
                logger.error("a late answer was lost", exc_info=work.task.exception())
        elif work.overdue and not work.waiting and not work.taken:
            work.said_late = True
            task = asyncio.ensure_future(self._say_late(late, work.task.result()))
            self._background.add(task)
            task.add_done_callback(self._background.discard)

    async def _say_late(self, late: Callable[[T], Awaitable[None]], result: T) -> None:
        try:
            await late(result)
        except Exception:
            logger.exception("a late answer could not be delivered")

    def _make_room(self) -> None:
        """Forget what is old, then the oldest that is done."""
        limit = self._clock() - self._keep
        begun_before = takewhile(lambda pair: pair[1].begun < limit, self._works.items())
        old = [key for key, work in begun_before if work.task.done()]
        if not old and len(self._works) >= self._capacity:
            old = list(islice((key for key, work in self._works.items() if work.task.done()), 1))
        for key in old:
            del self._works[key]
        if len(self._works) >= self._capacity:
            raise OverloadedError(f"{self._capacity} turns are under way already")
