"""The only form in which a resident's WeChat identity is kept: a keyed hash."""

from __future__ import annotations

import hashlib
import hmac

from bot.errors import SettingsError

MIN_KEY = 32


def hash_openid(openid: str, *, appid: str, key: str) -> str:
    """Return 64 hex digits, HMAC-SHA256 of appid and openid under `key`; the same resident gives the same digits.

    An openid is the resident's number with one account, so without the key nobody can tell whose conversation it is, and
    with another key all conversations begin anew. Raises SettingsError for a key under 32 characters.
    """
    if len(key) < MIN_KEY:
        raise SettingsError(
            f"WECHAT_OPENID_KEY must be a secret of {MIN_KEY} characters or more, for example from `openssl rand -hex 32`"
        )
    return hmac.new(key.encode(), f"{appid}\0{openid}".encode(), hashlib.sha256).hexdigest()
