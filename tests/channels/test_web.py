"""bot.channels.web: which sites may show the page in a frame."""

from __future__ import annotations

import socket
from uuid import uuid4

import aiohttp
import pytest
from sanic import Sanic

from bot.channels.web import WebChannel
from bot.errors import SettingsError
from bot.settings import read_settings


async def headers_of_the_page(origins: tuple[str, ...]) -> dict[str, str]:
    Sanic.test_mode = True
    app = Sanic(f"web-{uuid4().hex}", configure_logging=False)

    async def nobody(message: object) -> None:
        raise AssertionError("no message was sent")

    app.blueprint(WebChannel(origins).blueprint(nobody), url_prefix="/")
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = await app.create_server(sock=listener, return_asyncio_server=True, access_log=False)
    await server.startup()
    await server.start_serving()
    try:
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{listener.getsockname()[1]}/") as response:
                assert response.status == 200
                return dict(response.headers)
    finally:
        await server.close()


async def test_only_this_site_by_default() -> None:
    headers = await headers_of_the_page(())
    assert "frame-ancestors 'self'" == headers["Content-Security-Policy"].split("; ")[-1]
    assert headers["X-Frame-Options"] == "SAMEORIGIN"


async def test_and_those_that_are_listed() -> None:
    origins = read_settings({"EMBED_ORIGINS": "https://www.example.gov.cn, https://*.example.gov.cn:8443"}).embed_origins
    headers = await headers_of_the_page(origins)
    allowed = "frame-ancestors 'self' https://www.example.gov.cn https://*.example.gov.cn:8443"
    assert headers["Content-Security-Policy"].split("; ")[-1] == allowed
    assert "X-Frame-Options" not in headers


@pytest.mark.parametrize(
    "wrong",
    [
        "www.example.gov.cn",
        "https://www.example.gov.cn/",
        "*",
        "https://*",
        "https://a.cn; script-src *",
        "https://a.cn,'none'",
        "null",
    ],
)
def test_what_is_no_origin_is_refused_by_name(wrong: str) -> None:
    with pytest.raises(SettingsError, match="EMBED_ORIGINS"):
        read_settings({"EMBED_ORIGINS": wrong})
