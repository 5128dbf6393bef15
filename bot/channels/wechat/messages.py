"""What WeChat pushes, read into frozen dataclasses. Without I/O.

Source: developers.weixin.qq.com, pages 「接收普通消息」(Receiving_standard_messages), 「接收事件推送」
(Receiving_event_pushes), 「消息推送」(message-push, body as XML or JSON). The body is read before an encrypted push can be
proven genuine, so it is small, flat and without DOCTYPE or entities.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from bot.channels.wechat.errors import MalformedError, OversizedError

MAX_BODY = 64 * 1024
XML, JSON = "xml", "json"
_NAME = re.compile(r"[\w.@\-]{1,128}")
_SCENE = "qrscene_"


@dataclass(frozen=True)
class Message:
    """Common to all pushes. user: the resident's openid. account: the account's own original id (gh_…).

    created: seconds since 1970. id: MsgId, "" for events.
    """

    user: str
    account: str
    created: int
    id: str


@dataclass(frozen=True)
class Text(Message):
    """menu_id: bizmsgmenuid where the resident tapped a link of a menu message, else ""."""

    content: str
    menu_id: str = ""


@dataclass(frozen=True)
class Voice(Message):
    """recognition: Tencent's transcript; "" as a rule, the service is being withdrawn."""

    recognition: str = ""


@dataclass(frozen=True)
class Attachment(Message):
    """kind: image, video, shortvideo, location, link, file."""

    kind: str


@dataclass(frozen=True)
class Subscribe(Message):
    """scene: what the scanned code carries, "" without a code."""

    scene: str = ""


@dataclass(frozen=True)
class Unsubscribe(Message):
    """Whoever gets this must delete all that is kept of the resident (page 「关注/取消关注事件」)."""


@dataclass(frozen=True)
class Scan(Message):
    """A follower scanned a code with parameters. scene: what it carries."""

    scene: str


@dataclass(frozen=True)
class Click(Message):
    """key: the key of the tapped menu button."""

    key: str


@dataclass(frozen=True)
class Unknown(Message):
    """Any other type or event. kind: its MsgType, or "event/" and its Event."""

    kind: str


def parse_fields(body: bytes) -> tuple[dict[str, str], str]:
    """Return (the flat fields of a body, its format `XML` or `JSON`); nested fields are left out.

    Raises OversizedError above `MAX_BODY` bytes, MalformedError for anything but one XML element or JSON object.
    """
    if len(body) > MAX_BODY:
        raise OversizedError(f"the body has {len(body)} bytes; at most {MAX_BODY} are taken")
    if body.lstrip().startswith(b"{"):
        return _json_fields(body), JSON
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise MalformedError("the body is neither XML (without DOCTYPE) nor a JSON object") from error
    if root.tag != "xml":
        raise MalformedError("the root element must be <xml>")
    return {child.tag: child.text or "" for child in root if len(child) == 0}, XML


def _json_fields(body: bytes) -> dict[str, str]:
    try:
        content: Any = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise MalformedError("the body is not JSON in UTF-8") from error
    fields = {key: str(value) for key, value in content.items() if isinstance(value, (str, int)) and value is not True}
    return {_sound(key): _sound(value) for key, value in fields.items()}


def _sound(text: str) -> str:
    """Leave out lone surrogates, which JSON can write and UTF-8 cannot."""
    return text.encode("utf-8", "ignore").decode("utf-8")


def read_message(fields: dict[str, str]) -> Message:
    """Return the message that the (decrypted) fields make; `Unknown` for a type that is not handled.

    Raises MalformedError where FromUserName, ToUserName, CreateTime or MsgType is missing or cannot be meant.
    """
    user, account = fields.get("FromUserName", "").strip(), fields.get("ToUserName", "").strip()
    created, kind = fields.get("CreateTime", "").strip(), fields.get("MsgType", "").strip().lower()
    if not _NAME.fullmatch(user) or not _NAME.fullmatch(account):
        raise MalformedError("FromUserName and ToUserName must be ids of 1 to 128 characters")
    if not re.fullmatch(r"[0-9]{1,12}", created):
        raise MalformedError("CreateTime must be seconds since 1970")
    if not kind:
        raise MalformedError("MsgType is missing")
    common = (user, account, int(created), fields.get("MsgId", "").strip()[:64])
    if kind == "event":
        return _event(common, fields)
    if kind == "text":
        return Text(*common, content=fields.get("Content", ""), menu_id=fields.get("bizmsgmenuid", ""))
    if kind == "voice":
        return Voice(*common, recognition=fields.get("Recognition", "").strip())
    if kind in ("image", "video", "shortvideo", "location", "link", "file"):
        return Attachment(*common, kind=kind)
    return Unknown(*common, kind=kind[:64])


def _event(common: tuple[str, str, int, str], fields: dict[str, str]) -> Message:
    event, key = fields.get("Event", "").strip().lower(), fields.get("EventKey", "").strip()
    scene = key[len(_SCENE) :] if key.startswith(_SCENE) else key
    if event == "subscribe":
        return Subscribe(*common, scene=scene)
    if event == "unsubscribe":
        return Unsubscribe(*common)
    if event == "scan":
        return Scan(*common, scene=scene)
    if event == "click":
        return Click(*common, key=key)
    return Unknown(*common, kind=f"event/{event[:64]}")


def identity(message: Message) -> tuple[str, ...]:
    """Return what is the same in all tries of one push and in no other push.

    Messages: MsgId. Events: FromUserName and CreateTime (page 「被动回复用户消息」), and the event's own fields, as two
    different events may come in one second.
    """
    if message.id:
        return (message.user, message.id)
    return (message.user, str(message.created), repr(message))
