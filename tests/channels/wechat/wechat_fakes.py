"""What stands around the WeChat channel in tests: Rasa's handler, Tencent's API, a server on a free port."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Optional
from uuid import uuid4

from aiohttp import web
from aiohttp.test_utils import TestServer
from rasa.core.channels.channel import UserMessage
from sanic import Sanic

from bot.channels.wechat.accounts import Account
from bot.channels.wechat.channel import WechatChannel

KEY = "A" * 43
OLD_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OPENID_KEY = "0123456789abcdef0123456789abcdef"
PLACES = {"dagang": "天津市滨海新区大港街道", "dagu": "天津市滨海新区大沽街道"}
SAFE = Account("safe", "AAAAA", "wxba5fad812f8e6fb9", "safe", aes_keys=(KEY, OLD_KEY), jurisdiction="dagang")
PLAIN = Account("plain", "AAAAA", "wxba5fad812f8e6fb9", "plain")
COMPATIBLE = Account("both", "AAAAA", "wxba5fad812f8e6fb9", "compatible", aes_keys=(KEY,))
VERIFIED = Account("verified", "AAAAA", "wxba5fad812f8e6fb9", "safe", appsecret="secret", aes_keys=(KEY,))
ACCOUNTS = {account.id: account for account in (SAFE, PLAIN, COMPATIBLE, VERIFIED)}


class StubRasa:
    """Takes the place of Rasa's handler. Answers with `replies`, once `gate` is open; records what it was asked."""

    def __init__(self) -> None:
        self.messages: list[UserMessage] = []
        self.replies: Callable[[str], list[dict[str, Any]]] = lambda text: [{"text": f"答：{text}", "custom": {"kind": "answer"}}]
        self.gate = asyncio.Event()
        self.gate.set()
        self.fault: Optional[Exception] = None

    async def __call__(self, message: UserMessage) -> None:
        self.messages.append(message)
        await self.gate.wait()
        if self.fault:
            raise self.fault
        for reply in self.replies(message.text):
            await message.output_channel.send_response(message.sender_id, reply)

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.messages]


class FakeTencent:
    """api.weixin.qq.com. errcodes: what the next calls of custom/send and menu/create answer, 0 when used up."""

    def __init__(self) -> None:
        self.errcodes: list[int] = []
        self.token_errcode = 0
        self.token_requests: list[dict[str, Any]] = []
        self.issued = 1
        self.invalid: set[str] = set()
        self.sent: list[dict[str, Any]] = []
        self.raw: list[bytes] = []
        self.menus: list[dict[str, Any]] = []
        self.arrived = asyncio.Event()
        self.url = ""

    async def stable_token(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.token_requests.append(body)
        await asyncio.sleep(0)
        if self.token_errcode:
            return web.json_response({"errcode": self.token_errcode, "errmsg": "refused"})
        if body["force_refresh"]:
            self.issued += 1
        return web.json_response({"access_token": f"token-{self.issued}", "expires_in": 7200})

    async def take(self, request: web.Request) -> web.Response:
        data = await request.read()
        errcode = self.errcodes.pop(0) if self.errcodes else 0
        if request.query.get("access_token") in self.invalid or "access_token" not in request.query:
            errcode = 40001
        if errcode == 0:
            self.raw.append(data)
            (self.menus if "menu" in request.path else self.sent).append(json.loads(data))
            self.arrived.set()
        return web.Response(body=json.dumps({"errcode": errcode, "errmsg": "x"}), content_type="text/plain")

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[FakeTencent]:
        app = web.Application()
        app.router.add_post("/cgi-bin/stable_token", self.stable_token)
        app.router.add_post("/cgi-bin/message/custom/send", self.take)
        app.router.add_post("/cgi-bin/menu/create", self.take)
        async with TestServer(app) as server:
            self.url = str(server.make_url("/"))
            yield self


def channel(tencent_url: str = "http://127.0.0.1:9", **settings: Any) -> WechatChannel:
    return WechatChannel(ACCOUNTS, openid_key=OPENID_KEY, jurisdictions=PLACES, api_base=tencent_url, **settings)


@asynccontextmanager
async def serving(wechat: WechatChannel, handler: Callable[[UserMessage], Awaitable[Any]]) -> AsyncIterator[str]:
    """Serve the channel as Rasa does; yields the server's URL."""
    Sanic.test_mode = True  # else Sanic 21.12 rewrites its own methods at each start and fails at the second
    app = Sanic(f"wechat-{uuid4().hex}", configure_logging=False)
    app.blueprint(wechat.blueprint(handler), url_prefix="/webhooks/wechat")
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = await app.create_server(sock=listener, return_asyncio_server=True, access_log=False)
    await server.startup()
    await server.after_start()
    await server.start_serving()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        await server.before_stop()
        await server.close()
        await server.after_stop()
