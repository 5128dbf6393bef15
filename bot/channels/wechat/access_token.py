"""The access_token of one account: fetched once, shared by all who call, renewed before it ends.

Source: developers.weixin.qq.com, page 「获取稳定版接口调用凭据」(api_getstableaccesstoken): valid up to 7200 s; asking again
gives the same token, so several processes do not invalidate each other's; `force_refresh` at most 20 times a day, 30 s
apart. The secret goes in the body, not in a URL that could reach a log.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Optional

from bot.channels.wechat.errors import WechatApiError

PATH = "/cgi-bin/stable_token"
EARLY = 300  # seconds before its end at which a token is renewed
FORCE_APART = 30
PAUSE_AFTER_REFUSAL = 30  # seconds in which a refusal is repeated without asking again
Post = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]


class AccessToken:
    """post(path, json) sends one POST to api.weixin.qq.com and returns its JSON; raises WechatApiError for any errcode."""

    def __init__(self, post: Post, *, appid: str, appsecret: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._post, self._clock = post, clock
        self._body = {"grant_type": "client_credential", "appid": appid, "secret": appsecret}
        self._lock = asyncio.Lock()
        self._token, self._until, self._forced = "", 0.0, -float("inf")
        self._refusal: Optional[WechatApiError] = None
        self._refused = -float("inf")

    async def get(self, *, refused: str = "") -> str:
        """Return a valid token. refused: one that Tencent has just called invalid or expired (40001, 40014, 42001).

        Raises WechatApiError (for example 40164, the server's address is not on the whitelist; 40125, wrong secret).
        """
        async with self._lock:
            if self._token and self._token != refused and self._clock() < self._until:
                return self._token
            if self._refusal and self._clock() - self._refused < PAUSE_AFTER_REFUSAL:
                raise self._refusal
            try:
                await self._fetch(force=False)
                if self._token == refused and self._clock() - self._forced >= FORCE_APART:
                    await self._fetch(force=True)
            except WechatApiError as error:
                self._refusal, self._refused = error, self._clock()
                raise
            self._refusal = None
            return self._token

    async def _fetch(self, *, force: bool) -> None:
        if force:
            self._forced = self._clock()
        answer = await self._post(PATH, {**self._body, "force_refresh": force})
        token, lifetime = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not token or not isinstance(lifetime, (int, float)):
            raise WechatApiError(WechatApiError.UNREACHABLE, "the answer to stable_token holds no access_token")
        self._token, self._until = token, self._clock() + max(lifetime - EARLY, min(lifetime, 60))
