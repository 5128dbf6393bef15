"""What several processes share besides the database: locks in Redis, and Rasa's event broker for analytics."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Optional

from rasa.core.brokers.broker import EventBroker
from rasa.core.lock_store import LockStore
from rasa.utils.endpoints import read_endpoint_config

from bot.serving.locks import LocalLockStore
from bot.serving.shared_locks import SharedLockStore


def lock_store(redis_url: Optional[str]) -> LockStore:
    """Return the locks of all processes where there is a Redis, else of this process."""
    return SharedLockStore(redis_url) if redis_url else LocalLockStore()


async def event_broker(endpoints: Path) -> Optional[EventBroker]:
    """Return the broker of `event_broker` in Rasa's endpoints file (pika, kafka, sql, file or a class's path), None without.

    It gets the events of every turn, personal numbers being masked already.
    """
    config = read_endpoint_config(str(endpoints), "event_broker") if endpoints.is_file() else None
    return await EventBroker.create(config, loop=asyncio.get_running_loop()) if config else None


async def close_sharing(agent: Any) -> None:
    """Close the connections of an agent's locks and broker."""
    if agent is None:
        return
    if isinstance(agent.lock_store, SharedLockStore):
        await agent.lock_store.close()
    if agent.tracker_store.event_broker is not None:
        await agent.tracker_store.event_broker.close()
