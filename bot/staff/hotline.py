"""The hotline page: find the item while the caller is still speaking, read it at a glance, tell the trainers what is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional

from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse
from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from bot.actions.conversation import knowledge
from bot.channels.search import Hit, asked_document, rank
from bot.errors import NotFoundError, RequestError
from bot.knowledge.queries import Knowledge
from bot.staff.access import db, staff
from bot.staff.accounts import Account, now
from bot.staff.audit import audit
from bot.staff.pages import page
from bot.staff.sheet import column_of, sheet_of, tab_of
from bot.staff.story import STORY_FROM, Story, understand
from bot.storage.tables import correction, hotline_item
from bot.text import MASK, clean, mask, squash

LIMIT, LIMIT_OF_LISTS = 12, 80
FEW, WORTH_SHOWING = 3, 0.01  # so many are shown however unsure, more only if they may be meant
RECENT = 10
MAX_QUERY, MAX_ANSWERS = 2000, 8
routes = Blueprint("staff_hotline")


@routes.get("/hotline")
@staff("hotline")
async def desk(request: Request) -> HTTPResponse:
    base = knowledge()
    kept = await _kept(request, base)
    item = request.args.get("item", "")
    return page(
        request,
        "hotline.html",
        places=list(base.jurisdictions.values()),
        items=[base.item(i) for i in base.item_ids],
        names=_short_names(base),
        open=item if item in base.item_ids else "",
        **kept,
    )


@routes.post("/hotline/search")
@staff("hotline")
async def search(request: Request) -> HTTPResponse:
    """Answer a keystroke: hits, and for a story what the chat makes of it. In the body, as stories belong into no log."""
    base, agent = knowledge(), request.app.ctx.agent
    query, place = _text(request, "q", MAX_QUERY), _place(request, base)
    if not squash(query):
        return page(request, "hotline_kept.html", names=_short_names(base), **await _kept(request, base))
    answers = (request.form.getlist("said", []) + request.form.getlist("answer", []))[:MAX_ANSWERS]
    answers = [masked if MASK in (masked := mask(answer)) else answer for answer in answers]
    story: Optional[Story] = None
    document = asked_document(query)
    if len(squash(query)) >= STORY_FROM and not query.isascii() and not document:
        said = [clean(text) for text in (query, *answers) if squash(text)]
        story, parsed = await understand(said, place, agent.parse_message, base, agent.domain.responses)
    else:
        parsed = await agent.parse_message(clean(query))
    hits = rank(base, query, parsed, place, LIMIT_OF_LISTS)
    if len([hit for hit in hits if hit.why]) <= LIMIT:
        hits = [hit for n, hit in enumerate(hits[:LIMIT]) if n < FEW or hit.confidence >= WORTH_SHOWING or hit.why]
    hits = _with_story(hits, story, base)
    return page(
        request, "hotline_results.html", hits=hits, story=story, answers=answers, names=_short_names(base), document=document
    )


@routes.get("/hotline/items/<item_id:str>")
@staff("hotline")
async def preview(request: Request, item_id: str) -> HTTPResponse:
    return await _item(request, item_id)


@routes.post("/hotline/items/<item_id:str>")
@staff("hotline")
async def open_item(request: Request, item_id: str) -> HTTPResponse:
    """As `preview`, and keep the item among the account's recent ones."""
    account = request.ctx.account
    knowledge().item(item_id)
    await db(request, lambda connection: _touch(connection, account, item_id))
    return await _item(request, item_id)


@routes.get("/hotline/items/<item_id:str>/print")
@staff("hotline")
async def printed(request: Request, item_id: str) -> HTTPResponse:
    base = knowledge()
    return page(request, "hotline_print.html", sheet=sheet_of(base.item(item_id), base))


@routes.post("/hotline/items/<item_id:str>/pin")
@staff("hotline")
async def pin(request: Request, item_id: str) -> HTTPResponse:
    account, item = request.ctx.account, knowledge().item(item_id)

    def job(connection: Connection) -> bool:
        _touch(connection, account, item_id)
        mine = (hotline_item.c.account_id == account.id) & (hotline_item.c.item == item_id)
        pinned = not connection.execute(select(hotline_item.c.pinned).where(mine)).scalar()
        connection.execute(update(hotline_item).where(mine).values(pinned=pinned))
        return pinned

    return page(request, "hotline_pin.html", item=item, pinned=await db(request, job))


@routes.post("/hotline/corrections")
@staff("hotline")
async def correct(request: Request) -> HTTPResponse:
    """Record a question with the item that answers it, or with none if the catalog lacks it, for the trainers' inbox."""
    base, account = knowledge(), request.ctx.account
    question, note = _text(request, "question", MAX_QUERY), _text(request, "note", 500)
    right, shown = (_text(request, name, 200).partition(" ")[0] for name in ("item", "shown"))
    if not squash(question):
        raise RequestError("请写下来电人是怎么问的。")
    if right and right not in base.item_ids:
        raise RequestError(f"没有编号为「{right[:40]}」的事项；请从列表里选，目录里没有就留空。")
    row = {
        "at": now(),
        "account": account.name,
        "question": mask(question),
        "jurisdiction": right.partition("-")[0] or _place(request, base),
        "shown": shown if shown in base.item_ids else None,
        "item": right or None,
        "service": base.item(right).services[0] if right else None,
        "note": mask(note),
        "model": getattr(request.app.ctx.agent, "model_id", None),
    }

    def job(connection: Connection) -> None:
        (key,) = connection.execute(insert(correction).values(**row)).inserted_primary_key
        audit(connection, account, "correction.add", right or "（目录里没有）", correction=key)

    await db(request, job)
    return page(request, "hotline_recorded.html", right=base.item(right) if right else None)


async def _item(request: Request, item_id: str) -> HTTPResponse:
    base, account = knowledge(), request.ctx.account
    sheet = sheet_of(base.item(item_id), base)
    mine = (hotline_item.c.account_id == account.id) & (hotline_item.c.item == item_id)
    pinned = await db(request, lambda connection: connection.execute(select(hotline_item.c.pinned).where(mine)).scalar())
    situations = tuple(request.args.getlist("case", []))
    first = tab_of(sheet, situations)
    tab = next(tab for tab in sheet.tabs if tab.id == first)
    return page(
        request,
        "hotline_item.html",
        sheet=sheet,
        first=first,
        chosen=column_of(tab, request.args.get("who")),
        pinned=bool(pinned),
        names=_short_names(base),
    )


def _with_story(hits: list[Hit], story: Optional[Story], base: Knowledge) -> list[Hit]:
    """Put what the chat would choose first; its confidence, where the story raised it, is the one shown."""
    if story is None:
        return hits
    sure = {one["item"]: one["confidence"] for one in story.candidates}
    known = {hit.item.id: hit if hit.why else replace(hit, confidence=sure.get(hit.item.id, hit.confidence)) for hit in hits}
    first = [story.item] if story.item and story.verdict in ("answer", "ask") else []
    order = list(dict.fromkeys([*first, *known, *(item for item in sure if sure[item] >= 0.05)]))
    return [known.get(item) or Hit(base.item(item), sure.get(item, 0.0)) for item in order]


async def _kept(request: Request, base: Knowledge) -> dict[str, Any]:
    mine = hotline_item.c.account_id == request.ctx.account.id
    query = select(hotline_item).where(mine).order_by(hotline_item.c.used_at.desc())
    rows = [row for row in await db(request, lambda connection: connection.execute(query).all()) if row.item in base.item_ids]
    return {
        "pinned": [base.item(row.item) for row in rows if row.pinned],
        "recent": [base.item(row.item) for row in rows if not row.pinned][:RECENT],
    }


def _touch(connection: Connection, account: Account, item_id: str) -> None:
    mine = (hotline_item.c.account_id == account.id) & (hotline_item.c.item == item_id)
    if not connection.execute(update(hotline_item).where(mine).values(used_at=now())).rowcount:
        connection.execute(insert(hotline_item).values(account_id=account.id, item=item_id, used_at=now(), pinned=False))


def _short_names(base: Knowledge) -> dict[str, str]:
    return {place.id: place.names[0] for place in base.jurisdictions.values()}


def _place(request: Request, base: Knowledge) -> Optional[str]:
    place = request.form.get("place") or None
    if place is not None and place not in base.jurisdictions:
        raise NotFoundError("没有这个地方。")
    return place


def _text(request: Request, name: str, limit: int) -> str:
    text = request.form.get(name, "")
    if len(text) > limit:
        raise RequestError(f"太长了，最多 {limit} 个字。")
    return text
