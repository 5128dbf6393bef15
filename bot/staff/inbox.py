"""The trainers' inbox at /training: real questions in groups, the misses first, to accept, move, mark or discard."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Optional

from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse
from sqlalchemy.engine import Connection

from bot.errors import RequestError
from bot.knowledge.queries import Knowledge
from bot.staff.access import db, staff
from bot.staff.audit import audit
from bot.staff.training import background, base_of, in_thread, label_of, phrasings_of, training_page
from bot.training import inbox
from bot.training.inbox import DECISIONS, Decision, Group, Outcome
from bot.training.labels import ASPECTS, label_name
from bot.training.phrasing_editor import tidy
from bot.training.phrasing_file import Label
from bot.training.questions import Question

PAGE = 15
SHOWN_FROM = 0.02
CANDIDATES = 4
SUGGESTED_FROM = 0.5  # probability from which the model's best service is suggested; below it a trainer chooses
REASONS = {
    "": "全部",
    "wrong": "没答好的",
    "correction": "热线纠正",
    "down": "点踩",
    "fallback": "没答上",
    "asked_back": "反问了事项",
    "unsure": "没把握",
}
routes = Blueprint("staff_inbox")


@dataclass(frozen=True)
class Shown:
    """A group with the label that is suggested for it, the likely intent, and other services that the model thinks of."""

    group: Group
    label: Optional[Label]
    intent: str
    candidates: list[tuple[str, float]]


@routes.get("/training")
@staff("trainer")
async def inbox_page(request: Request) -> HTTPResponse:
    reason, place, text = (request.args.get(name, "") for name in ("reason", "place", "q"))
    reason = reason if reason in REASONS else ""
    start = int(start) if (start := request.args.get("from", "0")).isdigit() else 0
    groups = [g for g in await _groups(request) if _fits(g, reason, place, text)]
    shown = [await _shown(request, group) for group in groups[start : start + PAGE]]
    return training_page(
        request,
        "inbox_groups.html" if request.args.get("from") else "inbox.html",
        shown=shown,
        count=len(groups),
        start=start,
        next=start + PAGE if len(groups) > start + PAGE else None,
        reason=reason,
        place=place,
        q=text,
        reasons=REASONS,
        decisions=DECISIONS,
        tidy=tidy,
    )


@routes.post("/training/decisions")
@staff("trainer")
async def decide(request: Request) -> HTTPResponse:
    """Decide on the questions `key` of one group; `text.<key>` are the words to write."""
    kind = request.form.get("decision", "")
    label = label_of(request) if kind == "accept" else None
    suggested = request.form.get("suggested", "")
    if kind == "accept" and label is not None and suggested and label.service != suggested:
        kind = "move"
    if kind == "accept" and label is None:
        raise RequestError("请先选一个服务。")
    keys = request.form.getlist("key", [])
    if not keys:
        raise RequestError("没有勾选任何问题。")
    found, gone = await _still_open(request, keys)
    decisions = [Decision(q, kind, label, request.form.get(f"text.{q.key}", "").strip()) for q in found]
    outcome = await _carry_out(request, decisions)
    done = _told(decisions, outcome, gone, base_of(request))
    return training_page(request, "inbox_done.html", done=[done], lead=request.form.get("lead", ""))


@routes.post("/training/decisions/bulk")
@staff("trainer")
async def decide_bulk(request: Request) -> HTTPResponse:
    """Decide on whole groups: each `group` is the keys of its questions, `label.<first key>` the label suggested for it."""
    kind = request.form.get("decision", "")
    groups = [keys.split() for keys in request.form.getlist("group", []) if keys.split()]
    if not groups:
        raise RequestError("还没有选中任何一组。")
    chosen = label_of(request) if kind == "move" else None
    if kind == "move" and chosen is None:
        raise RequestError("请先选要移到的服务。")
    decisions: list[Decision] = []
    gone = 0
    for keys in groups:
        found, missing = await _still_open(request, keys)
        gone += missing
        label = chosen
        if kind == "accept":
            spelt = request.form.get(f"label.{keys[0]}", "")
            if not spelt:
                raise RequestError(f"「{found[0].text[:30] if found else keys[0]}」没有建议的服务，请单独处理它。")
            label = Label.read(spelt)
        decisions += [Decision(question, kind, label) for question in found]
    outcome = await _carry_out(request, decisions)
    return training_page(
        request, "inbox_bulk_done.html", done=[_told(decisions, outcome, gone, base_of(request))], leads=[k[0] for k in groups]
    )


@routes.get("/training/decisions")
@staff("trainer")
async def history(request: Request) -> HTTPResponse:
    rows = await db(request, inbox.history)
    return training_page(request, "inbox_history.html", rows=rows, decisions=DECISIONS, name_of=_name_of(base_of(request)))


async def _groups(request: Request) -> list[Group]:
    phrasings = await phrasings_of(request)
    engine = base_of(request).engine

    def work() -> list[Group]:
        with engine.connect() as connection:
            return inbox.grouped(inbox.open_questions(connection, phrasings), background(phrasings))

    return await in_thread(work)


async def _still_open(request: Request, keys: list[str]) -> tuple[list[Question], int]:
    """Return the questions of `keys` that still wait, and how many do not: another trainer was faster."""
    phrasings = await phrasings_of(request)
    engine = base_of(request).engine

    def work() -> list[Question]:
        with engine.connect() as connection:
            return inbox.open_questions(connection, phrasings)

    by_key = {question.key: question for question in await in_thread(work)}
    found = [by_key[key] for key in keys if key in by_key]
    return found, len(keys) - len(found)


async def _carry_out(request: Request, decisions: list[Decision]) -> Outcome:
    services, account = set(base_of(request).services), request.ctx.account
    outcome: Outcome = await in_thread(inbox.write, request.app.ctx.settings.data / "nlu", services, decisions)

    def job(connection: Connection) -> None:
        ids = inbox.record(connection, account.name, decisions, outcome)
        for key, decision in zip(ids, decisions):  # the words stand in the row alone: with it they can be forgotten
            audit(connection, account, f"inbox.{decision.kind}", decision.label.spelt if decision.label else "", review=key)

    await db(request, job)
    return outcome


def _told(decisions: list[Decision], outcome: Outcome, gone: int, base: Knowledge) -> str:
    """Return in one sentence what was done."""
    parts = []
    for kind, title in DECISIONS.items():
        own = [d for d in decisions if d.kind == kind]
        if own:
            names = {label_name(d.label, base.services) for d in own if d.label is not None}
            parts.append(f"{title} {len(own)} 句{'（' + '、'.join(sorted(names)) + '）' if names else ''}")
    moved = sum(change.before is not None for change in outcome.changes)
    added = len(outcome.changes) - moved
    if added:
        parts.append(f"写入 {added} 条问法")
    if moved:
        parts.append(f"{moved} 条问法从别处移来")
    if outcome.known:
        parts.append(f"{outcome.known} 条本来就有")
    if gone:
        parts.append(f"{gone} 句已经有人处理过")
    return "；".join(parts) + "。"


async def _shown(request: Request, group: Group) -> Shown:
    """Ask the running model about the leading question, so that a trainer mostly needs to agree."""
    agent, base = request.app.ctx.agent, base_of(request)
    aspect, candidates = group.aspect, []
    if agent is not None:
        parsed: dict[str, Any] = await agent.parse_message(group.lead.text)
        await asyncio.sleep(0)  # let others have their turn between two questions
        ranked = [(s, p) for s, p in parsed.get("services", {}).items() if s in base.services and p >= SHOWN_FROM]
        candidates = ranked[:CANDIDATES]
        if aspect in (None, "general"):  # what a turn says that was not understood
            aspect = next((a for a in parsed.get("aspects") or () if f"ask_{a}" in ASPECTS), None)
    sure = candidates[0][0] if candidates and candidates[0][1] >= SUGGESTED_FROM else None
    service = group.service or sure
    intent = f"ask_{aspect or 'general'}"
    label = Label(intent, service) if service in base.services else None
    return Shown(group, label, intent, [pair for pair in candidates if pair[0] != service])


def _fits(group: Group, reason: str, place: str, text: str) -> bool:
    if reason and not (group.weight if reason == "wrong" else group.wrong[reason]):
        return False
    if place and not any(question.places[place] for question in group.questions):
        return False
    return not text.strip() or any(text.strip() in question.text for question in group.questions)


def _name_of(base: Knowledge) -> Any:
    return lambda intent, service: label_name(Label(intent, service), base.services) if intent else ""
