"""POST /api/feedback: votes are limited like messages before anything is stored."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sanic import Sanic

from bot.channels import lookup
from bot.channels.guard import guard
from bot.channels.session import Sessions
from bot.settings import Settings


class CountingWorker:
    stored = 0

    async def run(self, job: Any) -> None:
        self.stored += 1


async def statuses(body: dict[str, Any], count: int, monkeypatch: pytest.MonkeyPatch) -> tuple[list[int], int]:
    """Return what `count` votes from elsewhere are answered, and how many were stored; three a minute are allowed."""
    monkeypatch.setattr(lookup, "knowledge", lambda: SimpleNamespace(item_ids=("dagang-2.2",)))
    settings, worker = Settings(limit_session=3), CountingWorker()
    app = Sanic(f"feedback_{uuid4().hex}", configure_logging=False)
    app.ctx.settings, app.ctx.worker, app.ctx.sessions = settings, worker, Sessions("k" * 32, 30)
    guard(app, settings)
    app.blueprint(lookup.LookupChannel().blueprint(None), url_prefix="/")  # type: ignore[arg-type]
    own = {"session": app.ctx.sessions.new()} if "session" in body else {}
    Sanic.test_mode = True
    server = await app.create_server(host="127.0.0.1", port=0, return_asyncio_server=True, access_log=False)
    await server.startup()
    await server.start_serving()
    port = server.server.sockets[0].getsockname()[1]
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers={"X-Forwarded-For": "203.0.113.9"}) as asking:
            answers = [await asking.post("/api/feedback", json={**body, **own}) for _ in range(count)]
        return [answer.status_code for answer in answers], worker.stored
    finally:
        server.close()


@pytest.mark.parametrize("whose", ["session", "sender"])
async def test_more_votes_than_messages_are_allowed_are_refused_and_not_stored(whose: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await statuses({whose: "x", "vote": "down", "question": "社保卡丢了"}, 5, monkeypatch) == ([201] * 3 + [429] * 2, 3)
