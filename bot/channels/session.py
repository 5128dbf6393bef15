"""Sessions of the web chat: an id that only this server can have given out, so nobody continues another's conversation.

A token is `<issued>.<id>.<signature>`: seconds since 1970 in hex, 128 random bits, HMAC-SHA256 of both. The conversation is
stored under the id alone; who reads the database cannot make the token from it. Nothing is kept for a session until
its first turn, so asking for a million of them costs no memory.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import time
from typing import Any

from bot.errors import RequestError

CHANNEL = "web"
_FORM = re.compile(r"([0-9a-f]{8,10})\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})")
AHEAD = 300  # seconds that another server's clock may be ahead


class SessionError(RequestError):
    """The session is missing, forged or over; the page asks for a new one."""

    status = 401


class Sessions:
    """key: the signing secret. days: how long a session may be used after it was given out."""

    def __init__(self, key: str, days: int) -> None:
        self._key, self._seconds = key.encode(), days * 86400

    def new(self, now: float | None = None) -> str:
        """Return the token of a new session."""
        body = f"{int(time.time() if now is None else now):x}.{secrets.token_urlsafe(16)}"
        return f"{body}.{self._sign(body)}"

    def open(self, token: Any, now: float | None = None) -> str:
        """Return the id of a session. Raises SessionError."""
        form = _FORM.fullmatch(token) if isinstance(token, str) else None
        if form is None:
            raise SessionError("field session: POST /api/session gives one; it is needed here")
        if not hmac.compare_digest(form[3], self._sign(f"{form[1]}.{form[2]}")):
            raise SessionError("field session: this server did not give out that session; POST /api/session for a new one")
        age = (time.time() if now is None else now) - int(form[1], 16)
        if not -AHEAD <= age <= self._seconds:
            raise SessionError("field session: the session is over; POST /api/session for a new one")
        return form[2]

    def _sign(self, body: str) -> str:
        digest = hmac.new(self._key, b"web-session:" + body.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
