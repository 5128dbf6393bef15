"""Rate limits: so many requests a minute for each key, which is a session, a sender, an address or a WeChat user.

Counted by the minute of the clock, in this process or in the Redis that several share (bot.storage.shared). The `limits`
package would need a newer `packaging` than Rasa allows.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

from bot.storage.shared import Shared

MINUTE = 60.0


class Limits:
    """clock: seconds since 1970, the same for all processes."""

    def __init__(self, shared: Shared, clock: Callable[[], float] = time.time) -> None:
        self._shared, self._clock = shared, clock

    async def wait(self, kind: str, who: str, per_minute: int) -> float:
        """Count a request; return 0.0 if it may go on, else the seconds (up to 60) after which one may."""
        minute, spent = divmod(self._clock(), MINUTE)
        key = f"{kind}:{hashlib.sha256(who.encode(errors='replace')).hexdigest()[:32]}:{minute:.0f}"
        return 0.0 if await self._shared.count(key, 1, 2 * MINUTE) <= per_minute else MINUTE - spent

    async def close(self) -> None:
        await self._shared.close()
