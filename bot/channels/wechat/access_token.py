"""The access_token of one account: fetched once, shared by all who call in all processes, renewed before it ends.

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
from bot.storage.shared import Shared, lease

PATH = "/cgi-bin/stable_token"
EARLY = 300  # seconds before its end at which a token is renewed
FORCE_APART = 30
PAUSE_AFTER_REFUSAL = 30  # seconds in which a refusal is repeated without asking again
Post = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]


class AccessToken:
    """post(path, json) sends one POST to api.weixin.qq.com and returns its JSON; raises WechatApiError for any errcode.

    shared: where the token is kept, the same for all processes of the server.
    """

    def __init__(
        self, post: Post, *, appid: str, appsecret: str, shared: Shared, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._post, self._shared, self._clock = post, shared, clock
        self._body = {"grant_type": "client_credential", "appid": appid, "secret": appsecret}
        self._key = f"token:{appid}"
        self._lock = asyncio.Lock()
        self._refusal: Optional[WechatApiError] = None
        self._refused = -float("inf")

    async def get(self, *, refused: str = "") -> str:
        """Return a valid token. refused: one that Tencent has just called invalid or expired (40001, 40014, 42001).

        Raises WechatApiError (for example 40164, the server's address is not on the whitelist; 40125, wrong secret).
        """
        async with self._lock:
            known = await self._known(refused)
            if known:
                return known
            if self._refusal and self._clock() - self._refused < PAUSE_AFTER_REFUSAL:
                raise self._refusal
            try:
                async with lease(self._shared, f"{self._key}:lease"):
                    token = await self._known(refused) or await self._fetch(force=False)
                    if token == refused and await self._shared.add(f"{self._key}:forced", "1", FORCE_APART) is None:
                        token = await self._fetch(force=True)
            except WechatApiError as error:
                self._refusal, self._refused = error, self._clock()
                raise
            self._refusal = None
            return token

    async def _known(self, refused: str) -> Optional[str]:
        token = await self._shared.get(self._key)
        return token if token != refused else None

    async def _fetch(self, *, force: bool) -> str:
        answer = await self._post(PATH, {**self._body, "force_refresh": force})
        token, lifetime = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not token or not isinstance(lifetime, (int, float)):
            raise WechatApiError(WechatApiError.UNREACHABLE, "the answer to stable_token holds no access_token")
        await self._shared.put(self._key, token, max(lifetime - EARLY, min(lifetime, 60)))
        return token
