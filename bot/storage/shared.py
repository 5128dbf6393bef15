"""Short-lived values that all processes of the server share: in this process's memory, or in Redis where REDIS_URL is set.

Every value is text with an end of life. Nothing that must outlive a restart belongs here (bot.storage.tables).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Optional, Protocol, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
T = TypeVar("T")
REDIS_SECONDS = 2.0  # after which Redis counts as gone
MAX_CONNECTIONS = 16
AWAY_SECONDS = 5.0  # for which a Redis that is gone is not asked again
LEASE_SECONDS = 3.0
POLL_SECONDS = 0.05


class Shared(Protocol):
    """seconds: how long a value lives, counted anew at each `put`."""

    async def get(self, key: str) -> Optional[str]:
        """Return what is there, None if nothing is."""

    async def put(self, key: str, value: str, seconds: float) -> None:
        """Store `value`, in place of what is there."""

    async def add(self, key: str, value: str, seconds: float) -> Optional[str]:
        """Store `value` and return None, or return what is there already and leave it."""

    async def count(self, key: str, by: int, seconds: float) -> int:
        """Add `by` to the number that is there, 0 if nothing is, and return the sum."""

    async def drop(self, key: str, value: Optional[str] = None) -> None:
        """Delete what is there; with `value` only if it is just that."""

    async def drop_all(self, prefix: str) -> None:
        """Delete everything whose key begins with `prefix`."""

    async def close(self) -> None:
        """Close the connections."""


class MemoryShared:
    """At most `capacity` values; beyond that the oldest go first. One event loop only."""

    def __init__(self, *, capacity: int = 100_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._values: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._capacity, self._clock = capacity, clock

    def __len__(self) -> int:
        return len(self._values)

    async def get(self, key: str) -> Optional[str]:
        value, end = self._values.get(key, ("", 0.0))
        if key in self._values and self._clock() >= end:
            del self._values[key]
        return value if key in self._values else None

    async def put(self, key: str, value: str, seconds: float) -> None:
        self._values.pop(key, None)
        now = self._clock()
        self._values[key] = (value, now + seconds)
        oldest = next(iter(self._values))
        if len(self._values) > self._capacity or self._values[oldest][1] <= now:
            del self._values[oldest]

    async def add(self, key: str, value: str, seconds: float) -> Optional[str]:
        there = await self.get(key)
        if there is None:
            await self.put(key, value, seconds)
        return there

    async def count(self, key: str, by: int, seconds: float) -> int:
        total = int(await self.get(key) or 0) + by
        await self.put(key, str(total), seconds)
        return total

    async def drop(self, key: str, value: Optional[str] = None) -> None:
        if value is None or await self.get(key) == value:
            self._values.pop(key, None)

    async def drop_all(self, prefix: str) -> None:
        for key in [key for key in self._values if key.startswith(prefix)]:
            del self._values[key]

    async def close(self) -> None:
        self._values.clear()


class RedisShared:
    """Values in Redis under `prefix`. Where Redis does not answer, this process goes on with its own memory.

    A message is then still answered; only what another process knows of it is not known here. The log says so.
    """

    _DROP_IF = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"

    def __init__(self, url: str, *, prefix: str = "bot:", clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = connect(url)
        self._prefix, self._clock = prefix, clock
        self._memory = MemoryShared(clock=clock)
        self._back_at = 0.0

    async def get(self, key: str) -> Optional[str]:
        return await self._ask(lambda: self._redis.get(self._prefix + key), lambda: self._memory.get(key))

    async def put(self, key: str, value: str, seconds: float) -> None:
        await self._ask(
            lambda: self._redis.set(self._prefix + key, value, px=_ms(seconds)), lambda: self._memory.put(key, value, seconds)
        )

    async def add(self, key: str, value: str, seconds: float) -> Optional[str]:
        async def add() -> Optional[str]:
            while not await self._redis.set(self._prefix + key, value, px=_ms(seconds), nx=True):
                there = await self._redis.get(self._prefix + key)
                if there is not None:  # else it has just ended
                    return there
            return None

        return await self._ask(add, lambda: self._memory.add(key, value, seconds))

    async def count(self, key: str, by: int, seconds: float) -> int:
        async def count() -> int:
            async with self._redis.pipeline(transaction=True) as pipe:
                total, _ = await pipe.incrby(self._prefix + key, by).pexpire(self._prefix + key, _ms(seconds)).execute()
            return int(total)

        return await self._ask(count, lambda: self._memory.count(key, by, seconds))

    async def drop(self, key: str, value: Optional[str] = None) -> None:
        async def drop() -> None:
            if value is None:
                await self._redis.delete(self._prefix + key)
            else:
                await self._redis.eval(self._DROP_IF, 1, self._prefix + key, value)

        await self._memory.drop(key, value)
        await self._ask(drop, _nothing)

    async def drop_all(self, prefix: str) -> None:
        async def drop_all() -> None:
            keys = [key async for key in self._redis.scan_iter(match=_literal(self._prefix + prefix) + "*", count=1000)]
            if keys:
                await self._redis.delete(*keys)

        await self._memory.drop_all(prefix)
        await self._ask(drop_all, _nothing)

    async def close(self) -> None:
        await self._redis.connection_pool.disconnect()

    async def _ask(self, redis: Callable[[], Awaitable[T]], memory: Callable[[], Awaitable[T]]) -> T:
        if self._clock() < self._back_at:
            return await memory()
        try:
            return await redis()
        except (RedisError, OSError, asyncio.TimeoutError) as error:
            logger.error("Redis does not answer (%s); this process goes on with its own memory", type(error).__name__)
            self._back_at = self._clock() + AWAY_SECONDS
            return await memory()


def connect(url: str) -> Redis[str]:
    """Return a client of the Redis at `url`; a burst waits for one of its connections instead of opening hundreds."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=MAX_CONNECTIONS,
        timeout=REDIS_SECONDS,
        decode_responses=True,
        socket_connect_timeout=REDIS_SECONDS,
        socket_timeout=REDIS_SECONDS,
    )
    return Redis(connection_pool=pool)


def open_shared(redis_url: Optional[str], *, name: str, capacity: int = 100_000) -> Shared:
    """Return the values called `name`, in Redis if there is a URL. capacity: how many a process's own memory keeps."""
    return RedisShared(redis_url, prefix=f"bot:{name}:") if redis_url else MemoryShared(capacity=capacity)


@asynccontextmanager
async def lease(shared: Shared, key: str, *, seconds: float = LEASE_SECONDS) -> AsyncIterator[None]:
    """Hold `key` alone among all processes. It comes free `seconds` after its holder has died."""
    token = secrets.token_hex(8)
    while await shared.add(key, token, seconds) is not None:
        await asyncio.sleep(POLL_SECONDS)
    async with renewed(shared, key, token, seconds=seconds):
        yield


@asynccontextmanager
async def renewed(shared: Shared, key: str, token: str, *, seconds: float = LEASE_SECONDS) -> AsyncIterator[None]:
    """Keep `key`, which holds `token`, alive and drop it at the end."""

    async def renew() -> None:
        while True:
            await asyncio.sleep(seconds / 3)
            await shared.put(key, token, seconds)

    task = asyncio.get_running_loop().create_task(renew())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await shared.drop(key, token)


async def _nothing() -> None:
    return None


def _ms(seconds: float) -> int:
    return max(int(seconds * 1000), 1)


def _literal(text: str) -> str:
    """Return `text` as a pattern of Redis that only it matches."""
    return "".join(f"\\{c}" if c in "*?[]\\" else c for c in text)
