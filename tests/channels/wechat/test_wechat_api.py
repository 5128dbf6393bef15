"""Token, customer service and menu, against a server that answers like Tencent's."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator

import pytest
from wechat_fakes import VERIFIED, FakeTencent

from bot.channels.wechat.access_token import AccessToken
from bot.channels.wechat.api import WechatApi
from bot.channels.wechat.customer_service import Delivery, send_text
from bot.channels.wechat.errors import WechatApiError
from bot.channels.wechat.lengths import size
from bot.channels.wechat.menu import read_menu
from bot.channels.wechat.publish_menu import publish_menu
from bot.storage.shared import MemoryShared


@pytest.fixture
async def tencent() -> AsyncIterator[FakeTencent]:
    async with FakeTencent().serving() as server:
        yield server


@pytest.fixture
async def api(tencent: FakeTencent) -> AsyncIterator[WechatApi]:
    api = WechatApi(VERIFIED, base=tencent.url, busy_pause=0)
    yield api
    await api.close()


async def test_50_calls_at_once_fetch_one_token(api: WechatApi, tencent: FakeTencent) -> None:
    done = await asyncio.gather(*(send_text(api, "oUser", "好") for _ in range(50)))
    assert set(done) == {Delivery.SENT} and len(tencent.sent) == 50
    assert tencent.token_requests == [
        {"grant_type": "client_credential", "appid": VERIFIED.appid, "secret": "secret", "force_refresh": False}
    ]


async def test_the_message_is_written_in_utf_8_not_in_escapes(api: WechatApi, tencent: FakeTencent) -> None:
    await send_text(api, "oUser", "社保卡")
    assert tencent.sent == [{"touser": "oUser", "msgtype": "text", "text": {"content": "社保卡"}}]
    assert "社保卡".encode() in tencent.raw[0]


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
async def test_a_stale_token_is_renewed_and_the_call_repeated(api: WechatApi, tencent: FakeTencent, errcode: int) -> None:
    await send_text(api, "oUser", "一")
    tencent.errcodes = [errcode]
    assert await send_text(api, "oUser", "二") is Delivery.SENT
    assert [request["force_refresh"] for request in tencent.token_requests] == [False, False, True]


async def test_a_token_renewed_elsewhere_is_not_forced(api: WechatApi, tencent: FakeTencent) -> None:
    await send_text(api, "oUser", "一")
    tencent.invalid, tencent.issued = {"token-1"}, 2
    done = await asyncio.gather(*(send_text(api, "oUser", "二") for _ in range(10)))
    assert set(done) == {Delivery.SENT}
    assert [request["force_refresh"] for request in tencent.token_requests] == [False, False]


async def test_a_token_that_stays_invalid_ends_in_an_error(api: WechatApi, tencent: FakeTencent) -> None:
    tencent.errcodes = [40001] * 9
    with pytest.raises(WechatApiError) as caught:
        await send_text(api, "oUser", "一")
    assert caught.value.errcode == 40001 and len(tencent.errcodes) == 7


@pytest.mark.parametrize(("errcode", "delivery"), [(45015, Delivery.OUT_OF_TIME), (45047, Delivery.OUT_OF_QUOTA)])
async def test_what_cannot_be_delivered_is_no_error(api: WechatApi, tencent: FakeTencent, errcode: int, delivery: Delivery) -> None:
    tencent.errcodes = [errcode]
    assert await send_text(api, "oUser", "好") is delivery


async def test_too_long_is_sent_by_half_once(api: WechatApi, tencent: FakeTencent) -> None:
    tencent.errcodes = [45002]
    assert await send_text(api, "oUser", "要带身份证。" * 200) is Delivery.SHORTENED
    assert size(tencent.sent[0]["text"]["content"]) <= 1000
    tencent.errcodes = [45002, 45002]
    assert await send_text(api, "oUser", "要带身份证。" * 200) is Delivery.TOO_LONG


async def test_a_busy_server_is_asked_again(api: WechatApi, tencent: FakeTencent) -> None:
    tencent.errcodes = [-1]
    assert await send_text(api, "oUser", "好") is Delivery.SENT


@pytest.mark.parametrize(("errcode", "hint"), [(40164, "whitelist"), (40125, "appsecret"), (99999, "docs/wechat.md")])
async def test_a_refused_token_is_named_and_not_asked_for_again_at_once(
    api: WechatApi, tencent: FakeTencent, errcode: int, hint: str
) -> None:
    tencent.token_errcode = errcode
    for _ in range(3):
        with pytest.raises(WechatApiError, match=hint) as caught:
            await send_text(api, "oUser", "好")
        assert caught.value.errcode == errcode and "secret=" not in str(caught.value)
    assert len(tencent.token_requests) == 1


async def test_no_server_is_an_error_without_url_and_token() -> None:
    api = WechatApi(VERIFIED, base="http://127.0.0.1:9")
    with pytest.raises(WechatApiError) as caught:
        await send_text(api, "oUser", "好")
    await api.close()
    assert caught.value.errcode == WechatApiError.UNREACHABLE and "127.0.0.1" not in str(caught.value)


async def test_a_token_is_renewed_before_it_ends() -> None:
    now, fetched = [0.0], []

    async def post(path: str, body: dict[str, object]) -> dict[str, object]:
        fetched.append(now[0])
        return {"access_token": f"token-{len(fetched)}", "expires_in": 7200}

    token = AccessToken(post, appid="wx1", appsecret="s", shared=MemoryShared(clock=lambda: now[0]))
    for moment, expected in ((0, "token-1"), (6899, "token-1"), (6900, "token-2"), (6901, "token-2")):
        now[0] = moment
        assert await token.get() == expected


async def test_the_menu_is_published(api: WechatApi, tencent: FakeTencent) -> None:
    await publish_menu(api, read_menu())
    buttons = tencent.menus[0]["button"]
    assert len(buttons) == 3 and all(1 <= len(button["sub_button"]) <= 5 for button in buttons)
    assert buttons[0]["sub_button"][0] == {"type": "click", "name": "办社保卡", "key": "card_apply.materials"}


def test_an_account_shows_no_secret() -> None:
    account = dataclasses.replace(VERIFIED, appsecret="hush")
    assert "hush" not in repr(account) and "AAAAA" not in repr(account)
