"""What /health says of a server that runs but cannot do all that it should."""

from __future__ import annotations

import asyncio
import time
from typing import Optional

from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import StorageError
from bot.knowledge.tables import build
from bot.storage.worker import DatabaseWorker

PATIENCE = 2.0  # seconds that the database may take for one row
RECENT = 30.0
FRESH = 1.0  # seconds that an answer holds, so that many who ask cost nothing


class Trouble:
    """Tries whether the database takes a write, by writing back what one small row holds.

    A full disk may still take that much: what a turn could not write counts until a turn can, for RECENT seconds at most.
    """

    def __init__(self, worker: DatabaseWorker) -> None:
        self._worker = worker
        self._said: Optional[str] = None
        self._said_at = -FRESH
        self._asking: Optional[asyncio.Future[None]] = None

    async def now(self) -> Optional[str]:
        """Return why the server is degraded, None if it is not; after PATIENCE + FRESH seconds at the latest."""
        if self._asking is None and time.monotonic() - self._said_at >= FRESH:
            self._asking = asyncio.ensure_future(self._ask())
        if self._asking is not None:
            await asyncio.shield(self._asking)
        return self._said or self._full_lately()

    def _full_lately(self) -> Optional[str]:
        trouble = self._worker.trouble or ""
        lately = time.monotonic() - self._worker.failed_at < RECENT
        return trouble if lately and any(word in trouble for word in ("full", "No space")) else None

    async def _ask(self) -> None:
        try:
            await asyncio.wait_for(self._worker.run(lambda connection: connection.execute(TOUCH), writes=False), PATIENCE)
            self._said = None
        except asyncio.TimeoutError:
            self._said = self._worker.trouble or f"the database took more than {PATIENCE:.0f} s for one row"
        except (StorageError, SQLAlchemyError) as error:
            self._said = str(error).splitlines()[0]
        finally:
            self._said_at, self._asking = time.monotonic(), None


TOUCH = update(build).values(item_count=build.c.item_count)
