"""Items edited in a form at /training/knowledge: preview of the reply, history, and an answer that changes at once."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Any, Optional

from markupsafe import Markup, escape
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.conditions import applicants
from bot.errors import RequestError
from bot.knowledge import editing
from bot.knowledge.editing import Opened, StaleError
from bot.knowledge.form import CONTACT_KINDS, LISTS, SECTION_NAMES, WORDS, Content, Difference, differences, from_form, text_of
from bot.knowledge.queries import Knowledge
from bot.replies import APPLICANT_NAMES, ASPECT_NAMES, Known, answer
from bot.staff.access import db, staff
from bot.staff.audit import audit
from bot.staff.pages import redirect
from bot.staff.training import base_of, in_thread, local, pairs_of, training_page
from bot.text import squash

UPLOAD = 500_000  # bytes of a form; the longest item has some 60,000
ASPECTS_SHOWN = ("materials", "process", "phone", "eligibility", "legal_basis", "where", "general")
_WORDS = re.compile(r"\w+@\S+|[0-9A-Za-z\-]+|.|\n")  # a number changes as a whole
routes = Blueprint("staff_knowledge")


@routes.get("/training/knowledge")
@staff("editor")
async def items(request: Request) -> HTTPResponse:
    base = base_of(request)
    place, text = request.args.get("place", ""), request.args.get("q", "")
    wanted = squash(text)
    shown = [
        item
        for item in base.items()
        if place in ("", item.jurisdiction)
        and (not wanted or wanted in squash(item.id + item.name + "".join(item.aliases) + "".join(c.value for c in item.contacts)))
    ]
    recent = await db(request, lambda connection: editing.history(connection, limit=20))
    return training_page(request, "knowledge.html", items=shown, place=place, q=text, recent=recent, name_of=_name_of(base))


@routes.get("/training/knowledge/<item_id:str>")
@staff("editor")
async def item_page(request: Request, item_id: str) -> HTTPResponse:
    opened = await _opened(request, item_id)
    return await _form(request, opened, opened.content)


@routes.post("/training/knowledge/<item_id:str>/preview", stream=True)
@staff("editor", upload=UPLOAD)
async def preview(request: Request, item_id: str) -> HTTPResponse:
    """Return what the replies would be, with what the form changes marked; `aspect`, `applicant`, `situation` choose which."""
    opened = await _opened(request, item_id)
    pairs = pairs_of(request)
    new = from_form(opened.content, pairs)
    return training_page(request, "knowledge_preview.html", **await _preview(request, opened, new, dict(pairs)))


@routes.post("/training/knowledge/<item_id:str>", stream=True)
@staff("editor", upload=UPLOAD)
async def save(request: Request, item_id: str) -> HTTPResponse:
    opened = await _opened(request, item_id)
    pairs = pairs_of(request)
    new = from_form(opened.content, pairs)
    if dict(pairs).get("version") != opened.version:
        return await _stale(request, opened, new)
    folder, engine, who = request.app.ctx.settings.knowledge, base_of(request).engine, request.ctx.account
    try:
        changes: list[Difference] = await in_thread(editing.save, engine, folder, opened, new, who.name)
    except StaleError:
        return await _stale(request, await _opened(request, item_id), new)
    if not changes:
        raise RequestError("没有改动，不用保存。")
    await in_thread(request.app.ctx.knowledge.rebuild)
    fields = sorted({change.field for change in changes})
    await db(request, lambda connection: audit(connection, who, "item.edit", item_id, fields=fields))
    return redirect(request, f"/training/knowledge/{item_id}", f"已保存 {len(changes)} 处改动，居民现在问到的就是新的内容。")


async def _opened(request: Request, item_id: str) -> Opened:
    return await in_thread(editing.open_item, request.app.ctx.settings.knowledge, item_id, base_of(request).item_ids)


async def _stale(request: Request, opened: Opened, mine: Content) -> HTTPResponse:
    """Show the form again with what this editor wrote, against what another one has saved meanwhile."""
    rows = await db(request, lambda connection: editing.history(connection, opened.item, limit=1))
    who = f"{rows[0].account} 在 {local(rows[0].at):%H:%M} " if rows else "别人"
    problem = f"{who}刚改过这个事项，您的修改还没有保存。下面是您写的内容；与现在不同的地方列在这里，核对后再点保存。"
    return await _form(request, opened, mine, problem=problem, against=differences(opened.content, mine), status=409)


async def _form(
    request: Request,
    opened: Opened,
    content: Content,
    *,
    problem: str = "",
    against: Optional[list[Difference]] = None,
    status: int = 200,
) -> HTTPResponse:
    rows = await db(request, lambda connection: editing.history(connection, opened.item, limit=100))
    item = base_of(request).item(opened.item)
    answer_ = training_page(
        request,
        "knowledge_form.html" if status == 409 else "knowledge_item.html",
        status,
        item=item,
        content=content,
        version=opened.version,
        situations=content.get("situations", []),
        words=WORDS,
        lists=LISTS,
        parts=SECTION_NAMES,
        contact_kinds=CONTACT_KINDS,
        text_of=text_of,
        about_of=lambda statement: "" if isinstance(statement, str) else ",".join(statement.get("about", [])),
        rows=rows,
        problem=problem,
        against=against or [],
        marked=_marked,
        **await _preview(request, opened, content, {}),
    )
    if status == 409:
        answer_.headers.update({"HX-Retarget": "#editor", "HX-Reswap": "outerHTML"})
    return answer_


async def _preview(request: Request, opened: Opened, new: Content, chosen: dict[str, str]) -> dict[str, Any]:
    """Return the replies before and after, for the aspect that is asked for, else for those that change."""
    base = base_of(request)
    aspect = chosen.get("preview.aspect", "")
    applicant = chosen.get("preview.applicant") or None
    situation = chosen.get("preview.situation") or None
    known = Known(applicant if applicant in APPLICANT_NAMES else None, frozenset([situation] if situation else []))
    after, replies = await in_thread(_replies, new, base, opened.item, aspect, known)
    view = after.item(opened.item)
    return {
        "replies": replies,
        "aspect_names": {key: ASPECT_NAMES[key] for key in ASPECTS_SHOWN},
        "aspect": aspect,
        "applicant": applicant or "",
        "situation": situation or "",
        "own_applicants": applicants(view),
        "own_situations": view.situations,
        "applicant_names": APPLICANT_NAMES,
        "changes": differences(opened.content, new),
    }


def _replies(
    new: Content, base: Knowledge, item: str, aspect: str, known: Known
) -> tuple[Knowledge, list[tuple[str, str, str, Markup]]]:
    """Return the knowledge base as it would be, and (aspect, before, after, after with marks) of each reply to show."""
    after = editing.preview(new, base)
    replies: list[tuple[str, str, str, Markup]] = []
    for one in (aspect,) if aspect in ASPECT_NAMES else ASPECTS_SHOWN:
        texts = _reply(base, item, one, known), _reply(after, item, one, known)
        if aspect or texts[0] != texts[1] or one == ASPECTS_SHOWN[-1] and not replies:
            replies.append((ASPECT_NAMES[one], *texts, _marked(*texts)))
    return after, replies


def _reply(base: Knowledge, item_id: str, aspect: str, known: Known) -> str:
    item = base.item(item_id)
    place = base.jurisdictions[item.jurisdiction].name
    return answer(item, (aspect,), known, place=place, contact=base.contact(item, None)).text


def _marked(before: str, after: str) -> Markup:
    """Return `after` as HTML, with what is new and what is gone marked."""
    if before == after:
        return escape(after)
    parts = []
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, come = "".join(old[a:b]), "".join(new[c:d])
        if kind == "equal":
            parts.append(escape(come))
        else:
            parts += [Markup("<del>{}</del>").format(gone)] if gone else []
            parts += [Markup("<ins>{}</ins>").format(come)] if come else []
    return Markup("").join(parts)


def _name_of(base: Knowledge) -> Any:
    return lambda item_id: base.item(item_id).name if item_id in base.item_ids else item_id
