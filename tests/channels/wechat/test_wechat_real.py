"""WeChat's side against the running server with the real model, in safe mode."""

from __future__ import annotations

import asyncio
import random
import secrets
import statistics
import time
from typing import Any

from sqlalchemy import create_engine, func, select
from wechat_fakes import OPENID_KEY

from bot.channels.turn import conversation_id
from bot.channels.wechat.accounts import read_accounts
from bot.channels.wechat.openid import hash_openid
from bot.channels.wechat.simulate import OFFICIAL_ID, Reply, Simulator
from bot.storage import tables
from tests.conftest import WECHAT

USERS, DEADLINE = 50, 4.5
ACCOUNT = read_accounts(WECHAT)["dagang"]
TALKS = [
    ["社保卡折了，换新的要带啥", "1", "电话是多少"],
    ["失业登记要带什么材料", "去哪儿办", "我妈想办居民养老参保"],
    ["家里老人过世了丧葬费怎么领", "不知道", "转人工"],
    ["居民医保参保要啥材料", "2", "谢谢"],
]


def phone(server: Any, user: str) -> Simulator:
    return Simulator(server.url, ACCOUNT, openid=user, cut_after=8)


def stored(server: Any, user: str) -> dict[str, int]:
    """Return how many rows the database has of a resident, by table."""
    name = conversation_id("wechat", hash_openid(user, appid=ACCOUNT.appid, key=OPENID_KEY))
    columns = [tables.conversation.c.id, tables.turn.c.conversation_id, tables.feedback.c.conversation_id]
    with create_engine(server.database_url).connect() as connection:
        return {c.table.name: connection.execute(select(func.count()).where(c == name)).scalar_one() for c in columns}


async def push_with_retries(sender: Simulator, text: str, dice: random.Random) -> list[Reply]:
    """Push one message as WeChat does on a bad day: a try that is cut off at once, then up to three whole tries."""
    head = {"ToUserName": OFFICIAL_ID, "FromUserName": sender._openid, "CreateTime": int(time.time())}
    body = sender._body({**head, "MsgId": secrets.randbelow(10**18), "MsgType": "text", "Content": text})

    async def one_try(delay: float) -> Reply:
        await asyncio.sleep(delay)
        return await sender.send(*sender.sealed(body))

    if dice.random() < 0.5:
        cut = asyncio.ensure_future(one_try(0))
        await asyncio.sleep(dice.uniform(0.002, 0.05))
        cut.cancel()
    return await asyncio.gather(*(one_try(dice.uniform(0, 0.5) * number) for number in range(dice.choice((1, 2, 3)))))


async def test_50_users_at_once_with_retries_each_get_one_answer_in_time(server: Any) -> None:
    """What each hears is what the same words get over REST, where nothing is sent twice: no turn was taken twice."""
    talks = [TALKS[user % len(TALKS)] for user in range(USERS)]
    expected = [[server.say(f"alone-{n}", text, "dagang")["text"] for text in talk] for n, talk in enumerate(TALKS)]
    seconds: list[float] = []

    async def talk(user: int) -> list[str]:
        sender, dice, heard = phone(server, f"oUser{user}"), random.Random(user), []
        for text in talks[user]:
            replies = await push_with_retries(sender, text, dice)
            assert {reply.status for reply in replies} == {200}
            seconds.extend(reply.seconds for reply in replies)
            (answer,) = {reply.text for reply in replies}
            heard.append(answer)
        return heard

    begun = time.monotonic()
    heard = await asyncio.gather(*(talk(user) for user in range(USERS)))
    took = time.monotonic() - begun
    for user, answers in enumerate(heard):
        for answer, whole in zip(answers, expected[user % len(TALKS)]):
            assert answer.startswith(whole) or whole.startswith(answer.partition("\n（没说完")[0]), (answer, whole)
        assert stored(server, f"oUser{user}")["turn"] == len(talks[user])
    print(f"{len(seconds)} tries in {took:.1f} s: median {statistics.median(seconds):.3f} s, slowest {max(seconds):.3f} s")
    assert max(seconds) <= DEADLINE


async def test_who_unsubscribes_leaves_nothing_behind(server: Any) -> None:
    leaving, staying = phone(server, "oLeaving"), phone(server, "oStaying")
    for one in (leaving, staying):
        await one.event("subscribe")
        await one.say("失业登记要带什么材料")
    kept = {"conversation": 1, "turn": 1, "feedback": 0}
    assert stored(server, "oLeaving") == stored(server, "oStaying") == kept
    assert (await leaving.event("unsubscribe")).body == "success"
    assert stored(server, "oLeaving") == {"conversation": 0, "turn": 0, "feedback": 0}
    assert stored(server, "oStaying") == kept


async def test_what_is_refused_is_not_stored(server: Any) -> None:
    sender = phone(server, "oForger")
    body = sender._body(
        {"ToUserName": OFFICIAL_ID, "FromUserName": "oForger", "CreateTime": 1, "MsgType": "text", "Content": "你好", "MsgId": 9}
    )
    arguments, data = sender.sealed(body)
    old = sender.sealed(body, timestamp=int(time.time()) - 3600)
    plain = Simulator(server.url, ACCOUNT, openid="oForger", encrypted=False).sealed(body)
    cases = [
        ({**arguments, "msg_signature": "0" * 40}, data, 403),
        (arguments, data.replace(b"Encrypt>", b"Encrypt> "), 403),
        (*old, 403),
        (*plain, 403),
        (arguments, b"x" * 65_537, 413),
        (arguments, b"<xml>", 400),
        ({}, data, 400),
    ]
    for given_arguments, given_data, status in cases:
        assert (await sender.send(given_arguments, given_data)).status == status
    assert stored(server, "oForger") == {"conversation": 0, "turn": 0, "feedback": 0}
