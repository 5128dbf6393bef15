"""Late answers as customer-service messages.

Source: developers.weixin.qq.com, page 「发送客服消息」(api_sendcustommessage): a resident's message allows 5 of them within 48
hours, a menu tap, following or scanning 3 within one minute; so one answer is one message, and the rest waits for 「继续」.
"""

from __future__ import annotations

import enum

from bot.channels.wechat.api import WechatApi
from bot.channels.wechat.errors import WechatApiError
from bot.channels.wechat.lengths import LIMIT, cut

PATH = "/cgi-bin/message/custom/send"
TOO_LONG, OUT_OF_TIME, OUT_OF_QUOTA = 45002, 45015, 45047


class Delivery(enum.Enum):
    """SENT; SHORTENED (45002, so the first half was sent); TOO_LONG (45002 even so); OUT_OF_TIME (45015: the window is
    over, or unsubscribed); OUT_OF_QUOTA (45047)."""

    SENT = "sent"
    SHORTENED = "shortened"
    TOO_LONG = "too long"
    OUT_OF_TIME = "out of time"
    OUT_OF_QUOTA = "out of quota"


async def send_text(api: WechatApi, openid: str, text: str, *, limit: int = LIMIT) -> Delivery:
    """Send `text`, cut to `limit` bytes. Raises WechatApiError for refusals that `Delivery` does not name."""
    for most, done in ((limit, Delivery.SENT), (limit // 2, Delivery.SHORTENED)):
        try:
            await api.call(PATH, {"touser": openid, "msgtype": "text", "text": {"content": cut(text, most).text}})
            return done
        except WechatApiError as error:
            if error.errcode == OUT_OF_TIME:
                return Delivery.OUT_OF_TIME
            if error.errcode == OUT_OF_QUOTA:
                return Delivery.OUT_OF_QUOTA
            if error.errcode != TOO_LONG:
                raise
    return Delivery.TOO_LONG
