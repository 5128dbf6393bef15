"""The names under which conversations are stored."""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache

from bot.settings import read_settings
from bot.text import mask

CHANNELS = ("rest", "web", "wechat")
NAMED_BY_US = ("web", "wechat")  # their senders are random or hashed already


def conversation_id(channel: str, sender: str) -> str:
    """Return the name under which a conversation is stored; the same sender on another channel is somebody else.

    A program may name its senders by phone or identity numbers: such a one is stored as a keyed hash.
    """
    if channel not in NAMED_BY_US and mask(sender) != sender:
        sender = hmac.new(_key(), sender.encode(errors="replace"), hashlib.sha256).hexdigest()
    return f"{channel}:{sender}"


@lru_cache(maxsize=1)
def _key() -> bytes:
    return b"sender:" + read_settings().signing_key().encode()
