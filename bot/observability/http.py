"""What is observed of every HTTP request: its id, its line in the log, its count; and the metrics at /metrics."""

from __future__ import annotations

import ipaddress
import logging
import random
import re
import time
from typing import Any, Optional, Sequence, Union

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sanic import Sanic, response
from sanic.request import Request
from sanic.response import BaseHTTPResponse, HTTPResponse

from bot.observability.metrics import REQUESTS
from bot.text import mask

logger = logging.getLogger("bot.request")
Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip", "via")
RANDOM = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # nginx's $request_id, a UUID
PLAIN = re.compile(r"[A-Za-z0-9._-]{1,64}")
METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE")


def observe_requests(app: Sanic) -> None:
    """Give every request an id, which its log lines carry and its response returns as X-Request-ID; count and log it."""

    @app.on_request
    async def begin(request: Request) -> None:
        request.ctx.begun = time.perf_counter()
        request.ctx.request_id = request_id(request.headers.get("x-request-id"))
        structlog.contextvars.bind_contextvars(request_id=request.ctx.request_id)

    @app.on_response
    async def end(request: Request, answer: BaseHTTPResponse) -> None:
        begun = getattr(request.ctx, "begun", None)
        if begun is None:  # refused before it could be read
            return
        answer.headers["X-Request-ID"] = request.ctx.request_id
        method = request.method if request.method in METHODS else "other"
        route = f"/{request.route.path}" if request.route else "none"  # the pattern: a path may quote somebody
        REQUESTS.labels(method, route, answer.status).inc()
        spent = round((time.perf_counter() - begun) * 1e3, 1)
        logger.info("request", extra={"method": method, "route": route, "status": answer.status, "ms": spent})


def request_id(given: Optional[str]) -> str:
    """Return the id that a proxy gave the request if it is a plain one, else a new one of 32 hexadecimal digits.

    It stands in the log, so what reads like a personal number is none; random digits often do, and are known by their form.
    """
    if given and (RANDOM.fullmatch(given) or PLAIN.fullmatch(given) and mask(given) == given):
        return given
    return f"{random.getrandbits(128):032x}"  # noqa: S311 (no secret; asking the system for randomness costs a call to it)


def serve_metrics(app: Sanic, allowed: Sequence[Network]) -> None:
    """Serve /metrics to the `allowed` addresses; what a proxy passes on is refused, for then everybody comes from there."""

    @app.get("/metrics")
    async def metrics(request: Request) -> HTTPResponse:
        if any(name in request.headers for name in FORWARDED) or not is_allowed(request.ip, allowed):
            return response.json({"error": "metrics are for the addresses of METRICS_FROM, without a proxy between"}, status=403)
        return response.raw(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def is_allowed(address: Any, allowed: Sequence[Network]) -> bool:
    try:
        return any(ipaddress.ip_address(address) in network for network in allowed)
    except ValueError:
        return False
