"""What can be wrong with a push or with a call to Tencent.

RequestError (bot.errors)   a 4xx answer; nothing was touched
├── MalformedError    400   not a WeChat body
├── ForgedError       403   the signature, the key, the appid or the moment is wrong
└── OversizedError    413   the body is too large
BotError (bot.errors)
├── WechatApiError          Tencent refused a call; carries the errcode
└── OverloadedError         more turns under way than this process takes
"""

from __future__ import annotations

from bot.errors import BotError, RequestError


class MalformedError(RequestError):
    """The body is not one that WeChat sends."""


class ForgedError(RequestError):
    """The push was not proven to come from WeChat, for this account, now, for the first time."""

    status = 403


class OversizedError(RequestError):
    """The body is larger than any push of WeChat."""

    status = 413


class WechatApiError(BotError):
    """A call to api.weixin.qq.com was refused; `errcode` is Tencent's, -2 if the server was not reached."""

    UNREACHABLE = -2

    def __init__(self, errcode: int, message: str) -> None:
        super().__init__(message)
        self.errcode = errcode


class OverloadedError(BotError):
    """More turns are under way than this process takes."""
