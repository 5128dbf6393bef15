"""What is kept of a resident for a while: the rest of a long answer, the place of a scanned code."""

from __future__ import annotations

from typing import Optional

from bot.channels.wechat.answer import Unsaid, read_unsaid, write_unsaid
from bot.storage.shared import Shared

UNSAID_SECONDS = 3600
PLACE_SECONDS = 90 * 24 * 3600


class Kept:
    """resident: the openid's hash, with which every key in `shared` begins."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def unsaid(self, resident: str) -> Optional[Unsaid]:
        """Return what has not reached the resident yet, None if everything has or an hour is over."""
        text = await self._shared.get(f"{resident}:unsaid")
        return read_unsaid(text) if text is not None else None

    async def put_unsaid(self, resident: str, unsaid: Optional[Unsaid]) -> None:
        if unsaid is None:
            await self._shared.drop(f"{resident}:unsaid")
        else:
            await self._shared.put(f"{resident}:unsaid", write_unsaid(unsaid), UNSAID_SECONDS)

    async def place(self, resident: str) -> Optional[str]:
        """Return the id of the jurisdiction whose code the resident scanned last."""
        return await self._shared.get(f"{resident}:place")

    async def put_place(self, resident: str, place: str) -> None:
        await self._shared.put(f"{resident}:place", place, PLACE_SECONDS)

    async def forget(self, resident: str) -> None:
        await self._shared.drop_all(f"{resident}:")
