"""Nothing but a genuine, fresh push gets through; 500 fuzzed bodies find no way and no fault."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wechat_bodies import BODIES, BODY, NOW, ONE
from wechat_fakes import COMPATIBLE, KEY, OLD_KEY, PLAIN, SAFE

from bot.channels.wechat.accounts import Account
from bot.channels.wechat.crypto import MessageCrypto, signature
from bot.channels.wechat.errors import ForgedError, MalformedError, OversizedError
from bot.channels.wechat.messages import JSON, Text, parse_fields
from bot.channels.wechat.push import Push, check_url, open_push, reply_to
from bot.channels.wechat.replay import ReplayGuard
from bot.channels.wechat.simulate import Simulator
from bot.errors import RequestError
from bot.storage.shared import MemoryShared


@pytest.fixture
def guard() -> ReplayGuard:
    return ReplayGuard(MemoryShared())


def sealed(
    account: Account, body: str = ONE, *, timestamp: int = NOW, nonce: str = "7", **keywords: bool
) -> tuple[dict[str, str], bytes]:
    return Simulator("http://unused", account, **keywords).sealed(body, timestamp=timestamp, nonce=nonce)


@pytest.mark.parametrize(("account", "encrypted"), [(SAFE, True), (PLAIN, False), (COMPATIBLE, True), (COMPATIBLE, False)])
def test_each_mode(account: Account, encrypted: bool) -> None:
    push = open_push(account, *sealed(account, encrypted=encrypted), NOW)
    assert push.message == Text("oUser", "gh_a", 1, "1", content="你好")
    assert push.aes_key == (KEY if encrypted else None)


@pytest.mark.parametrize(("account", "encrypted"), [(SAFE, False), (PLAIN, True)])
def test_a_push_of_another_mode_is_refused(account: Account, encrypted: bool) -> None:
    sender = dataclasses.replace(account, aes_keys=(KEY,))
    with pytest.raises(ForgedError, match="mode"):
        open_push(account, *sealed(sender, encrypted=encrypted), NOW)


def test_the_official_push_of_the_documentation() -> None:
    from test_wechat_crypto import V1_PUSH

    arguments = {
        "signature": "6c5c811b55cc85e0e1b54100749188c20beb3f5d",
        "timestamp": "1714112445",
        "nonce": "415670741",
        "encrypt_type": "aes",
        "msg_signature": "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
    }
    body = f'{{"ToUserName":"gh_97417a04a28d","Encrypt":"{V1_PUSH}"}}'.encode()
    push = open_push(SAFE, arguments, body, NOW)
    assert push.form == JSON and push.message.user == "o9AgO5Kd5ggOC-bXrbNODIiE3bGY"
    assert "Encrypt" in reply_to(push, SAFE, "好", NOW)


def test_the_url_check_of_the_documentation() -> None:
    arguments = {
        "signature": "f464b24fc39322e44b38aa78f5edd27bd1441696",
        "timestamp": "1714036504",
        "nonce": "1514711492",
        "echostr": "4375120948345356249",
    }
    assert check_url(SAFE, arguments, 1714036504) == "4375120948345356249"
    with pytest.raises(ForgedError, match="clock"):
        check_url(SAFE, arguments, 1714036504 + 301)
    with pytest.raises(ForgedError, match="token"):
        check_url(SAFE, {**arguments, "nonce": "1"}, 1714036504)


@pytest.mark.parametrize("drop", ["timestamp", "nonce", "msg_signature"])
def test_a_missing_argument_is_named(drop: str) -> None:
    arguments, body = sealed(SAFE)
    with pytest.raises(MalformedError, match=drop):
        open_push(SAFE, {key: value for key, value in arguments.items() if key != drop}, body, NOW)


@pytest.mark.parametrize(
    "change", [{"msg_signature": "0" * 40}, {"nonce": "8"}, {"timestamp": str(NOW + 1)}, {"msg_signature": "é"}]
)
def test_a_forged_push_is_refused(change: dict[str, str]) -> None:
    arguments, body = sealed(SAFE)
    with pytest.raises(ForgedError):
        open_push(SAFE, {**arguments, **change}, body, NOW)


def test_signature_alone_does_not_do_for_an_encrypted_push() -> None:
    arguments, _ = sealed(SAFE)
    other = sealed(SAFE, BODY.format(id=2))[1]
    with pytest.raises(ForgedError, match="msg_signature"):
        open_push(SAFE, {**arguments, "msg_signature": arguments["signature"]}, other, NOW)


def test_another_accounts_appid_is_refused() -> None:
    other = dataclasses.replace(SAFE, appid="wx0000000000000000")
    with pytest.raises(ForgedError, match="another appid"):
        open_push(SAFE, *sealed(other), NOW)


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_push_older_or_newer_than_300_s_is_refused(sign: int) -> None:
    with pytest.raises(ForgedError, match="300 s"):
        open_push(SAFE, *sealed(SAFE), NOW + sign * 301)
    assert open_push(SAFE, *sealed(SAFE), NOW + sign * 300)


async def take(guard: ReplayGuard, account: Account, body: str = ONE, *, now: int = NOW, nonce: str = "7") -> None:
    push = open_push(account, *sealed(account, body, nonce=nonce), now)
    await guard.check_first(f"{account.id} {push.timestamp} {push.nonce}", repr(push.message), now)


async def test_a_nonce_is_good_for_one_message(guard: ReplayGuard) -> None:
    await take(guard, PLAIN)
    with pytest.raises(ForgedError, match="used before"):
        await take(guard, PLAIN, BODY.format(id=2))
    await take(guard, PLAIN, BODY.format(id=2), nonce="8")


async def test_wechats_own_retries_pass_and_a_later_replay_does_not(guard: ReplayGuard) -> None:
    for second in (0, 5, 10):
        await take(guard, PLAIN, now=NOW + second)
    with pytest.raises(ForgedError):
        await take(guard, PLAIN, now=NOW + 15)
    await take(guard, SAFE)
    with pytest.raises(ForgedError):
        await take(guard, SAFE, now=NOW + 31)


def test_an_oversized_body_is_refused() -> None:
    with pytest.raises(OversizedError):
        open_push(SAFE, sealed(SAFE)[0], b"x" * 70_000, NOW)


def test_the_reply_is_sealed_with_the_key_that_fitted() -> None:
    before = dataclasses.replace(SAFE, aes_keys=(OLD_KEY,))
    push = open_push(SAFE, *sealed(before), NOW)
    fields, _ = parse_fields(reply_to(push, SAFE, "好]]>", NOW + 1).encode())
    assert fields["Nonce"] == "7" and fields["TimeStamp"] == str(NOW + 1)
    assert fields["MsgSignature"] == signature(SAFE.token, str(NOW + 1), "7", fields["Encrypt"])
    inner, key = MessageCrypto(SAFE.token, SAFE.appid, (OLD_KEY,)).decrypt(fields["Encrypt"])
    assert key == OLD_KEY and parse_fields(inner.encode())[0]["Content"] == "好]]>"


@settings(max_examples=500, deadline=None)
@given(BODIES, st.sampled_from([SAFE, PLAIN, COMPATIBLE]), st.booleans())
def test_500_fuzzed_bodies_with_right_signatures(body: bytes, account: Account, inner: bool) -> None:
    if inner and account is not PLAIN:
        arguments, sent = sealed(account, body.decode("utf-8", "replace"))
    else:
        arguments, sent = sealed(account, encrypted=False)[0], body
    try:
        push = open_push(account, arguments, sent, NOW)
    except RequestError as error:
        assert 400 <= error.status < 500
    else:
        assert isinstance(push, Push)
        assert reply_to(push, account, "好", NOW)
