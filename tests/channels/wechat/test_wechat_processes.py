"""Two processes of one server, which share a Redis: it does not matter which of them a push reaches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis
from wechat_fakes import PLAIN, SAFE, VERIFIED, FakeTencent, StubRasa, channel, serving

from bot.channels.wechat.accounts import Account
from bot.channels.wechat.simulate import Simulator
from bot.channels.wechat.texts import read_texts

TEXTS = read_texts()


@dataclass
class Two:
    """rasa: the one behind both processes. forgotten: the residents that the server was told to forget."""

    urls: list[str]
    rasa: StubRasa
    redis: Redis[str]
    forgotten: list[str]

    def phones(self, account: Account = SAFE, openid: str = "oUser") -> list[Simulator]:
        return [Simulator(url, account, openid=openid) for url in self.urls]


Start = Callable[..., "asyncio.Future[Two]"]


@pytest.fixture
async def start(redis_url: str) -> AsyncIterator[Start]:
    redis = Redis.from_url(redis_url, decode_responses=True)
    await redis.flushall()
    async with AsyncExitStack() as stack:

        async def start(tencent_url: str = "http://127.0.0.1:9", passive_seconds: float = 4.5) -> Two:
            rasa, forgotten = StubRasa(), []

            async def forget(resident: str) -> None:
                forgotten.append(resident)

            urls = []
            for _ in range(2):
                one = channel(tencent_url, redis_url=redis_url, forget=forget, passive_seconds=passive_seconds)
                urls.append(await stack.enter_async_context(serving(one, rasa)))
            return Two(urls, rasa, redis, forgotten)

        yield start  # type: ignore[misc]
    await redis.close()


async def test_a_retry_at_the_other_process_gets_the_same_answer(start: Start) -> None:
    two = await start()
    two.rasa.gate.clear()
    one, other = two.phones()
    body = one._body(
        {"ToUserName": "gh_a", "FromUserName": "oUser", "CreateTime": 1, "MsgType": "text", "Content": "问", "MsgId": 1}
    )
    tries = [asyncio.ensure_future(phone.send(*phone.sealed(body))) for phone in (one, other, one)]
    await asyncio.sleep(0.3)
    two.rasa.gate.set()
    assert [reply.text for reply in await asyncio.gather(*tries)] == ["答：问"] * 3
    assert (await other.send(*other.sealed(body))).text == "答：问"
    assert two.rasa.texts == ["问"]


async def test_the_rest_of_an_answer_and_the_place_are_known_to_both(start: Start) -> None:
    two = await start()
    two.rasa.replies = lambda text: [{"text": "要带身份证原件和复印件各一份。" * 60}]
    one, other = two.phones()
    await one.event("subscribe", "qrscene_dagu")
    assert (await one.say("问")).text.endswith(TEXTS.more)
    assert "复印件" in (await other.say("继续")).text
    assert (await one.say("继续")).text == TEXTS.no_more
    await other.say("再问")
    assert [message.metadata["jurisdiction"] for message in two.rasa.messages] == ["dagu", "dagu"]


async def test_messages_of_one_resident_are_answered_one_after_the_other(start: Start) -> None:
    two = await start()
    two.rasa.gate.clear()
    one, other = two.phones()
    first = asyncio.ensure_future(one.say("一"))
    await asyncio.sleep(0.2)
    second = asyncio.ensure_future(other.say("二"))
    await asyncio.sleep(0.3)
    assert two.rasa.texts == ["一"]
    two.rasa.gate.set()
    assert [(await first).text, (await second).text] == ["答：一", "答：二"]


async def test_a_replayed_push_is_refused_by_the_other_too(start: Start) -> None:
    two = await start()
    one, other = two.phones(PLAIN)
    head = {"ToUserName": "gh_a", "FromUserName": "oUser", "CreateTime": 1, "MsgType": "text"}
    arguments, data = one.sealed(one._body({**head, "Content": "问", "MsgId": 1}), nonce="5")
    assert (await one.send(arguments, data)).status == 200
    forged = other.sealed(other._body({**head, "Content": "换了", "MsgId": 2}), nonce="5")[1]
    assert (await other.send(arguments, forged)).status == 403
    assert two.rasa.texts == ["问"]


async def test_both_use_one_access_token(start: Start) -> None:
    async with FakeTencent().serving() as tencent:
        two = await start(tencent.url, 0.1)
        two.rasa.gate.clear()
        for phone in two.phones(VERIFIED):
            assert (await phone.say("问")).body == "success"
        two.rasa.gate.set()
        while len(tencent.sent) < 2:
            await asyncio.sleep(0.01)
        assert len(tencent.token_requests) == 1


async def test_redis_never_holds_an_openid_and_forgets_who_leaves(start: Start) -> None:
    two = await start()
    two.rasa.replies = lambda text: [{"text": "要带身份证原件和复印件各一份。" * 60}]
    one, other = two.phones(openid="oSecretPerson")
    await one.event("subscribe", "qrscene_dagu")
    await one.say("问")
    kept = {key: await two.redis.get(key) for key in await two.redis.keys()}
    assert any("resident" in key for key in kept) and "oSecretPerson" not in repr(kept)
    await other.event("unsubscribe")
    (resident,) = two.forgotten
    left = {key: await two.redis.get(key) for key in await two.redis.keys() if resident in key}
    assert not any("复印件" in value or "dagu" in value for value in left.values())
    assert all(":answer:" in key for key in left)  # only that of the unsubscribing itself, so that a retry is not done again
