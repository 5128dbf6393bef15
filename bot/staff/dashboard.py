"""The dashboard at /training/dashboard: what was asked, how it went, which topics grow; pictures with tables behind them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Optional
from urllib.parse import quote

from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse
from sqlalchemy.engine import Connection

from bot.errors import RequestError
from bot.knowledge.queries import Knowledge
from bot.staff.access import staff
from bot.staff.pages import HEADERS
from bot.staff.training import background, base_of, in_thread, phrasings_of, training_page
from bot.training.dashboard import (
    KINDS,
    NO_PLACE,
    Figures,
    Topic,
    as_csv,
    daily_rows,
    figures,
    growing_topics,
    parse_range,
)

TABLES = {"days": "每天", "items": "事项", "topics": "话题"}
routes = Blueprint("staff_dashboard")


@routes.get("/training/dashboard")
@staff("trainer")
async def dashboard(request: Request) -> HTTPResponse:
    start, end, place = _asked(request)
    found, topics = await _read(request, start, end, place)
    before, _ = await _read(request, start - (end - start) - timedelta(days=1), start - timedelta(days=1), place, topics=False)
    base = base_of(request)
    return training_page(
        request,
        "dashboard.html",
        found=found,
        before=before,
        topics=topics,
        charts=_charts(found, topics, base),
        kinds=KINDS,
        ranges=_ranges(end),
        tables=TABLES,
        query=f"start={start}&end={end}&place={quote(place or '')}",
    )


@routes.get("/training/dashboard.csv")
@staff("trainer")
async def export(request: Request) -> HTTPResponse:
    start, end, place = _asked(request)
    table = request.args.get("table", "days")
    if table not in TABLES:
        raise RequestError(f"没有这个表：{table[:20]}")
    found, topics = await _read(request, start, end, place, topics=table == "topics")
    base = base_of(request)
    if table == "items":
        rows: list[list[Any]] = [["事项", "名称", "答复次数"], *([i, _item_name(i, base), times] for i, times in found.items)]
    elif table == "topics":
        rows = [["问题", "次数", "上一段时间的次数", "说法"]]
        rows += [[t.text, t.now, t.before, "；".join(q.text for q in t.questions)] for t in topics]
    else:
        rows = daily_rows(found, {key: one.name for key, one in base.jurisdictions.items()})
    name = quote(f"看板-{TABLES[table]}-{start}-{end}.csv")
    headers = {**HEADERS, "Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return response.raw(as_csv(rows), content_type="text/csv; charset=utf-8", headers=headers)


def _asked(request: Request) -> tuple[date, date, Optional[str]]:
    start, end = parse_range(request.args.get("start"), request.args.get("end"))
    place = request.args.get("place") or None
    if place is not None and place not in base_of(request).jurisdictions:
        raise RequestError(f"没有这个地方：{place[:20]}")
    return start, end, place


async def _read(request: Request, start: date, end: date, place: Optional[str], topics: bool = True) -> tuple[Figures, list[Topic]]:
    engine = base_of(request).engine
    usual = background(await phrasings_of(request)) if topics else []

    def work() -> tuple[Figures, list[Topic]]:
        connection: Connection
        with engine.connect() as connection:
            found = figures(connection, start, end, place)
            return found, growing_topics(connection, start, end, place, usual) if topics else []

    return await in_thread(work)


def _charts(found: Figures, topics: list[Topic], base: Knowledge) -> list[dict[str, Any]]:
    """Return each chart as its title, kind, what it says in one sentence, and the table it is drawn from."""
    days = [f"{day.day:%m-%d}" for day in found.days]
    places = found.places()
    shares = [[_percent(day.of(kind), day.questions) for day in found.days] for kind in KINDS]
    busiest = max(found.days, key=lambda day: day.questions)
    first = _item_name(found.items[0][0], base) if found.items else ""
    votes = found.votes
    return [
        {
            "title": "每天的问题，按地方",
            "kind": "stacked",
            "says": f"共 {found.total} 个问题，最多的是 {busiest.day:%m-%d}，{busiest.questions} 个。",
            "head": ["日期", *(_place_name(place, base) for place in places)],
            "rows": [
                [days[n], *(sum(day.kinds[place, kind] for kind in KINDS) for place in places)] for n, day in enumerate(found.days)
            ],
        },
        {
            "title": "答得怎么样（占当天问题的百分比）",
            "kind": "shares",
            "says": "，".join(f"{name} {found.share(kind):.0%}" for kind, name in KINDS.items()) + "。",
            "head": ["日期", *KINDS.values()],
            "rows": [[days[n], *(share[n] for share in shares)] for n in range(len(days))],
        },
        {
            "title": "答得最多的事项",
            "kind": "bars",
            "says": f"最多的是「{first}」，{found.items[0][1]} 次。" if found.items else "这段时间没有答复。",
            "head": ["事项", "答复次数"],
            "rows": [[_item_name(item, base), times] for item, times in found.items],
        },
        {
            "title": "点赞和点踩",
            "kind": "votes",
            "says": f"点赞 {votes['up']} 次，点踩 {votes['down']} 次。",
            "head": ["日期", "点赞", "点踩"],
            "rows": [[days[n], day.voted("up"), day.voted("down")] for n, day in enumerate(found.days)],
        },
        {
            "title": "没答好、而且在变多的话题",
            "kind": "growth",
            "says": f"增长最快的是「{topics[0].text[:30]}」，{topics[0].before} 次变成 {topics[0].now} 次。"
            if topics
            else "没有在变多的话题。",
            "head": ["问题", "这段时间", "上一段时间"],
            "rows": [[topic.text[:60], topic.now, topic.before] for topic in topics],
        },
    ]


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


def _place_name(place: str, base: Knowledge) -> str:
    if place == NO_PLACE:
        return "没说地方"
    return base.jurisdictions[place].short if place in base.jurisdictions else place


def _item_name(item: str, base: Knowledge) -> str:
    return f"{base.item(item).name}（{item}）" if item in base.item_ids else item


def _ranges(today: date) -> list[tuple[str, str]]:
    return [(f"近 {days} 天", f"start={today - timedelta(days=days - 1)}&end={today}") for days in (7, 14, 30, 90)]
