"""WeChat's side of the protocol: signs, encrypts, pushes again after five seconds, checks and opens the reply.

For tests, and for trying an account out without Tencent and without a phone: `bot wechat simulate`.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Optional

import aiohttp

from bot.channels.wechat.accounts import PLAIN, Account, read_accounts
from bot.channels.wechat.crypto import signature
from bot.channels.wechat.messages import JSON, XML, parse_fields
from bot.channels.wechat.reply_body import NOTHING, cdata
from bot.errors import BotError, SettingsError

CUT_AFTER = 5.0
TRIES = 3
OFFICIAL_ID = "gh_simulated"


@dataclass(frozen=True)
class Reply:
    """text: what the resident sees, "" for none. status, body: of the HTTP answer. seconds: of the last try. tries: made."""

    status: int
    text: str
    body: str
    seconds: float = 0.0
    tries: int = 1


class Simulator:
    """One resident of one account. url: of the server, without path. form: messages.XML or messages.JSON.

    cut_after: seconds after which a try is given up. tries: of one push at most. encrypted: None as the mode says.
    """

    def __init__(
        self,
        url: str,
        account: Account,
        *,
        openid: str = "oSimulatedResident0000000001",
        form: str = XML,
        encrypted: Optional[bool] = None,
        cut_after: float = CUT_AFTER,
        tries: int = TRIES,
    ) -> None:
        self._url, self._account = f"{url.rstrip('/')}/webhooks/wechat/{account.id}", account
        self._openid, self._form = openid, form
        self._encrypted = account.mode != PLAIN if encrypted is None else encrypted
        self._cut_after, self._tries = cut_after, tries

    async def verify(self) -> Reply:
        """Check the URL as the console does; the reply's text is the echo."""
        arguments = {**self._signed(str(int(time.time())), secrets.token_hex(5)), "echostr": str(secrets.randbelow(10**19))}
        async with _answers(self._url), aiohttp.ClientSession() as session:
            async with session.get(self._url, params=arguments) as response:
                body = await response.text()
        return Reply(response.status, body if body == arguments["echostr"] else "", body)

    async def say(self, text: str) -> Reply:
        """Send a text message."""
        return await self.push({"MsgType": "text", "Content": text})

    async def event(self, event: str, key: str = "") -> Reply:
        """Send an event: subscribe, unsubscribe, SCAN, CLICK; key: its EventKey."""
        return await self.push({"MsgType": "event", "Event": event, "EventKey": key})

    async def push(self, fields: dict[str, Any]) -> Reply:
        """Send `fields` with those that every push has, up to `tries` times; each try is signed anew.

        Raises BotError where no try is answered in time, or a reply is not signed or encrypted rightly.
        """
        common = {"ToUserName": OFFICIAL_ID, "FromUserName": self._openid, "CreateTime": int(time.time())}
        if fields.get("MsgType") != "event":
            common["MsgId"] = secrets.randbelow(10**18)
        body = self._body({**common, **fields})
        for number in range(1, self._tries + 1):
            arguments, data = self.sealed(body)
            try:
                return replace(await self.send(arguments, data), tries=number)
            except asyncio.TimeoutError:
                continue
        raise BotError(f"{self._url} did not answer within {self._cut_after} s, {self._tries} times")

    async def send(self, arguments: dict[str, str], data: bytes) -> Reply:
        """Send one try as it is and open the reply. Raises asyncio.TimeoutError, BotError."""
        timeout = aiohttp.ClientTimeout(total=self._cut_after)
        begun = time.monotonic()
        async with _answers(self._url), aiohttp.ClientSession(timeout=timeout) as session:
            async with session.post(self._url, params=arguments, data=data) as response:
                body = await response.text()
        seconds = time.monotonic() - begun
        return Reply(response.status, self._open(body) if response.status == 200 else "", body, seconds)

    def sealed(self, body: str, *, timestamp: Optional[int] = None, nonce: str = "") -> tuple[dict[str, str], bytes]:
        """Return (arguments of the URL, body) of one try."""
        moment, nonce = str(timestamp or int(time.time())), nonce or str(secrets.randbelow(10**10))
        arguments = {**self._signed(moment, nonce), "openid": self._openid}
        if not self._encrypted:
            return arguments, body.encode("utf-8")
        encrypted = self._account.crypto.encrypt(body)
        signed = signature(self._account.token, moment, nonce, encrypted)
        envelope = self._body({"ToUserName": OFFICIAL_ID, "Encrypt": encrypted})
        return {**arguments, "encrypt_type": "aes", "msg_signature": signed}, envelope.encode("utf-8")

    def _signed(self, timestamp: str, nonce: str) -> dict[str, str]:
        return {"signature": signature(self._account.token, timestamp, nonce), "timestamp": timestamp, "nonce": nonce}

    def _body(self, fields: dict[str, Any]) -> str:
        if self._form == JSON:
            return json.dumps(fields, ensure_ascii=False)
        return "<xml>" + "".join(f"<{name}>{cdata(str(value))}</{name}>" for name, value in fields.items()) + "</xml>"

    def _open(self, body: str) -> str:
        if body in ("", NOTHING):
            return ""
        fields, _ = parse_fields(body.encode("utf-8"))
        if self._encrypted:
            self._account.crypto.check_encrypted(fields["MsgSignature"], fields["TimeStamp"], fields["Nonce"], fields["Encrypt"])
            fields, _ = parse_fields(self._account.crypto.decrypt(fields["Encrypt"])[0].encode("utf-8"))
        if fields.get("MsgType") != "text" or fields.get("ToUserName") != self._openid:
            raise BotError(f"the reply is no text for the resident: {sorted(fields)}")
        return fields["Content"]


@asynccontextmanager
async def _answers(url: str) -> AsyncIterator[None]:
    """Turn a failed connection into a BotError that names the server."""
    try:
        yield
    except aiohttp.ClientError as error:
        raise BotError(f"{url} cannot be reached ({type(error).__name__}); is the server running?") from error


def simulator(url: str, account: str, *, openid: str, accounts_file: Optional[Path] = None) -> Simulator:
    """Return a resident of the account with this id. Raises SettingsError where the settings (read_accounts) name none."""
    accounts = read_accounts(os.environ, accounts_file)
    if account not in accounts:
        raise SettingsError(f"account «{account}» is unknown; known are {', '.join(accounts) or 'none'} (docs/wechat.md)")
    return Simulator(url, accounts[account], openid=openid)
