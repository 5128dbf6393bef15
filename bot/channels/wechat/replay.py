"""Refuses pushes that are old, and pushes whose nonce was used for another message.

The signature of a plain push does not cover its body, so a nonce is good for one message only. WeChat's own second and
third try of that message, at five-second intervals, pass.
"""

from __future__ import annotations

import re

from bot.channels.wechat.errors import ForgedError
from bot.storage.shared import Shared

WINDOW = 300  # seconds that a push's timestamp may be off the clock
RETRY_SPAN = 30
MAX_TRIES = 3


def check_moment(timestamp: str, now: float) -> None:
    """Raises ForgedError for a timestamp more than `WINDOW` seconds from `now` (seconds since 1970)."""
    if not re.fullmatch(r"[0-9]{1,12}", timestamp, re.ASCII):
        raise ForgedError("timestamp must be seconds since 1970")
    if abs(now - int(timestamp)) > WINDOW:
        raise ForgedError(f"timestamp is more than {WINDOW} s off this server's clock; check both")


class ReplayGuard:
    """shared: where nonces are remembered, the same for all processes of the server."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def check_first(self, nonce: str, message: str, now: float) -> None:
        """Remember that `nonce` was used for `message`. Raises ForgedError if it was used before, retries apart.

        Only to be called for a push whose signature is right, so that nobody else can fill the memory. A timestamp may
        be `WINDOW` ahead, so a nonce counts for twice the window.
        """
        used = await self._shared.add(nonce, f"{now} {message}", 2 * WINDOW)
        if used is None:
            return
        begun, _, first = used.partition(" ")
        if first != message or now - float(begun) > RETRY_SPAN:
            raise ForgedError("the nonce was used before")
        if await self._shared.count(f"{nonce} again", 1, 2 * WINDOW) >= MAX_TRIES:
            raise ForgedError("the nonce was used before")
