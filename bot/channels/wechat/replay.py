"""Refuses pushes that are old, and pushes whose nonce was used for another message.

The signature of a plain push does not cover its body, so a nonce is good for one message only. WeChat's own second and
third try of that message, at five-second intervals, pass.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Hashable

from bot.channels.wechat.errors import ForgedError

WINDOW = 300
RETRY_SPAN = 30
MAX_TRIES = 3


class ReplayGuard:
    """window: seconds that a push's timestamp may be off the clock. capacity: nonces remembered at most."""

    def __init__(self, *, window: int = WINDOW, capacity: int = 100_000) -> None:
        self._window, self._capacity = window, capacity
        self._seen: OrderedDict[Hashable, tuple[Hashable, float, int]] = OrderedDict()

    def check_moment(self, timestamp: str, now: float) -> None:
        """Raises ForgedError for a timestamp more than `window` seconds from `now` (seconds since 1970)."""
        if not re.fullmatch(r"[0-9]{1,12}", timestamp, re.ASCII):
            raise ForgedError("timestamp must be seconds since 1970")
        if abs(now - int(timestamp)) > self._window:
            raise ForgedError(f"timestamp is more than {self._window} s off this server's clock; check both")

    def check_first(self, nonce: Hashable, message: Hashable, now: float) -> None:
        """Remember that `nonce` was used for `message`. Raises ForgedError if it was used before, retries apart.

        Only to be called for a push whose signature is right, so that nobody else can fill the memory.
        """
        self._forget_old(now)
        first, begun, tries = self._seen.get(nonce, (message, now, 0))
        if first != message or tries >= MAX_TRIES or now - begun > RETRY_SPAN:
            raise ForgedError("the nonce was used before")
        self._seen[nonce] = (first, begun, tries + 1)

    def _forget_old(self, now: float) -> None:
        """A timestamp may be `window` ahead, so a nonce counts for twice the window."""
        while self._seen:
            oldest = next(iter(self._seen.values()))
            if now - oldest[1] <= 2 * self._window and len(self._seen) < self._capacity:
                return
            self._seen.popitem(last=False)
