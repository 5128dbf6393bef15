"""The channel as WeChat meets it: a real server, real signatures and encryption, a stub in Rasa's place."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import re
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, Optional

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wechat_bodies import BODIES
from wechat_fakes import (
    ACCOUNTS,
    COMPATIBLE,
    OPENID_KEY,
    PLACES,
    PLAIN,
    SAFE,
    VERIFIED,
    FakeTencent,
    StubRasa,
    channel,
    serving,
)

from bot.channels.limits import Limits
from bot.channels.turn import SORRY
from bot.channels.wechat.accounts import Account
from bot.channels.wechat.channel import WechatChannel
from bot.channels.wechat.lengths import LIMIT, size
from bot.channels.wechat.messages import JSON
from bot.channels.wechat.openid import hash_openid
from bot.channels.wechat.simulate import Simulator
from bot.channels.wechat.texts import read_texts
from bot.cli import main
from bot.errors import SettingsError
from bot.storage.shared import MemoryShared
from bot.text import MASK

TEXTS = read_texts()


@pytest.fixture
async def rasa() -> StubRasa:
    return StubRasa()


@pytest.fixture
async def wechat() -> WechatChannel:
    return channel()


@pytest.fixture
async def url(rasa: StubRasa, wechat: WechatChannel) -> AsyncIterator[str]:
    async with serving(wechat, rasa) as url:
        yield url


@pytest.mark.parametrize("account", [SAFE, PLAIN, COMPATIBLE])
@pytest.mark.parametrize("form", ["xml", JSON])
async def test_a_question_is_answered_in_each_mode_and_form(url: str, rasa: StubRasa, account: Account, form: str) -> None:
    reply = await Simulator(url, account, form=form).say("社保卡丢了怎么补")
    assert (reply.status, reply.text) == (200, "答：社保卡丢了怎么补")
    assert ("<Encrypt>" in reply.body or '"Encrypt"' in reply.body) == (account is not PLAIN)


async def test_what_rasa_gets(url: str, rasa: StubRasa) -> None:
    await Simulator(url, SAFE, openid="oUser").say("／restart 我的身份证是１１０１０５１９４９１２３１００２Ｘ")
    (message,) = rasa.messages
    assert message.text == f"、restart 我的身份证是{MASK}"
    assert message.sender_id == f"wechat:{hash_openid('oUser', appid=SAFE.appid, key=OPENID_KEY)}"
    assert message.input_channel == "wechat" and message.metadata["jurisdiction"] == "dagang"


async def test_an_account_without_a_place_tells_none(url: str, rasa: StubRasa) -> None:
    await Simulator(url, PLAIN).say("你好")
    assert "jurisdiction" not in rasa.messages[0].metadata


@pytest.mark.parametrize("account", [SAFE, PLAIN])
async def test_the_url_check(url: str, account: Account) -> None:
    reply = await Simulator(url, account).verify()
    assert reply.status == 200 and reply.text == reply.body != ""


async def test_50_users_at_once_with_retries_each_get_their_own_answer_once(url: str, rasa: StubRasa) -> None:
    rasa.gate.clear()

    async def three_tries(user: int) -> set[str]:
        phone = Simulator(url, SAFE, openid=f"oUser{user}")
        head = {"ToUserName": "gh_a", "FromUserName": f"oUser{user}", "CreateTime": 1, "MsgId": user + 1}
        body = phone._body({**head, "MsgType": "text", "Content": f"问题{user}"})
        tries = [asyncio.ensure_future(phone.send(*phone.sealed(body))) for _ in range(3)]
        return {reply.text for reply in await asyncio.gather(*tries)}

    users = [asyncio.ensure_future(three_tries(user)) for user in range(50)]
    while len(rasa.messages) < 50:
        await asyncio.sleep(0.01)
    rasa.gate.set()
    assert await asyncio.gather(*users) == [{f"答：问题{user}"} for user in range(50)]
    assert sorted(rasa.texts) == sorted(f"问题{user}" for user in range(50))


async def test_a_try_whose_connection_was_cut_is_answered_by_the_next(url: str, rasa: StubRasa) -> None:
    rasa.gate.clear()
    asyncio.get_running_loop().call_later(0.3, rasa.gate.set)
    reply = await Simulator(url, SAFE, cut_after=0.2).say("你好")
    assert reply.text == "答：你好" and rasa.texts == ["你好"]


async def test_a_late_answer_comes_by_customer_service(rasa: StubRasa) -> None:
    async with FakeTencent().serving() as tencent, serving(channel(tencent.url, passive_seconds=0.05), rasa) as url:
        rasa.gate.clear()
        reply = await Simulator(url, VERIFIED, openid="oUser").say("你好")
        assert (reply.status, reply.body) == (200, "success")
        assert tencent.sent == []
        rasa.gate.set()
        await asyncio.wait_for(tencent.arrived.wait(), 5)
        assert tencent.sent == [{"touser": "oUser", "msgtype": "text", "text": {"content": "答：你好"}}]
        assert rasa.texts == ["你好"]


@pytest.mark.parametrize("errcode", [45015, 45047, 48001])
async def test_a_late_answer_that_cannot_be_sent_waits_for_more(rasa: StubRasa, errcode: int) -> None:
    async with FakeTencent().serving() as tencent, serving(channel(tencent.url, passive_seconds=0.3), rasa) as url:
        rasa.gate.clear()
        tencent.errcodes = [errcode]
        phone = Simulator(url, VERIFIED)
        assert (await phone.say("你好")).body == "success"
        rasa.gate.set()
        while tencent.errcodes:
            await asyncio.sleep(0.01)
        assert (await phone.say("继续")).text == "答：你好"
        assert (await phone.say("继续")).text == TEXTS.no_more


async def test_without_customer_service_a_late_answer_waits_for_more(rasa: StubRasa) -> None:
    async with serving(channel(passive_seconds=0.2), rasa) as url:
        rasa.gate.clear()
        phone = Simulator(url, SAFE)
        assert (await phone.say("你好")).text == TEXTS.wait
        more = asyncio.ensure_future(phone.say("继续"))
        await asyncio.sleep(0.05)
        rasa.gate.set()
        assert (await more).text == "答：你好"
        assert rasa.texts == ["你好"]


async def test_a_long_answer_is_given_in_pieces(url: str, rasa: StubRasa) -> None:
    sentence = "要带身份证原件和复印件各一份。"
    rasa.replies = lambda text: [
        {"text": sentence * 60},
        {"text": sentence * 60, "buttons": [{"title": "电话", "payload": "电话"}]},
    ]
    phone = Simulator(url, SAFE)
    heard = [(await phone.say("问")).text]
    while heard[-1].endswith(TEXTS.more):
        heard.append((await phone.say("继续")).text)
    assert all(size(text) <= LIMIT for text in heard) and len(heard) == 3
    assert sum(text.count(sentence) for text in heard) == 120
    assert "<a href" in heard[-1] and "<a href" not in heard[0]
    assert (await phone.say("继续")).text == TEXTS.no_more
    assert rasa.texts == ["问"]


async def test_the_options_of_a_question_back_are_links_too(url: str, rasa: StubRasa) -> None:
    options = [{"title": "本人", "value": "本人"}, {"title": "代办", "value": "代办"}]
    rasa.replies = lambda text: [{"text": "谁去办？\n1. 本人\n2. 代办", "custom": {"kind": "clarify", "options": options}}]
    text = (await Simulator(url, SAFE).say("问")).text
    assert text.startswith("谁去办？\n1. 本人\n2. 代办\n<a href=")
    assert 'msgmenucontent=代办&msgmenuid=2">代办</a>' in text


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"MsgType": "image", "PicUrl": "http://x"}, TEXTS.unreadable),
        ({"MsgType": "location", "Location_X": "1"}, TEXTS.unreadable),
        ({"MsgType": "link", "Title": "x"}, TEXTS.unreadable),
        ({"MsgType": "video", "MediaId": "x"}, TEXTS.unreadable),
        ({"MsgType": "voice", "MediaId": "x"}, TEXTS.voice),
        ({"MsgType": "text", "Content": "字" * 2001}, TEXTS.too_long),
        ({"MsgType": "hologram"}, ""),
        ({"MsgType": "event", "Event": "VIEW", "EventKey": "http://x"}, ""),
        ({"MsgType": "event", "Event": "TEMPLATESENDJOBFINISH"}, ""),
    ],
)
async def test_what_is_no_text_does_not_reach_rasa(url: str, rasa: StubRasa, fields: dict[str, str], expected: str) -> None:
    reply = await Simulator(url, SAFE).push(fields)
    assert (reply.status, reply.text) == (200, expected)
    assert bool(expected) or reply.body == "success"
    assert rasa.messages == []


async def test_a_transcribed_voice_and_a_menu_tap_are_questions(url: str, rasa: StubRasa) -> None:
    phone = Simulator(url, SAFE)
    await phone.push({"MsgType": "voice", "MediaId": "x", "Recognition": "社保卡丢了。"})
    await phone.event("CLICK", "card_apply.materials")
    await phone.push({"MsgType": "text", "Content": "代办", "bizmsgmenuid": "2"})
    assert rasa.texts == ["社保卡丢了。", "新办社保卡要带什么材料", "代办"]


async def test_following_is_greeted_with_common_items(url: str, rasa: StubRasa) -> None:
    reply = await Simulator(url, SAFE).event("subscribe")
    assert reply.text.startswith(TEXTS.greeting) and "· 办失业登记要带什么材料" in reply.text and "<a href" in reply.text
    assert rasa.messages == [] and (await Simulator(url, SAFE).event("CLICK", "gone")).text == reply.text


async def test_a_scanned_code_sets_the_place(url: str, rasa: StubRasa) -> None:
    phone = Simulator(url, SAFE)
    assert PLACES["dagu"] in (await phone.event("subscribe", "qrscene_dagu")).text
    await phone.say("失业登记")
    assert rasa.messages[-1].metadata["jurisdiction"] == "dagu"
    reply = await phone.event("SCAN", "dagang")
    assert reply.text == f"{TEXTS.scanned.format(place=PLACES['dagang'])}\n答：我在{PLACES['dagang']}"
    rasa.replies = lambda text: [{"text": "没听懂", "custom": {"kind": "fallback"}}]
    assert (await phone.event("SCAN", "dagu")).text == TEXTS.scanned.format(place=PLACES["dagu"])
    await phone.event("SCAN", "elsewhere")
    await phone.say("失业登记")
    assert rasa.messages[-1].metadata["jurisdiction"] == "dagu"


@pytest.mark.parametrize("fault", [None, RuntimeError("database is gone")])
async def test_who_unsubscribes_is_forgotten_after_the_turn_under_way(
    rasa: StubRasa, fault: Optional[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    order: list[Any] = []

    async def forget(resident: str) -> None:
        order.append(resident)
        if fault:
            raise fault

    rasa.replies = lambda text: order.append(text) or [{"text": "好"}]  # type: ignore[func-returns-value]
    async with serving(channel(forget=forget), rasa) as url:
        phone = Simulator(url, SAFE, openid="oUser")
        await phone.event("subscribe", "qrscene_dagu")
        rasa.gate.clear()
        question = asyncio.ensure_future(phone.say("你好"))
        while not rasa.messages:
            await asyncio.sleep(0.01)
        leaving = asyncio.ensure_future(phone.event("unsubscribe"))
        await asyncio.sleep(0.05)
        assert order == []
        rasa.gate.set()
        await question
        assert (await leaving).body == "success"
        assert order == ["你好", hash_openid("oUser", appid=SAFE.appid, key=OPENID_KEY)]
        assert ("by hand" in caplog.text) == bool(fault)
        await phone.say("再来")
        assert rasa.messages[-1].metadata["jurisdiction"] == "dagang"


async def test_who_writes_too_often_is_told_so_and_retries_do_not_count(rasa: StubRasa) -> None:
    minute, gone = [1_800_000_000.0], []

    async def forget(resident: str) -> None:
        gone.append(resident)

    limited = channel(limits=Limits(MemoryShared(), lambda: minute[0]), per_minute=2, forget=forget)
    async with serving(limited, rasa) as url:
        phone = Simulator(url, SAFE, openid="oUser")
        head = {"ToUserName": "gh_a", "FromUserName": "oUser", "CreateTime": 1, "MsgId": 1, "MsgType": "text"}
        body = phone._body({**head, "Content": "第一句"})
        for _ in range(3):
            assert (await phone.send(*phone.sealed(body))).text == "答：第一句"
        assert (await phone.say("第二句")).text == "答：第二句"
        assert (await phone.say("第三句")).text == TEXTS.too_often
        assert (await Simulator(url, SAFE, openid="oOther").say("别人的")).text == "答：别人的"
        assert rasa.texts == ["第一句", "第二句", "别人的"]
        await phone.event("unsubscribe")
        assert gone == [hash_openid("oUser", appid=SAFE.appid, key=OPENID_KEY)]
        minute[0] += 60
        assert (await phone.say("第四句")).text == "答：第四句"


async def test_a_failed_turn_says_sorry_and_the_log_says_why(url: str, rasa: StubRasa, caplog: pytest.LogCaptureFixture) -> None:
    rasa.fault = RuntimeError("no disk")
    reply = await Simulator(url, SAFE).say("你好")
    assert (reply.status, reply.text) == (200, SORRY) and "no disk" in caplog.text


async def test_nothing_personal_is_logged(url: str, rasa: StubRasa, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="bot")
    rasa.fault = RuntimeError("x")
    phone = Simulator(url, SAFE, openid="oSecretPerson")
    await phone.say("我叫张三")
    arguments, data = phone.sealed("<xml/>")
    await phone.send({**arguments, "msg_signature": "0"}, data)
    await phone.event("unsubscribe")
    assert "oSecretPerson" not in caplog.text and "张三" not in caplog.text and "AAAAA" not in caplog.text


async def test_refused_pushes_get_a_4xx_and_touch_nothing(rasa: StubRasa) -> None:
    forgotten: list[str] = []

    async def forget(resident: str) -> None:
        forgotten.append(resident)

    wechat = channel(forget=forget)
    async with serving(wechat, rasa) as url:
        phone, plain = Simulator(url, SAFE, openid="oUser"), Simulator(url, PLAIN, openid="oUser")
        head = {"ToUserName": "gh_a", "FromUserName": "oUser", "CreateTime": 1}
        body = phone._body({**head, "MsgType": "text", "Content": "你好", "MsgId": 1})
        leave = phone._body({**head, "MsgType": "event", "Event": "unsubscribe"})
        arguments, data = phone.sealed(leave)
        open_arguments, open_data = plain.sealed(leave)
        old_arguments, old_data = phone.sealed(leave, timestamp=1_714_112_445)
        cases = [
            (phone, {**arguments, "msg_signature": "0" * 40}, data, 403),
            (phone, open_arguments, open_data, 403),
            (phone, old_arguments, old_data, 403),
            (phone, arguments, b"x" * 70_000, 413),
            (phone, arguments, b"", 400),
            (phone, {}, data, 400),
            (plain, {**open_arguments, "signature": "0"}, open_data, 403),
            (plain, open_arguments, b"<!DOCTYPE xml>" + open_data, 400),
            (plain, open_arguments, b"<xml></xml>", 400),
            (plain, {**open_arguments, "encrypt_type": "rot13"}, open_data, 400),
            (Simulator(url, Account("nobody", "AAAAA", "wx1", "plain")), open_arguments, open_data, 404),
        ]
        for sender, given_arguments, given_data, status in cases:
            reply = await sender.send(given_arguments, given_data)
            assert reply.status == status and '"error"' in reply.body
        assert not rasa.messages and not forgotten
        assert all(len(shared) == 0 for shared in (wechat._nonces, wechat._answers, wechat._residents))

        arguments, data = plain.sealed(body, nonce="5")
        assert (await plain.send(arguments, data)).text == "答：你好"
        other = plain.sealed(leave, nonce="5")[1]
        assert (await plain.send(arguments, other)).status == 403
        assert rasa.texts == ["你好"] and not forgotten


def test_fuzzed_requests_over_http_never_get_a_5xx() -> None:
    """`WECHAT_FUZZ=10000` is the whole; a refused one leaves nothing behind."""
    loop = asyncio.new_event_loop()
    rasa, wechat = loop.run_until_complete(_stub()), channel()
    server = serving(wechat, rasa)
    url = loop.run_until_complete(server.__aenter__())
    session = loop.run_until_complete(_session())
    statuses: Counter[int] = Counter()

    async def post(path: str, arguments: dict[str, str], body: bytes) -> int:
        async with session.post(f"{url}/webhooks/wechat/{path}", params=arguments, data=body) as response:
            await response.read()
            return response.status

    def traces() -> list[int]:
        return [len(rasa.messages), *(len(shared) for shared in (wechat._nonces, wechat._answers, wechat._residents))]  # type: ignore[arg-type]

    names = st.sampled_from(["signature", "timestamp", "nonce", "msg_signature", "encrypt_type", "echostr"])
    words = st.one_of(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.sampled_from(["aes", "raw", "1714112445"]))
    arguments_ = st.one_of(st.just({}), st.dictionaries(names, words, max_size=6))

    @settings(max_examples=int(os.environ.get("WECHAT_FUZZ", "300")), deadline=None, suppress_health_check=list(HealthCheck))
    @given(BODIES, st.sampled_from([SAFE, PLAIN, COMPATIBLE]), arguments_, st.sampled_from(["signed", "sealed", "no"]))
    def check(body: bytes, account: Account, changed: dict[str, str], signed: str) -> None:
        right: dict[str, str] = {}
        if signed == "sealed" and account is not PLAIN:
            right, body = Simulator(url, account).sealed(body.decode("utf-8", "replace"))
        elif signed != "no":
            right, _ = Simulator(url, account, encrypted=False).sealed("")
        before = traces()
        status = loop.run_until_complete(post(account.id, {**right, **changed}, body))
        statuses[status] += 1
        assert status == 200 or 400 <= status < 500
        assert status == 200 or traces() == before

    try:
        check()
        assert statuses[200] and statuses[400] and statuses[403]
        print(f"{sum(statuses.values())} requests: {dict(statuses)}")
    finally:
        loop.run_until_complete(session.close())
        loop.run_until_complete(server.__aexit__(None, None, None))
        loop.close()


async def _stub() -> StubRasa:
    return StubRasa()


async def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession()


def test_a_wrong_place_or_key_is_refused_at_the_start() -> None:
    with pytest.raises(SettingsError, match="WECHAT_OPENID_KEY"):
        WechatChannel(ACCOUNTS, openid_key="short", jurisdictions=PLACES)
    with pytest.raises(SettingsError, match="dagang"):
        WechatChannel(ACCOUNTS, openid_key=OPENID_KEY, jurisdictions={})


def test_without_accounts_the_channel_is_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WECHAT_ACCOUNTS", "WECHAT_ACCOUNTS_FILE"):
        monkeypatch.delenv(name, raising=False)
    idle = WechatChannel.from_credentials(None)
    assert isinstance(idle, WechatChannel) and idle.accounts == {} and idle.name() == "wechat"


async def test_the_command_line_client(url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name, value in {"": "safe", "_TOKEN": SAFE.token, "_APPID": SAFE.appid, "_AES_KEY": SAFE.aes_keys[0]}.items():
        monkeypatch.setenv(f"WECHAT_SAFE{name}" if name else "WECHAT_ACCOUNTS", value)

    async def bot(*arguments: str) -> tuple[int, str]:
        code = await asyncio.to_thread(main, ["wechat", *arguments])
        out, err = capsys.readouterr()
        return code, out + err

    here = ("--account", "safe", "--url", url)
    code, said = await bot("simulate", *here, "你好", "社保卡丢了怎么补")
    assert code == 0 and re.fullmatch(r"URL check: passed\n答：你好\n  — \d\.\d\d s\n答：社保卡丢了怎么补\n  — .*\n", said)
    code, said = await bot("simulate", *here, "--event", "subscribe", "--key", "qrscene_dagu")
    assert code == 0 and PLACES["dagu"] in said
    monkeypatch.setattr("sys.stdin", io.StringIO("第一句\n\n第二句\n"))
    code, said = await bot("simulate", *here)
    assert code == 0 and said.count("答：") == 2 and "答：第二句" in said
    monkeypatch.setenv("WECHAT_SAFE_TOKEN", "wrong")
    code, said = await bot("simulate", *here, "你好")
    assert code == 1 and "refused: 403" in said and "signature" in said
    code, said = await bot("simulate", "--account", "other", "--url", url, "你好")
    assert code == 2 and "known are safe" in said
    code, said = await bot("simulate", "--account", "safe", "--url", "http://127.0.0.1:9", "你好")
    assert code == 2 and "is the server running" in said
    code, said = await bot("menu", "--account", "safe", "--show")
    assert code == 0 and "card_apply.materials" in said
    code, said = await bot("menu", "--account", "safe")
    assert code == 2 and "appsecret" in said
