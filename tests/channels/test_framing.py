"""bot.channels.framing around a small server: what cannot be read is answered with a 400, and nothing is wrong with the server."""

from __future__ import annotations

import asyncio
import json
import logging
from uuid import uuid4

import pytest
from sanic import Sanic, response
from sanic.response import HTTPResponse

from bot.channels.answers import answer_framework_errors
from bot.channels.framing import CheckedProtocol, CheckedRequest
from bot.channels.guard import guard
from bot.observability.http import observe_requests
from bot.settings import Settings


async def ask(line: bytes) -> bytes:
    """Return all that the server answers a request with that first line, and a sound one after it on a new connection."""
    app = Sanic(f"framing_{uuid4().hex}", request_class=CheckedRequest, configure_logging=False)
    app.ctx.settings = settings = Settings()
    observe_requests(app)
    guard(app, settings)
    answer_framework_errors(app)

    @app.get("/api/search")
    async def view(request: CheckedRequest) -> HTTPResponse:
        return response.text(request.args.get("q", ""))

    Sanic.test_mode = True
    server = await app.create_server(
        host="127.0.0.1", port=0, return_asyncio_server=True, access_log=False, protocol=CheckedProtocol
    )
    await server.startup()
    await server.start_serving()
    port = server.server.sockets[0].getsockname()[1]

    async def one(request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        return answer

    try:
        answer = await one(line + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
        sound = await one(b"GET /api/search?q=%E8%A1%A5 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert sound.endswith("\r\n\r\n补".encode())
        return answer
    finally:
        server.close()


@pytest.mark.parametrize(
    "line",
    [
        "GET /api/search?q=补卡 HTTP/1.1".encode(),
        "GET /补卡 HTTP/1.1".encode(),
        "GET /api/search?q=补卡 HTTP/1.1".encode("gb18030"),
        b"GET /\xff\xfe HTTP/1.1",
        b"G\xffT / HTTP/1.1",
        b"GET http:// HTTP/1.1",
        b"GET :::// HTTP/1.1",
    ],
)
async def test_an_address_that_cannot_be_read_gets_a_400_and_no_traceback(line: bytes, caplog: pytest.LogCaptureFixture) -> None:
    head, _, body = (await ask(line)).partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == b"HTTP/1.1 400 Bad Request", head
    assert "ASCII" in json.loads(body)["error"] and b"nosniff" in head
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
