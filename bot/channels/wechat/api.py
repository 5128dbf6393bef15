"""Calls to api.weixin.qq.com for one account, with its access_token.

Source: developers.weixin.qq.com, page 「全局返回码」(Global_Return_Code). docs/wechat.md says what an operator does about each.
No exception and no log line holds a URL: it carries the access_token.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, Optional

import aiohttp

from bot.channels.wechat.access_token import AccessToken
from bot.channels.wechat.accounts import Account
from bot.channels.wechat.errors import WechatApiError
from bot.storage.shared import MemoryShared, Shared

BASE = "https://api.weixin.qq.com"
TIMEOUT = 10  # seconds for one call
STALE_TOKEN = frozenset({40001, 40014, 42001})
BUSY = -1
BUSY_PAUSE = 1.0
HINTS = {
    -1: "Tencent is busy",
    40013: "wrong appid",
    40125: "wrong appsecret",
    40164: "this server's address is not on the account's IP whitelist",
    41004: "appsecret is missing",
    45009: "the day's quota of calls is used up",
    45011: "too many calls this minute",
    48001: "the account may not use this interface (not verified?)",
    50002: "the account is limited or frozen",
}


class WechatApi:
    """One account's calls; one a process and account. base: another address only for tests and Tencent's spare hosts.

    shared: where the account's token is kept, the same for all processes of the server.
    """

    def __init__(
        self, account: Account, *, base: str = BASE, busy_pause: float = BUSY_PAUSE, shared: Optional[Shared] = None
    ) -> None:
        self._base, self._busy_pause = base.rstrip("/"), busy_pause
        self._session: Optional[aiohttp.ClientSession] = None
        self._token = AccessToken(self._post, appid=account.appid, appsecret=account.appsecret, shared=shared or MemoryShared())

    async def call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST `body` as JSON and return the answer. A stale token is renewed and a busy server asked again, each once.

        Raises WechatApiError for any other errcode, or if the server cannot be reached.
        """
        token = await self._token.get()
        try:
            return await self._post(path, body, token)
        except WechatApiError as error:
            if error.errcode in STALE_TOKEN:
                token = await self._token.get(refused=token)
            elif error.errcode == BUSY:
                await asyncio.sleep(self._busy_pause)
            else:
                raise
        return await self._post(path, body, token)

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def _post(self, path: str, body: dict[str, Any], token: str = "") -> dict[str, Any]:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT))
        # Not \uXXXX: WeChat would show the escapes to the resident.
        data = json.dumps(body, ensure_ascii=False).encode("utf-8")
        try:
            async with self._session.post(
                self._base + path,
                data=data,
                params={"access_token": token} if token else None,
                headers={"Content-Type": "application/json; charset=utf-8"},
                allow_redirects=False,
            ) as response:
                answer = json.loads(await response.read())
        except (aiohttp.ClientError, asyncio.TimeoutError, ValueError) as error:
            raise WechatApiError(WechatApiError.UNREACHABLE, f"{path}: no answer ({type(error).__name__})") from None
        if not isinstance(answer, dict):
            raise WechatApiError(WechatApiError.UNREACHABLE, f"{path}: the answer is no JSON object")
        errcode = answer.get("errcode", 0)
        if not isinstance(errcode, int):
            raise WechatApiError(WechatApiError.UNREACHABLE, f"{path}: the answer's errcode is no number")
        if errcode != 0:
            raise WechatApiError(errcode, f"{path}: errcode {errcode}, {HINTS.get(errcode, 'see docs/wechat.md')}")
        return answer
