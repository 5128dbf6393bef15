"""What holds for every request, in one place: who asks, how often they may, which sites may, and the security headers."""

from __future__ import annotations

import ipaddress
import math
from typing import Any, Optional, Sequence, Union

from sanic import Sanic
from sanic.request import Request
from sanic.response import BaseHTTPResponse, HTTPResponse, empty

from bot.channels.answers import reply
from bot.channels.limits import Limits
from bot.errors import RequestError
from bot.settings import Network, Settings
from bot.storage.shared import open_shared

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
UNLIMITED = (
    "/webhooks/wechat/",  # Tencent's addresses; its residents are limited one by one
    "/static/",
    "/staff/static/",
    "/embed.js",
    "/health",
    "/metrics",
)
SHARED = ("/embed.js",)  # what other sites load into their own pages
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Permissions-Policy": "camera=(), geolocation=(), payment=(), usb=(), microphone=(self)",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class TooOftenError(RequestError):
    """Too many requests; `seconds` later one may come again."""

    status = 429

    def __init__(self, seconds: float) -> None:
        whole = max(1, math.ceil(seconds))
        super().__init__(f"too many requests; try again in {whole} seconds")
        self.headers = {"Retry-After": str(whole)}


def guard(app: Sanic, settings: Settings) -> None:
    """Put the guards of this module before and behind every view of `app`."""
    app.ctx.limits = Limits(open_shared(settings.redis_url, name="limit"))

    @app.on_request
    async def before(request: Request) -> Optional[HTTPResponse]:
        if request.method == "OPTIONS" and _allowed_origin(request, settings):
            return empty()
        if request.path.startswith(UNLIMITED):
            return None
        try:
            await limit_address(request, "address", settings.limit_address)
        except TooOftenError as error:
            return reply({"error": str(error)}, error.status, error.headers)
        return None

    @app.on_response
    async def behind(request: Request, answer: BaseHTTPResponse) -> None:
        headers = answer.headers
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        headers.setdefault("Cross-Origin-Resource-Policy", "cross-origin" if request.path in SHARED else "same-origin")
        if "frame-ancestors 'none'" in headers["Content-Security-Policy"]:
            headers.setdefault("X-Frame-Options", "DENY")
        if is_encrypted(request):
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if settings.allowed_origins:
            headers["Vary"] = ", ".join(filter(None, [headers.get("Vary"), "Origin"]))
        origin = _allowed_origin(request, settings)
        if origin:
            headers["Access-Control-Allow-Origin"] = origin
            headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            if request.method == "OPTIONS":
                headers["Access-Control-Allow-Methods"] = "GET, POST"
                headers["Access-Control-Allow-Headers"] = "Content-Type"
                headers["Access-Control-Max-Age"] = "600"

    @app.after_server_stop
    async def close(app: Any, loop: Any) -> None:
        await app.ctx.limits.close()


async def limit(request: Request, kind: str, who: str, per_minute: int) -> None:
    """Count a request of `who`. Raises TooOftenError if it is one too many."""
    limits: Optional[Limits] = getattr(request.app.ctx, "limits", None)
    seconds = await limits.wait(kind, who, per_minute) if limits and per_minute else 0.0
    if seconds:
        raise TooOftenError(seconds)


async def limit_sender(request: Request, sender: str) -> None:
    """Count a message of a sender that a program names; programs on this machine may send as many as they like."""
    if not is_local(client_address(request)):
        await limit(request, "sender", sender, request.app.ctx.settings.limit_session)


async def limit_address(request: Request, kind: str, per_minute: int) -> None:
    """Count a request of the asker's address; this machine itself may ask as often as it likes."""
    address = client_address(request)
    if not is_local(address):
        await limit(request, kind, neighbourhood(address), per_minute)


def client_address(request: Request) -> str:
    """Return the address that asks; behind trusted proxies the last one in X-Forwarded-For that is none of them."""
    trusted = request.app.ctx.settings.trusted_proxies
    hops = [hop.strip() for value in request.headers.getall("x-forwarded-for", []) for hop in value.split(",")]
    address = request.ip or ""
    while _is_in(address, trusted) and hops:
        address = hops.pop()
    return address


def neighbourhood(address: str) -> str:
    """Return what is limited together: an IPv4 address, or the /64 that one IPv6 subscriber has."""
    parsed = _parsed(address)
    if parsed is None:
        return "unknown"  # what no proxy would write: all such share one allowance
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)


def is_local(address: str) -> bool:
    parsed = _parsed(address)
    return parsed is not None and parsed.is_loopback


def is_encrypted(request: Request) -> bool:
    """Tell whether the resident's browser speaks TLS, with us or with a trusted proxy."""
    forwarded = request.headers.get("x-forwarded-proto")
    if forwarded and _is_in(request.ip or "", request.app.ctx.settings.trusted_proxies):
        return forwarded == "https"
    return request.scheme == "https"


def _is_in(address: str, networks: Sequence[Network]) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in networks)


def _parsed(address: str) -> Optional[Address]:
    """Return the address, an IPv4 one written as IPv6 (::ffff:127.0.0.1) as itself; None for anything else."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, ipaddress.IPv6Address) else parsed


def _allowed_origin(request: Request, settings: Settings) -> Optional[str]:
    origin = request.headers.get("origin")
    return origin if origin in settings.allowed_origins else None
