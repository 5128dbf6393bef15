"""Phrasings by service at /training/phrasings: add, edit, move, delete, search, spreadsheets, the linter's findings."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import datetime
from typing import Any, Optional
from urllib.parse import quote

from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse
from sqlalchemy import select
from sqlalchemy.engine import Connection

from bot.errors import RequestError
from bot.staff.access import db, staff
from bot.staff.audit import audit
from bot.staff.linting import in_words, is_about, linter_of
from bot.staff.pages import HEADERS
from bot.staff.training import base_of, in_thread, local, phrasings_of, training_page
from bot.storage.tables import audit as audit_table
from bot.text import mask, squash
from bot.training.labels import ASPECTS, CONTEXT, FOLLOW_UPS, OTHERS, find_intent, find_service, label_name, service_name
from bot.training.phrasing_editor import Add, Change, ConflictError, Delete, Edit, Located, Replace, apply
from bot.training.phrasing_file import ORDER, Label
from bot.training.phrasing_sheet import MOST_BYTES, as_sheet, read_sheet
from bot.training.phrasings import Phrasing

MOST_FOUND = 200
MOST_LINES = 200
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
routes = Blueprint("staff_phrasings")


@routes.get("/training/phrasings")
@staff("trainer")
async def phrasings_page(request: Request) -> HTTPResponse:
    base, phrasings = base_of(request), await phrasings_of(request)
    service, intent, text = (request.args.get(name, "") for name in ("service", "intent", "q"))
    if service not in (*base.services, CONTEXT) and intent not in OTHERS and not text.strip():
        service, intent = next(iter(base.services)), ""
    chosen = _chosen(phrasings, service, intent, text)
    sections: dict[str, list[Phrasing]] = {}
    for one in chosen[:MOST_FOUND] if text.strip() else chosen:
        sections.setdefault(one.intent, []).append(one)
    order = (*ORDER, *OTHERS)
    return training_page(
        request,
        "phrasings.html",
        blocks=sorted(sections.items(), key=lambda pair: order.index(pair[0]) if pair[0] in order else 99),
        count=len(chosen),
        counts=Counter(p.service or p.intent for p in phrasings),
        service=service,
        intent=intent,
        q=text,
        title=_title(request, service, intent, text),
        kinds=_kinds(),
        context=CONTEXT,
        follow_ups=FOLLOW_UPS,
        others=OTHERS,
        most=MOST_FOUND,
        **_row_tools(request),
    )


@routes.get("/training/phrasings/row")
@staff("trainer")
async def row(request: Request) -> HTTPResponse:
    """Return one phrasing's row, as a form with `edit`."""
    label, text = Label.read(request.args.get("label", "")), request.args.get("text", "")
    return _row(request, Located(label, text), edit=bool(request.args.get("edit")))


@routes.post("/training/phrasings/save")
@staff("trainer")
async def save(request: Request) -> HTTPResponse:
    old = Located(Label.read(request.form.get("label", "")), request.form.get("old", ""))
    new = Located(_label(request), request.form.get("text", ""))
    try:
        (change,) = await _carry_out(request, [Replace(old, new)])
    except ConflictError as conflict:
        return await _conflict(request, conflict.about, new)
    assert change.after is not None
    told = "已保存。" if change.after.label == old.label else f"已移到「{label_name(new.label, base_of(request).services)}」。"
    return _and_check(_row(request, change.after, told=told))


@routes.post("/training/phrasings/delete")
@staff("trainer")
async def delete(request: Request) -> HTTPResponse:
    old = Located(Label.read(request.form.get("label", "")), request.form.get("old", ""))
    try:
        await _carry_out(request, [Delete(old)])
    except ConflictError as conflict:
        return await _conflict(request, conflict.about, None)
    return _and_check(training_page(request, "phrasing_gone.html", old=old, row_id=row_id(old)))


@routes.post("/training/phrasings/add")
@staff("trainer")
async def add(request: Request) -> HTTPResponse:
    """Add one phrasing a line."""
    label = _label(request)
    lines = [line.strip() for line in request.form.get("texts", "").splitlines() if line.strip()]
    if not 0 < len(lines) <= MOST_LINES:
        raise RequestError(f"请写 1 到 {MOST_LINES} 行，一行一条问法。")
    changes = await _carry_out(request, [Add(label, line) for line in lines])
    added = [change.after for change in changes if change.after is not None]
    return _and_check(training_page(request, "phrasings_added.html", added=added, label=label, **_row_tools(request)))


@routes.get("/training/phrasings/findings")
@staff("trainer")
async def findings(request: Request) -> HTTPResponse:
    """Return the findings on what the page shows, each for its row."""
    service, intent, text = (request.args.get(name, "") for name in ("service", "intent", "q"))
    found = await linter_of(request.app.ctx, request.app.ctx.settings).findings()
    shown = _chosen(await phrasings_of(request), service, intent, text)
    services = base_of(request).services
    own: dict[str, list[str]] = {}
    for phrasing in shown:
        words = [in_words(finding, services, phrasing) for finding in found if is_about(finding, phrasing)]
        if words:
            own[row_id(Located(Label(phrasing.intent, phrasing.service), phrasing.text))] = words
    general = [in_words(finding, services) for finding in found if not finding.text and finding.service == service]
    elsewhere = sorted({finding.service for finding in found if finding.service and finding.service != service})
    return training_page(request, "phrasing_findings.html", own=own, general=general, elsewhere=elsewhere, count=len(found))


@routes.get("/training/phrasings.xlsx")
@staff("trainer")
async def export(request: Request) -> HTTPResponse:
    services = base_of(request).services
    service, intent = request.args.get("service", ""), request.args.get("intent", "")
    phrasings = await phrasings_of(request)
    chosen = _chosen(phrasings, service, intent, "") if service or intent else phrasings
    content = await in_thread(as_sheet, chosen, services)
    name = quote(f"问法-{services.get(service, service) or OTHERS.get(intent, '全部')}.xlsx")
    return response.raw(
        content, content_type=XLSX, headers={**HEADERS, "Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    )


@routes.post("/training/phrasings/import", stream=True)
@staff("trainer", upload=MOST_BYTES + 100_000)
async def import_sheet(request: Request) -> HTTPResponse:
    """Say what a spreadsheet would change, and with `do` = apply change it."""
    file = request.files.get("file")
    if file is None or not file.body:
        raise RequestError("请先选一个 .xlsx 文件。")
    services = base_of(request).services
    edits: list[Edit] = await in_thread(read_sheet, file.body, services)
    wanted = request.form.get("do") == "apply"
    if wanted and edits:
        await _carry_out(request, edits)
    names = {"添加": Add, "修改或移动": Replace, "删除": Delete}
    counts = {name: sum(isinstance(edit, kind) for edit in edits) for name, kind in names.items()}
    return training_page(request, "phrasings_imported.html", edits=edits[:100], counts=counts, done=wanted, spelt=_spelt(services))


def row_id(where: Located) -> str:
    return "p" + hashlib.sha256(f"{where.label.spelt}\n{where.text}".encode()).hexdigest()[:16]


async def _carry_out(request: Request, edits: list[Edit]) -> list[Change]:
    services, account = set(base_of(request).services), request.ctx.account
    changes: list[Change] = await in_thread(apply, request.app.ctx.settings.data / "nlu", edits, services)

    def job(connection: Connection) -> None:
        for change in changes:
            verb = "add" if change.before is None else "delete" if change.after is None else "edit"
            sides = {"before": change.before, "after": change.after}
            detail = {name: {"label": side.label.spelt, "text": side.text} for name, side in sides.items() if side is not None}
            audit(connection, account, f"phrasing.{verb}", (change.before or change.after).text, **detail)  # type: ignore[union-attr]

    await db(request, job)
    return changes


async def _conflict(request: Request, about: Located, mine: Optional[Located]) -> HTTPResponse:
    """Tell who changed it meanwhile and into what, and keep the words of the one who comes second."""
    last = await db(request, lambda connection: _last_change(connection, about))
    services = base_of(request).services
    who, at, after = last if last is not None else (None, None, None)
    answer = training_page(
        request,
        "phrasing_conflict.html",
        409,
        old=about,
        mine=mine,
        who=who,
        at=at,
        after=after,
        name_of=lambda label: label_name(label, services),
        row_id=row_id(about),
    )
    answer.headers.update({"HX-Retarget": f"#{row_id(about)}", "HX-Reswap": "outerHTML"})
    return answer


def _and_check(answer: HTTPResponse) -> HTTPResponse:
    """Let the page ask for the linter's findings anew."""
    answer.headers["HX-Trigger"] = "phrasings-changed"
    return answer


def _last_change(connection: Connection, about: Located) -> Optional[tuple[str, datetime, Optional[Located]]]:
    """Return who took the phrasing from where it stood, when, and what became of it (None: deleted)."""
    query = (
        select(audit_table)
        .where(audit_table.c.action.in_(("phrasing.edit", "phrasing.delete")), audit_table.c.subject == mask(about.text)[:200])
        .order_by(audit_table.c.id.desc())
        .limit(1)
    )
    found = connection.execute(query).first()
    if found is None:
        return None
    after = found.detail.get("after")
    return found.account, local(found.at), Located(Label.read(after["label"]), after["text"]) if after else None


def _row(request: Request, where: Located, *, edit: bool = False, told: str = "") -> HTTPResponse:
    return training_page(
        request,
        "phrasing_edit.html" if edit else "phrasing_row.html",
        where=where,
        told=told,
        kinds=_kinds(),
        **_row_tools(request),
    )


def _row_tools(request: Request) -> dict[str, Any]:
    services = base_of(request).services
    return {
        "row_id": row_id,
        "located": lambda p: Located(Label(p.intent, p.service), p.text),
        "name_of": lambda label: label_name(label, services),
        "service_of": lambda label: service_name(label.service, services) if label.service else "",
    }


def _label(request: Request) -> Label:
    """Return the label that the fields `service` and `intent` name. Raises RequestError."""
    spelt, intent = request.form.get("service", "").strip(), find_intent(request.form.get("intent", ""))
    service = find_service(spelt, base_of(request).services) if spelt else None
    if spelt and service is None:
        raise RequestError(f"没有服务「{spelt[:30]}」，请从列表里选。")
    if intent is None:
        raise RequestError("请选一个类别。")
    if (service is None) is (intent in ASPECTS):
        raise RequestError("请选一个服务。" if service is None else f"「{OTHERS[intent]}」不属于任何服务，服务一栏要空着。")
    return Label(intent, service)


def _chosen(phrasings: list[Phrasing], service: str, intent: str, text: str) -> list[Phrasing]:
    if text.strip():
        wanted = squash(text)
        return [p for p in phrasings if wanted in p.plain or text.strip() in p.text]
    if service:
        return [p for p in phrasings if p.service == service]
    return [p for p in phrasings if p.service is None and p.intent == intent]


def _title(request: Request, service: str, intent: str, text: str) -> str:
    if text.strip():
        return f"搜索「{text.strip()[:30]}」"
    return service_name(service, base_of(request).services) if service else OTHERS[intent]


def _kinds() -> dict[str, str]:
    return {**ASPECTS, **OTHERS}


def _spelt(services: dict[str, str]) -> Any:
    def spelt(edit: Edit) -> tuple[str, str]:
        if isinstance(edit, Add):
            return "", f"{edit.text}（{label_name(edit.label, services)}）"
        before = f"{edit.old.text}（{label_name(edit.old.label, services)}）"
        return before, f"{edit.new.text}（{label_name(edit.new.label, services)}）" if isinstance(edit, Replace) else ""

    return spelt
