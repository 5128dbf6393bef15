"""The body of a passive reply, as XML or JSON, plain or encrypted. Without I/O.

Source: developers.weixin.qq.com, pages 「被动回复用户消息」(Passive_user_reply_message) and 「消息加解密说明」: the reply
is encrypted where the push was, but for the bare word `success`; it repeats the push's nonce with a fresh timestamp.
"""

from __future__ import annotations

import json
import re

from bot.channels.wechat.crypto import MessageCrypto, signature
from bot.channels.wechat.messages import JSON, Message

NOTHING = "success"
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def cdata(text: str) -> str:
    """Return `text` as CDATA that holds for any text: `]]>` is split over two sections, what XML forbids is left out."""
    return f"<![CDATA[{_NOT_XML.sub('', text).replace(']]>', ']]]]><![CDATA[>')}]]>"


def text_reply(message: Message, text: str, now: int, form: str) -> str:
    """Return the body that answers `message` with `text`. now: seconds since 1970. form: messages.XML or messages.JSON."""
    if form == JSON:
        fields = {"ToUserName": message.user, "FromUserName": message.account, "CreateTime": now, "MsgType": "text"}
        return json.dumps({**fields, "Content": text}, ensure_ascii=False)
    return (
        f"<xml><ToUserName>{cdata(message.user)}</ToUserName><FromUserName>{cdata(message.account)}</FromUserName>"
        f"<CreateTime>{now}</CreateTime><MsgType>{cdata('text')}</MsgType><Content>{cdata(text)}</Content></xml>"
    )


def sealed_reply(body: str, crypto: MessageCrypto, aes_key: str, nonce: str, now: int, form: str) -> str:
    """Return `body` encrypted with the key of the push and signed. nonce: the push's own."""
    encrypted = crypto.encrypt(body, aes_key)
    signed = signature(crypto.token, str(now), nonce, encrypted)
    if form == JSON:
        return json.dumps({"Encrypt": encrypted, "MsgSignature": signed, "TimeStamp": now, "Nonce": nonce})
    return (
        f"<xml><Encrypt>{cdata(encrypted)}</Encrypt><MsgSignature>{cdata(signed)}</MsgSignature>"
        f"<TimeStamp>{now}</TimeStamp><Nonce>{cdata(nonce)}</Nonce></xml>"
    )
