"""One push, proven and read; and the body that answers it. Without I/O.

A push is refused unless its moment, signature, key and appid are right; the channel then asks the ReplayGuard whether its
nonce is new. In safe mode a plain push is refused too, as its signature does not cover the body.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Optional

from bot.channels.wechat.accounts import PLAIN, SAFE, Account
from bot.channels.wechat.errors import ForgedError, MalformedError, OversizedError
from bot.channels.wechat.messages import MAX_BODY, Message, parse_fields, read_message
from bot.channels.wechat.replay import check_moment
from bot.channels.wechat.reply_body import sealed_reply, text_reply

MAX_ARGUMENT = 256


@dataclass(frozen=True)
class Push:
    """form: messages.XML or messages.JSON. aes_key: the EncodingAESKey that fitted, None for a plain push."""

    message: Message
    form: str
    timestamp: str
    nonce: str
    aes_key: Optional[str]


def check_url(account: Account, arguments: Mapping[str, str], now: float) -> str:
    """Return the echostr that answers the console's URL check. Raises ForgedError, MalformedError."""
    signature, timestamp, nonce, echo = (_argument(arguments, name) for name in ("signature", "timestamp", "nonce", "echostr"))
    account.crypto.check_plain(signature, timestamp, nonce)
    check_moment(timestamp, now)
    return echo


def open_push(account: Account, arguments: Mapping[str, str], body: bytes, now: float) -> Push:
    """Return the push. arguments: of the URL. now: seconds since 1970.

    Raises ForgedError (403), MalformedError (400), OversizedError (413).
    """
    if len(body) > MAX_BODY:
        raise OversizedError(f"the body has {len(body)} bytes; at most {MAX_BODY} are taken")
    timestamp, nonce = _argument(arguments, "timestamp"), _argument(arguments, "nonce")
    kind = arguments.get("encrypt_type", "") or "raw"
    if kind not in ("raw", "aes"):
        raise MalformedError("encrypt_type must be aes, raw or missing")
    if account.mode == (SAFE if kind == "raw" else PLAIN):
        raise ForgedError(f"the push does not fit mode {account.mode} of account {account.id}; set the mode of the console")
    check_moment(timestamp, now)
    aes_key = None
    if kind == "raw":
        account.crypto.check_plain(_argument(arguments, "signature"), timestamp, nonce)
        fields, form = parse_fields(body)
    else:
        given = _argument(arguments, "msg_signature")
        envelope, form = parse_fields(body)
        account.crypto.check_encrypted(given, timestamp, nonce, envelope.get("Encrypt", ""))
        inner, aes_key = account.crypto.decrypt(envelope.get("Encrypt", ""))
        fields, form = parse_fields(inner.encode("utf-8"))
    return Push(read_message(fields), form, timestamp, nonce, aes_key)


def reply_to(push: Push, account: Account, text: str, now: int) -> str:
    """Return the body that answers `push` with `text`, in its own form, encrypted if it was. now: seconds since 1970."""
    body = text_reply(push.message, text, now, push.form)
    if push.aes_key is None:
        return body
    return sealed_reply(body, account.crypto, push.aes_key, push.nonce, now, push.form)


def _argument(arguments: Mapping[str, str], name: str) -> str:
    value = arguments.get(name, "")
    if not value or len(value) > MAX_ARGUMENT:
        raise MalformedError(f"the URL needs {name}, of 1 to {MAX_ARGUMENT} characters")
    return value
