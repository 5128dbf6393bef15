"""The one door: `@staff("trainer")` lets a view answer only to a login with that role and, for changes, a CSRF value."""

from __future__ import annotations

import hmac
import logging
from datetime import timedelta
from functools import wraps
from typing import Any, Awaitable, Callable, Optional
from urllib.parse import SplitResult, quote, urlsplit

from sanic import response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.channels.answers import reply
from bot.channels.guard import client_address, neighbourhood
from bot.errors import AccessError, LoginError, RequestError
from bot.staff import sessions
from bot.staff.accounts import Account, now
from bot.staff.pages import HEADERS, error_answer, is_htmx, is_plain_loopback

logger = logging.getLogger(__name__)
View = Callable[..., Awaitable[HTTPResponse]]
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def staff(*roles: str, upload: int = 0) -> Callable[[View], View]:
    """Let the view answer only to accounts with one of `roles` (admins may all; no role: any login).

    The view finds `request.ctx.account`. What it raises becomes a page, a fragment or JSON, as the asker reads it: RequestError
    its 4xx, anything else a 503 with one sentence. A request that changes something needs the session's CSRF value in the
    header X-CSRF-Token (htmx sends it) or the form field `csrf`.

    upload: bytes that the body may have beyond the server's limit; the route needs `stream=True`, and the CSRF header.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        async def inner(request: Request, *args: Any, **kwargs: Any) -> HTTPResponse:
            try:
                request.ctx.account, request.ctx.csrf = await _logged_in(request)
                if not request.ctx.account.may(*roles):
                    raise AccessError("您的账号没有这个页面的权限。需要的话请联系管理员。")
                if request.method not in SAFE_METHODS:
                    _check_csrf(request, header_only=bool(upload))
                if upload:
                    await _read_upload(request, upload)
                return await view(request, *args, **kwargs)
            except LoginError:
                return _to_login(request)
            except RequestError as error:
                return error_answer(request, error.status, str(error))
            except Exception:
                logger.exception("a staff request to %s failed", request.path)
                return error_answer(request, 503, "系统出了点问题，这一步没能完成。请稍后再试；日志里有原因。")

        inner.staff_roles = roles  # type: ignore[attr-defined]
        return inner

    return decorate


def public(view: View) -> View:
    """Mark a view that must answer without a login: the log-in page and the files that it shows."""
    view.staff_public = True  # type: ignore[attr-defined]
    return view


async def db(request: Request, job: Callable[..., Any]) -> Any:
    """Return what `job(connection)` returns, run in one transaction by the database's own thread."""
    return await request.app.ctx.worker.run(job)


def session_token(request: Request) -> Optional[str]:
    return request.cookies.get(cookie_name(request))


def cookie_name(request: Request) -> str:
    """The prefix makes browsers refuse the cookie from another host or without TLS."""
    return "staff" if is_plain_loopback(request) else "__Host-staff"


def address_of(request: Request) -> str:
    """Return the asker's address, behind a trusted proxy the one that the proxy names; an IPv6 subscriber's /64 is one."""
    return neighbourhood(client_address(request))


def check_origin(request: Request) -> None:
    """Refuse a change that another site's page sends. Raises AccessError."""
    origin = request.headers.get("origin")
    if origin is not None and _split(origin).netloc != request.headers.get("host"):
        raise AccessError("这个请求来自别的网站，没有执行。")


async def _logged_in(request: Request) -> tuple[Account, str]:
    token = session_token(request)
    if token:
        settings = request.app.ctx.settings
        limits = timedelta(minutes=settings.staff_idle_minutes), timedelta(hours=settings.staff_session_hours)
        found = await db(request, lambda connection: sessions.find(connection, token, now(), *limits))
        if found is not None:
            return found, sessions.csrf_of(token)
    raise LoginError("log in first")


def _check_csrf(request: Request, header_only: bool) -> None:
    check_origin(request)
    sent = request.headers.get("x-csrf-token") or ("" if header_only else request.form.get("csrf", ""))
    if not hmac.compare_digest(sent.encode(), request.ctx.csrf.encode()):
        raise AccessError("页面已过期，请刷新后再试。")


async def _read_upload(request: Request, limit: int) -> None:
    parts, size = [], 0
    while True:
        part = await request.stream.read()  # type: ignore[union-attr]
        if part is None:
            break
        size += len(part)
        if size > limit:
            raise RequestError(f"文件太大，最多 {limit // 1_000_000} MB。")
        parts.append(part)
    request.body = b"".join(parts)


def _split(url: str) -> SplitResult:
    """Return the parts of a URL that anybody may have written, those of none if it is no URL."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _to_login(request: Request) -> HTTPResponse:
    page = _split(request.headers.get("hx-current-url", "")).path if is_htmx(request) else request.path
    query = f"?{request.query_string}" if request.query_string and not is_htmx(request) else ""
    login = f"/login?next={quote(page + query, safe='')}"
    if is_htmx(request):
        return response.html("", 401, {**HEADERS, "HX-Redirect": login})
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        return response.redirect(login, HEADERS, 303)
    return reply({"error": "log in at /login first"}, 401)
