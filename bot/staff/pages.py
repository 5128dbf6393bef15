"""Answers of the staff pages: templates with autoescape, a strict policy, messages that survive a redirect, error pages."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Optional
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sanic import response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.channels.answers import reply
from bot.channels.guard import is_encrypted, is_local
from bot.staff.accounts import ROLES

FOLDER = Path(__file__).resolve().parent
STATIC = FOLDER / "static"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
FLASH = "staff_flash"
_HOST = re.compile(r"(?:\[([^\]]*)\]|([^:\[\]]*))(?::[0-9]*)?")  # an IPv6 address in brackets, or a name; a port


def page(request: Request, template: str, status: int = 200, **context: Any) -> HTTPResponse:
    """Return the rendered template: a whole page, or a fragment for htmx, as the template itself is one or the other.

    Every template knows `account` (None without a login), `csrf`, `path`, `sections` (the navigation) and `messages`.
    """
    messages = _taken_messages(request)
    account = getattr(request.ctx, "account", None)
    shown = [section for section in getattr(request.app.ctx, "staff_sections", ()) if account and account.may(*section.roles)]
    known = {
        "account": account,
        "csrf": getattr(request.ctx, "csrf", ""),
        "path": request.path,
        "sections": shown,
        "messages": messages,
        "role_names": ROLES,
    }
    answer = response.html(templates().get_template(template).render(**{**known, **context}), status=status, headers=HEADERS)
    if request.cookies.get(FLASH) and messages:
        del answer.cookies[FLASH]
    return answer


def redirect(request: Request, to: str, message: Optional[str] = None, kind: str = "done") -> HTTPResponse:
    """Go to `to`, a path of this server, and show `message` there. kind: done, warning or error.

    For htmx the whole page changes (HX-Redirect).
    """
    answer = (
        response.empty(204, headers={**HEADERS, "HX-Redirect": to}) if is_htmx(request) else response.redirect(to, HEADERS, 303)
    )
    if message:
        value = base64.urlsafe_b64encode(json.dumps([kind, message]).encode()).decode()
        set_cookie(request, answer, FLASH, value, seconds=60)
    return answer


def error_answer(request: Request, status: int, message: str) -> HTTPResponse:
    """Return an error as the asker reads it: a page, a fragment for htmx, JSON for a program."""
    if is_htmx(request):
        return page(request, "error_fragment.html", status, message=message)
    if "text/html" in request.headers.get("accept", ""):
        return page(request, "error.html", status, code=status, message=message)
    return reply({"error": message}, status)


def is_htmx(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"


def is_plain_loopback(request: Request) -> bool:
    """Tell whether the browser speaks plain http to its own machine: the one case in which a cookie may go without TLS."""
    host = _HOST.fullmatch(request.headers.get("host", ""))
    name = (host[1] or host[2]) if host else ""
    return not is_encrypted(request) and (name == "localhost" or is_local(name))


def set_cookie(request: Request, answer: HTTPResponse, name: str, value: str, seconds: Optional[int] = None) -> None:
    answer.cookies[name] = value
    cookie = answer.cookies[name]
    cookie["httponly"], cookie["samesite"], cookie["path"] = True, "Lax", "/"
    cookie["secure"] = not is_plain_loopback(request)
    if seconds is not None:
        cookie["max-age"] = seconds


@lru_cache(maxsize=1)
def templates() -> Environment:
    made = Environment(loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined, auto_reload=False)
    made.trim_blocks = made.lstrip_blocks = True
    made.globals["asset"] = asset
    made.filters["moment"] = lambda at: f"{at:%Y-%m-%d %H:%M:%S}"
    return made


@lru_cache(maxsize=256)
def asset(name: str) -> str:
    """Return the address of a file under static/, with a mark that changes with its content."""
    mark = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/staff/static/{quote(name)}?v={mark}"


def _taken_messages(request: Request) -> list[dict[str, str]]:
    """Return the message that a redirect left, for whole pages (a fragment leaves it to the next page)."""
    kept = request.cookies.get(FLASH)
    if not kept or is_htmx(request):
        return []
    try:
        kind, text = json.loads(base64.urlsafe_b64decode(kept))
        return [{"kind": str(kind) if kind in ("done", "warning", "error") else "done", "text": str(text)}]
    except (ValueError, TypeError):
        return []
