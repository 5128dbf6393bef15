"""The web chat: the page at / with its files, embed.js, the privacy notice, and the page's own talking with signed sessions."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any, Awaitable, Callable, Sequence

from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint, Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.actions.conversation import knowledge
from bot.channels import feedback
from bot.channels.answers import body_of, guarded, reply
from bot.channels.conversations import conversation_id
from bot.channels.guard import limit, limit_address
from bot.channels.session import CHANNEL
from bot.channels.turn import check, run_turn
from bot.errors import NotFoundError, RequestError
from bot.settings import Settings
from bot.storage.export import export
from bot.storage.forget import delete_rows
from bot.storage.retention import wipe

STATIC = Path(__file__).resolve().parent / "static"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
POLICY = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'"
HEADERS = {"Cache-Control": "no-cache"}


class WebChannel(InputChannel):
    """embed_origins: of the sites whose pages may show the chat in a frame, besides this server's own."""

    def __init__(self, embed_origins: Sequence[str] = ()) -> None:
        self._headers = {
            **HEADERS,
            "Content-Security-Policy": "; ".join([POLICY, " ".join(["frame-ancestors 'self'", *embed_origins])]),
        }
        if not embed_origins:
            self._headers["X-Frame-Options"] = "SAMEORIGIN"  # for browsers too old for frame-ancestors; it knows no list

    @classmethod
    def name(cls) -> str:
        return CHANNEL

    def url_prefix(self) -> str:
        return "/"

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        routes = Blueprint(CHANNEL)
        files = {path.relative_to(STATIC).as_posix(): path.read_bytes() for path in STATIC.rglob("*") if path.suffix in TYPES}

        def file(request: Request, name: str) -> HTTPResponse:
            if name not in files:
                raise NotFoundError(f"there is no file «{name[:80]}»")
            body = with_days(files[name], request.app.ctx.settings) if name == "privacy.html" else files[name]
            return response.raw(body, content_type=TYPES[Path(name).suffix], headers=self._headers)

        @routes.get("/")
        @guarded
        async def index(request: Request) -> HTTPResponse:
            return file(request, "index.html")

        @routes.get("/embed.js")
        @guarded
        async def embed(request: Request) -> HTTPResponse:
            return file(request, "embed.js")

        @routes.get("/privacy")
        @guarded
        async def privacy(request: Request) -> HTTPResponse:
            return file(request, "privacy.html")

        @routes.get("/static/<name:path>")
        @guarded
        async def static(request: Request, name: str) -> HTTPResponse:
            return file(request, name)

        @routes.post("/api/session")
        @guarded
        async def new_session(request: Request) -> HTTPResponse:
            settings = request.app.ctx.settings
            await limit_address(request, "new session", settings.limit_new_sessions)
            return reply({"session": request.app.ctx.sessions.new(), "days": settings.session_days}, 201)

        @routes.post("/webhooks/web/webhook")
        @guarded
        async def receive(request: Request) -> HTTPResponse:
            body = body_of(request)
            resident = await opened(request, body)
            _, message, metadata = check({**body, "sender": resident}, knowledge().jurisdictions)
            return reply(await run_turn(on_new_message, resident, message, metadata, channel=CHANNEL))

        @routes.post("/api/feedback")
        @guarded
        async def vote(request: Request) -> HTTPResponse:
            body = body_of(request)
            whose = conversation_id(CHANNEL, await opened(request, body))
            row = feedback.check(body, whose, knowledge().item_ids)
            await request.app.ctx.worker.run(feedback.store(row))
            return reply({"status": "stored"}, 201)

        @routes.post("/api/session/export")
        @guarded
        async def export_own(request: Request) -> HTTPResponse:
            whose = conversation_id(CHANNEL, await opened(request, body_of(request)))
            rows = await request.app.ctx.worker.run(partial(export, conversation_id=whose))
            return reply({"conversation": whose, "rows": rows})

        @routes.post("/api/session/forget")
        @guarded
        async def forget_own(request: Request) -> HTTPResponse:
            whose = conversation_id(CHANNEL, await opened(request, body_of(request)))
            return reply({"deleted": await forget_conversation(request.app, whose)})

        return routes


async def opened(request: Request, body: Any) -> str:
    """Return the id of the session that `body` carries, counting the request. Raises RequestError."""
    if not isinstance(body, dict):
        raise RequestError('the body must be a JSON object such as {"session": "…", "message": "补社保卡要带什么"}')
    resident: str = request.app.ctx.sessions.open(body.get("session"))
    await limit(request, "session", resident, request.app.ctx.settings.limit_session)
    return resident


async def forget_conversation(app: Sanic, whose: str) -> int:
    """Delete everything known of a conversation once its turn under way is over; return how many rows went."""
    async with app.ctx.agent.lock_store.lock(whose):
        gone = await app.ctx.worker.run(partial(delete_rows, conversation_id=whose))
        await app.ctx.agent.tracker_store.delete(whose)  # what it keeps in memory
    await asyncio.get_running_loop().run_in_executor(None, wipe, knowledge().engine)
    return sum(gone.values())


def with_days(page: bytes, settings: Settings) -> bytes:
    """Return the privacy notice with the days for which this server keeps what."""
    for name in ("session_days", "keep_conversation_days", "keep_turn_days", "keep_feedback_days", "keep_handoff_days"):
        page = page.replace(b"{%s}" % name.encode(), str(getattr(settings, name)).encode())
    return page
