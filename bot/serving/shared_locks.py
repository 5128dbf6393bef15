"""One message of a conversation at a time, in the order of arrival, over all processes that share a Redis.

Rasa's RedisLockStore waits for Redis inside the event loop and asks for a busy conversation once a second; here a
message queues in a list in Redis, nothing blocks, and a busy conversation is asked for every few hundredths of a second.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from contextlib import asynccontextmanager
from typing import Any, AsyncGenerator, Callable, Optional

from rasa.core.lock import TicketLock
from rasa.core.lock_store import LOCK_LIFETIME
from redis.exceptions import RedisError

from bot.serving.locks import LocalLockStore
from bot.storage.shared import AWAY_SECONDS, connect

logger = logging.getLogger(__name__)
LEASE_SECONDS = 10.0  # after which a process that says nothing counts as dead; its messages then leave the queue
FIRST_WAIT, LONGEST_WAIT = 0.005, 0.05
_GONE = (RedisError, OSError, asyncio.TimeoutError)

# KEYS[1]: the queue of a conversation. ARGV[1]: a message's token, ARGV[2]: milliseconds of a lease.
_LEASE = "redis.call('set', KEYS[1] .. ':' .. ARGV[1], '1', 'px', ARGV[2]) redis.call('pexpire', KEYS[1], ARGV[2] * 2) "
_ENTER = "local n = redis.call('rpush', KEYS[1], ARGV[1]) " + _LEASE + "return n"
_ASK = (
    _LEASE
    + """
while true do
  local first = redis.call('lindex', KEYS[1], 0)
  if not first then redis.call('rpush', KEYS[1], ARGV[1]) first = ARGV[1] end
  if first == ARGV[1] then return 1 end
  if redis.call('exists', KEYS[1] .. ':' .. first) == 1 then return 0 end
  redis.call('lpop', KEYS[1])
end"""
)
_RENEW = _LEASE + "return 1"
_LEAVE = "redis.call('lrem', KEYS[1], 1, ARGV[1]) return redis.call('del', KEYS[1] .. ':' .. ARGV[1])"


class SharedLockStore(LocalLockStore):
    """Locks in Redis. While Redis does not answer, those of this process alone; the log says so."""

    def __init__(self, url: str, *, lease: float = LEASE_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._redis = connect(url)
        self._lease, self._clock, self._back_at = lease, clock, 0.0
        self._enter, self._ask, self._renew, self._leave = map(self._redis.register_script, (_ENTER, _ASK, _RENEW, _LEAVE))

    @asynccontextmanager
    async def lock(
        self, conversation_id: str, lock_lifetime: float = LOCK_LIFETIME, wait_time_in_seconds: float = 1
    ) -> AsyncGenerator[Optional[TicketLock], None]:
        token, queue = secrets.token_hex(8), f"bot:lock:{{{conversation_id}}}"
        if not await self._hold(queue, token):
            async with super().lock(conversation_id):
                yield None
            return
        renewal = asyncio.get_running_loop().create_task(self._keep(queue, token))
        try:
            yield None
        finally:
            renewal.cancel()
            await self._leave_queue(queue, token)

    async def close(self) -> None:
        await self._redis.connection_pool.disconnect()

    async def _hold(self, queue: str, token: str) -> bool:
        """Return when this message is first in its queue; False if Redis does not answer."""
        if self._clock() < self._back_at:
            return False
        try:
            wait = FIRST_WAIT
            first = await self._run(self._enter, queue, token) == 1
            while not first and not await self._run(self._ask, queue, token):
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT)
            return True
        except _GONE as error:
            logger.error("Redis does not answer (%s); conversations are locked in this process alone", type(error).__name__)
            self._back_at = self._clock() + AWAY_SECONDS
            return False
        except asyncio.CancelledError:
            await self._leave_queue(queue, token)
            raise

    async def _keep(self, queue: str, token: str) -> None:
        while True:
            await asyncio.sleep(self._lease / 3)
            try:
                await self._run(self._renew, queue, token)
            except _GONE:
                pass

    async def _leave_queue(self, queue: str, token: str) -> None:
        try:
            await asyncio.shield(self._leave(keys=[queue], args=[token]))
        except _GONE:
            pass  # the lease ends by itself

    async def _run(self, script: Any, queue: str, token: str) -> int:
        return int(await script(keys=[queue], args=[token, int(self._lease * 1000)]))
