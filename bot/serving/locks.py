"""One message of a conversation at a time, in the order of arrival, without polling."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import AsyncGenerator, Dict, Optional

from rasa.core.lock import TicketLock
from rasa.core.lock_store import LOCK_LIFETIME, LockStore


class LocalLockStore(LockStore):
    """Locks of this process. Rasa's own store asks again every second; here the next message goes on at once."""

    def __init__(self) -> None:
        self._locks: Dict[str, tuple[asyncio.Lock, int]] = {}  # the lock and how many hold or want it

    @asynccontextmanager
    async def lock(
        self, conversation_id: str, lock_lifetime: float = LOCK_LIFETIME, wait_time_in_seconds: float = 1
    ) -> AsyncGenerator[Optional[TicketLock], None]:
        lock, wanted = self._locks.get(conversation_id) or (asyncio.Lock(), 0)
        self._locks[conversation_id] = (lock, wanted + 1)
        try:
            async with lock:
                yield None
        finally:
            lock, wanted = self._locks[conversation_id]
            if wanted == 1:
                del self._locks[conversation_id]
            else:
                self._locks[conversation_id] = (lock, wanted - 1)

    def get_lock(self, conversation_id: str) -> Optional[TicketLock]:
        return None

    def save_lock(self, lock: TicketLock) -> None:
        return None

    def delete_lock(self, conversation_id: str) -> None:
        return None
