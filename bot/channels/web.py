"""The web chat page at /, its files under /static/, and embed.js, with strict security headers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Awaitable, Callable, Sequence

from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.channels.answers import guarded
from bot.errors import NotFoundError

STATIC = Path(__file__).resolve().parent / "static"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
POLICY = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'"
HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-cache"}


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
        return "web"

    def url_prefix(self) -> str:
        return "/"

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        routes = Blueprint("web")
        files = {path.relative_to(STATIC).as_posix(): path.read_bytes() for path in STATIC.rglob("*") if path.suffix in TYPES}

        def file(name: str) -> HTTPResponse:
            if name not in files:
                raise NotFoundError(f"there is no file «{name[:80]}»")
            return response.raw(files[name], content_type=TYPES[Path(name).suffix], headers=self._headers)

        @routes.get("/")
        @guarded
        async def index(request: Request) -> HTTPResponse:
            return file("index.html")

        @routes.get("/embed.js")
        @guarded
        async def embed(request: Request) -> HTTPResponse:
            return file("embed.js")

        @routes.get("/static/<name:path>")
        @guarded
        async def static(request: Request, name: str) -> HTTPResponse:
            return file(name)

        return routes
