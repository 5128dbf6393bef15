"""Votes: of the web chat at /api/feedback, of programs at /webhooks/rest/feedback; each into the asker's own conversation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sanic import Sanic
from sqlalchemy import create_engine, select

from bot.channels import rest, web
from bot.channels.guard import guard
from bot.channels.session import Sessions
from bot.settings import Settings
from bot.storage.tables import feedback

VOTE = {"vote": "down", "item": "dagang-2.2", "question": "社保卡丢了"}


class Worker:
    """Runs jobs on a database in memory."""

    def __init__(self) -> None:
        self.engine = create_engine("sqlite://", future=True)
        feedback.create(self.engine)

    async def run(self, job: Any) -> Any:
        with self.engine.begin() as connection:
            return job(connection)

    @property
    def whose(self) -> list[str]:
        with self.engine.connect() as connection:
            return list(connection.execute(select(feedback.c.conversation_id).order_by(feedback.c.id)).scalars())


@asynccontextmanager
async def asking(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[httpx.AsyncClient, Any]]:
    """Both channels, with three requests a minute for each session and sender, as somebody elsewhere reaches them."""
    for channel in (rest, web):
        monkeypatch.setattr(channel, "knowledge", lambda: SimpleNamespace(item_ids=("dagang-2.2",)))
    settings = Settings(limit_session=3)
    app = Sanic(f"feedback_{uuid4().hex}", configure_logging=False)
    app.ctx.settings, app.ctx.worker, app.ctx.sessions = settings, Worker(), Sessions("k" * 32, 30)
    guard(app, settings)
    app.blueprint(web.WebChannel().blueprint(None), url_prefix="/")  # type: ignore[arg-type]
    app.blueprint(rest.RestChannel().blueprint(None), url_prefix="/webhooks/rest")  # type: ignore[arg-type]
    Sanic.test_mode = True
    server = await app.create_server(host="127.0.0.1", port=0, return_asyncio_server=True, access_log=False)
    await server.startup()
    await server.start_serving()
    port = server.server.sockets[0].getsockname()[1]
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers={"X-Forwarded-For": "203.0.113.9"}) as client:
            yield client, app.ctx
    finally:
        server.close()


@pytest.mark.parametrize("path", ["/api/feedback", "/webhooks/rest/feedback"])
async def test_more_votes_than_messages_are_allowed_are_refused_and_not_stored(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with asking(monkeypatch) as (client, ctx):
        body = {**VOTE, "session": ctx.sessions.new(), "sender": "x"}
        assert [(await client.post(path, json=body)).status_code for _ in range(5)] == [201] * 3 + [429] * 2
        assert len(ctx.worker.whose) == 3


async def test_a_vote_belongs_to_the_session_that_casts_it_whatever_sender_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    async with asking(monkeypatch) as (client, ctx):
        session = ctx.sessions.new()
        for stranger in ({}, {"session": "rest:other"}, {"session": None}):
            answer = await client.post("/api/feedback", json={**VOTE, "sender": "other", **stranger})
            assert answer.status_code == 401 and "session" in answer.json()["error"]
        assert (await client.post("/api/feedback", json={**VOTE, "sender": "other", "session": session})).status_code == 201
        assert (await client.post("/webhooks/rest/feedback", json={**VOTE, "sender": "other"})).status_code == 201
        assert ctx.worker.whose == [f"web:{ctx.sessions.open(session)}", "rest:other"]


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"vote": "up"},
        {"sender": " ", "vote": "up"},
        {"sender": "a", "vote": "maybe"},
        {"sender": "a", **VOTE, "item": "x-1"},
    ],
)
async def test_wrong_votes_are_refused_with_a_reason(body: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async with asking(monkeypatch) as (client, ctx):
        answer = await client.post("/webhooks/rest/feedback", json=body)
        assert answer.status_code == 400 and answer.json()["error"] and ctx.worker.whose == []
