"""bot.channels.guard around a small server: limits, addresses behind proxies, CORS, headers."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sanic import Sanic, response

from bot.channels.answers import guarded
from bot.channels.guard import client_address, guard, limit, limit_sender, neighbourhood
from bot.channels.limits import Limits
from bot.settings import Settings, read_settings
from bot.storage.shared import MemoryShared, RedisShared

SITE = "https://www.example.gov.cn"
_numbers = itertools.count()


@asynccontextmanager
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = Sanic(f"guard_{next(_numbers)}", configure_logging=False)
    app.ctx.settings = settings
    guard(app, settings)

    @app.get("/api/who")
    @guarded
    async def who(request: Any) -> Any:
        return response.text(client_address(request))

    @app.get("/static/page")
    async def page(request: Any) -> Any:
        return response.html("<p>", headers={"Content-Security-Policy": "default-src 'self'; frame-ancestors 'self'"})

    @app.post("/webhooks/say")
    @guarded
    async def say(request: Any) -> Any:
        await limit_sender(request, "one")
        await limit(request, "session", "same", settings.limit_session)
        return response.text("said")

    Sanic.test_mode = True
    server = await app.create_server(host="127.0.0.1", port=0, return_asyncio_server=True, access_log=False)
    await server.startup()
    await server.start_serving()
    port = server.server.sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as asking:
        yield asking
    server.close()


def far(address: str = "203.0.113.9") -> dict[str, str]:
    """Headers as the proxy on this machine writes them for a resident elsewhere."""
    return {"X-Forwarded-For": address}


async def test_too_many_requests_of_an_address_get_a_429_that_says_when_to_come_again() -> None:
    async with client(Settings(limit_address=5)) as asking:
        answers = [await asking.get("/api/who", headers=far()) for _ in range(7)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
        assert "try again in" in answers[-1].json()["error"] and 1 <= int(answers[-1].headers["Retry-After"]) <= 60
        assert answers[-1].headers["X-Content-Type-Options"] == "nosniff"
        assert (await asking.get("/api/who", headers=far("203.0.113.10"))).status_code == 200
        assert (await asking.get("/static/page", headers=far())).status_code == 200


async def test_programs_on_this_machine_may_ask_thousands_of_times() -> None:
    async with client(Settings(limit_address=5, limit_session=0)) as asking:
        assert {(await asking.post("/webhooks/say")).status_code for _ in range(50)} == {200}


async def test_a_sender_and_a_session_are_limited_wherever_they_come_from() -> None:
    async with client(Settings(limit_session=3)) as asking:
        assert [(await asking.post("/webhooks/say")).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
        statuses = [(await asking.post("/webhooks/say", headers=far(f"203.0.113.{n}"))).status_code for n in range(5)]
        assert statuses == [429] * 5


@pytest.mark.parametrize(
    ("proxies", "forwarded", "seen"),
    [
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "127.0.0.1, 203.0.113.9", "203.0.113.9"),  # what the client wrote itself stands left of the proxy's
        ("127.0.0.1,10.0.0.0/8", "198.51.100.1, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("127.0.0.1", "203.0.113.9, 10.1.2.3", "10.1.2.3"),
        ("10.0.0.0/8", "203.0.113.9", "127.0.0.1"),  # not from a trusted proxy: not believed
        ("127.0.0.1", "rubbish", "rubbish"),
        ("127.0.0.1", "", ""),
    ],
)
async def test_the_address_is_the_last_one_that_no_trusted_proxy_has(proxies: str, forwarded: str, seen: str) -> None:
    async with client(replace(Settings(), trusted_proxies=read_settings({"TRUSTED_PROXIES": proxies}).trusted_proxies)) as asking:
        assert (await asking.get("/api/who", headers={"X-Forwarded-For": forwarded})).text == seen


def test_an_ipv6_subscriber_is_limited_as_one() -> None:
    assert neighbourhood("2001:db8:1:2::1") == neighbourhood("2001:db8:1:2:ffff::9") != neighbourhood("2001:db8:1:3::1")
    assert neighbourhood("::ffff:203.0.113.9") == neighbourhood("203.0.113.9") == "203.0.113.9"
    assert neighbourhood("rubbish") == neighbourhood("") == "unknown"


async def test_only_listed_sites_may_call_from_a_browser() -> None:
    async with client(Settings(allowed_origins=(SITE,))) as asking:
        own = await asking.get("/api/who", headers={"Origin": SITE})
        assert own.headers["Access-Control-Allow-Origin"] == SITE and own.headers["Vary"] == "Origin"
        before = await asking.options("/api/who", headers={"Origin": SITE, "Access-Control-Request-Method": "POST"})
        assert before.status_code == 204 and before.headers["Access-Control-Allow-Methods"] == "GET, POST"
        for origin in ("https://evil.example", "null", f"{SITE}.evil.example", SITE.replace("https", "http")):
            for answer in (
                await asking.get("/api/who", headers={"Origin": origin}),
                await asking.options("/api/who", headers={"Origin": origin}),
            ):
                assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert "Access-Control-Allow-Credentials" not in own.headers


async def test_every_answer_has_the_security_headers_and_a_views_own_policy_wins() -> None:
    async with client(Settings()) as asking:
        for path in ("/api/who", "/static/page", "/nothing"):
            headers = (await asking.get(path)).headers
            assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] and headers["Permissions-Policy"]
            assert headers["Cross-Origin-Resource-Policy"] == "same-origin" and "Strict-Transport-Security" not in headers
        assert "default-src 'none'" in (await asking.get("/api/who")).headers["Content-Security-Policy"]
        assert (await asking.get("/api/who")).headers["X-Frame-Options"] == "DENY"
        assert "default-src 'self'" in (await asking.get("/static/page")).headers["Content-Security-Policy"]
        tls = await asking.get("/static/page", headers={"X-Forwarded-Proto": "https"})
        assert tls.headers["Strict-Transport-Security"] == "max-age=31536000"


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["memory", "redis"])
def limits(request: pytest.FixtureRequest) -> Callable[[Callable[[], float]], Limits]:
    url = request.getfixturevalue("redis_url") if request.param == "redis" else None
    prefix = f"test{next(_numbers)}:"
    return lambda clock: Limits(RedisShared(url, prefix=prefix) if url else MemoryShared(), clock)


async def test_limits_are_by_key_and_end_with_the_minute(limits: Any) -> None:
    clock = Clock()
    counted = limits(clock)
    assert [await counted.wait("session", "a", 2) for _ in range(3)] == [0.0, 0.0, 60.0]
    assert await counted.wait("session", "b", 2) == 0.0 and await counted.wait("address", "a", 2) == 0.0
    clock.now += 59
    assert await counted.wait("session", "a", 2) == 1.0
    clock.now += 1
    assert await counted.wait("session", "a", 2) == 0.0
    await counted.close()


async def test_processes_share_their_limits_through_redis(limits: Any, request: pytest.FixtureRequest) -> None:
    first, second = limits(Clock()), limits(Clock())
    waits = [await first.wait("address", "a", 2), await second.wait("address", "a", 2), await first.wait("address", "a", 2)]
    assert bool(waits[2]) == ("redis" in request.node.callspec.id)
    await first.close()
    await second.close()


async def test_limits_hold_while_redis_is_gone(tmp_path: Path) -> None:
    counted = Limits(RedisShared(f"unix://{tmp_path / 'nobody.sock'}"), Clock())
    assert [bool(await counted.wait("session", "a", 2)) for _ in range(3)] == [False, False, True]
    await counted.close()


async def test_a_flood_of_keys_takes_no_more_memory_than_allowed() -> None:
    shared = MemoryShared(capacity=1000)
    counted = Limits(shared, Clock())
    await asyncio.gather(*(counted.wait("new session", f"203.0.{n // 256}.{n % 256}", 5) for n in range(5000)))
    assert len(shared) <= 1000
