"""The server's own chores: once an hour everything goes that is older than the settings allow."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Any

from sqlalchemy.engine import Engine

from bot.settings import Settings
from bot.storage.retention import BATCH, purge, wipe
from bot.storage.worker import DatabaseWorker

logger = logging.getLogger(__name__)
HOUR = 3600.0


async def keep_house(worker: DatabaseWorker, engine: Engine, settings: Settings, *, every: float = HOUR) -> None:
    """Delete what is overdue, now and `every` seconds, until cancelled. A failure is logged and tried again next time."""
    while True:
        try:
            await clear_out(worker, engine, settings)
        except Exception:
            logger.exception("what is older than allowed could not be deleted; the next try is in %.0f minutes", every / 60)
        await asyncio.sleep(every)


async def clear_out(worker: DatabaseWorker, engine: Engine, settings: Settings) -> dict[str, int]:
    """Delete what is overdue in small transactions between those of the turns; return how many rows went, by table."""
    total: dict[str, int] = {}
    while True:
        gone: dict[str, Any] = await worker.run(partial(purge, settings=settings))
        total = {name: total.get(name, 0) + count for name, count in gone.items()}
        if max(gone.values()) < BATCH:
            break
    if any(total.values()):
        await asyncio.get_running_loop().run_in_executor(None, wipe, engine)
        logger.info("deleted by age: %s", ", ".join(f"{count} of {name}" for name, count in total.items() if count))
    return total
