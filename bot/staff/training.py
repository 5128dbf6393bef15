"""What the trainers' pages share: their tabs, the phrasings, times as people read them, work in a thread."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any, Callable, Optional
from urllib.parse import parse_qsl

from sanic.request import Request
from sanic.response import HTTPResponse

from bot.errors import RequestError
from bot.knowledge.queries import Knowledge
from bot.staff.accounts import Account
from bot.staff.pages import page
from bot.training.labels import ASPECTS, find_intent, find_service
from bot.training.phrasing_file import Label
from bot.training.phrasings import Phrasing, read_phrasings

TABS = (
    ("收件箱", "/training"),
    ("问法", "/training/phrasings"),
    ("训练与上线", "/training/models"),
    ("看板", "/training/dashboard"),
    ("事项编辑", "/training/knowledge"),
)
BACKGROUND_STEP = 6  # every sixth phrasing
ROLE_OF_TAB = {"/training/knowledge": "editor"}


def training_page(request: Request, template: str, status: int = 200, **context: Any) -> HTTPResponse:
    """Return the page with what all of the trainers' templates know: `tabs`, `services` (id -> name), `aspects`, `local`."""
    paths = {f"/{route.path}" for route in request.app.router.routes}
    account: Account = request.ctx.account
    tabs = [tab for tab in TABS if tab[1] in paths and account.may(ROLE_OF_TAB.get(tab[1], "trainer"))]
    base = base_of(request)
    known = {"tabs": tabs, "services": base.services, "aspects": ASPECTS, "local": local, "places": base.jurisdictions}
    return page(request, template, status, **{**known, **context})


def base_of(request: Request) -> Knowledge:
    return request.app.ctx.knowledge.get()


async def in_thread(work: Callable[..., Any], *arguments: Any) -> Any:
    """Return what `work` returns, run beside the event loop: files and long computations."""
    return await asyncio.get_running_loop().run_in_executor(None, work, *arguments)


async def phrasings_of(request: Request) -> list[Phrasing]:
    return await in_thread(read_phrasings, request.app.ctx.settings.data / "nlu")


def background(phrasings: list[Phrasing]) -> list[str]:
    """Return enough questions to learn from which words say little."""
    return [phrasing.text for phrasing in phrasings[::BACKGROUND_STEP]]


def label_of(request: Request, service: str = "service", intent: str = "intent") -> Optional[Label]:
    """Return the label that the form's two fields name, None if no service is named. Raises RequestError for unknown ones."""
    spelt = request.form.get(service, "").strip()
    if not spelt:
        return None
    key = find_service(spelt, base_of(request).services)
    if key is None:
        raise RequestError(f"没有服务「{spelt[:30]}」，请从列表里选。")
    aspect = find_intent(request.form.get(intent, "")) or ""
    if aspect not in ASPECTS:
        raise RequestError("请选一个方面。")
    return Label(aspect, key)


def pairs_of(request: Request) -> list[tuple[str, str]]:
    """Return the form's fields in their order, empty ones included."""
    try:
        return parse_qsl(request.body.decode("utf-8"), keep_blank_values=True, max_num_fields=5000)
    except ValueError as error:
        raise RequestError("表单内容读不出来，请刷新后再试。") from error


def local(at: datetime) -> datetime:
    """Return a moment of the tables (UTC) as China's clocks show it."""
    return at + timedelta(hours=8)
