"""The dashboard's figures: what was asked where and how it went, by day (China's) and place."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from typing import Any, Iterable, Optional

from sqlalchemy import Date, cast, func, select, text
from sqlalchemy.engine import Connection

from bot.errors import RequestError
from bot.storage.tables import feedback, handoff, turn
from bot.training.questions import Question, read_questions
from bot.training.similar import groups

CHINA = timezone(timedelta(hours=8))
LONGEST = 366  # days
KINDS = {"answer": "已答复", "clarify": "已反问", "handoff": "转人工", "fallback": "未能回答"}  # chit-chat is no question
NO_PLACE = ""  # the place of a question that names none
TOP = 10


@dataclass
class Day:
    """One day's figures. kinds: (place, kind) -> questions. votes: (place, up or down) -> votes."""

    day: date
    kinds: Counter = field(default_factory=Counter)
    votes: Counter = field(default_factory=Counter)
    handoffs: int = 0

    def of(self, kind: str) -> int:
        return sum(times for (_, own), times in self.kinds.items() if own == kind)

    def voted(self, vote: str) -> int:
        return sum(times for (_, own), times in self.votes.items() if own == vote)

    @property
    def questions(self) -> int:
        return sum(self.kinds.values())


@dataclass(frozen=True)
class Topic:
    """Questions alike that the bot did not answer well. before: as often in the equal time before."""

    questions: tuple[Question, ...]
    now: int
    before: int

    @property
    def text(self) -> str:
        return self.questions[0].text


@dataclass(frozen=True)
class Figures:
    """days: every day of the range, also empty ones. items: (item, answers), most often first."""

    start: date
    end: date
    place: Optional[str]
    days: tuple[Day, ...]
    items: tuple[tuple[str, int], ...]

    @property
    def total(self) -> int:
        return sum(day.questions for day in self.days)

    def share(self, kind: str) -> float:
        """Return the share of the questions that went this way, 0 to 1; 0 without questions."""
        return sum(day.of(kind) for day in self.days) / self.total if self.total else 0.0

    @property
    def votes(self) -> dict[str, int]:
        return {vote: sum(day.voted(vote) for day in self.days) for vote in ("up", "down")}

    def places(self) -> list[str]:
        """Return the places that anything was asked of, the busiest first."""
        count: Counter = Counter()
        for day in self.days:
            for (place, _), times in day.kinds.items():
                count[place] += times
        return [place for place, _ in count.most_common()]


def parse_range(start: Optional[str], end: Optional[str], today: Optional[date] = None) -> tuple[date, date]:
    """Return the first and last day of a range, by default the last 14 days. Raises RequestError for what is no range."""
    today = today or datetime.now(CHINA).date()
    try:
        last = date.fromisoformat(end) if end else today
        first = date.fromisoformat(start) if start else last - timedelta(days=13)
    except ValueError as error:
        raise RequestError("日期要写成 2026-01-31 这样") from error
    if not first <= last or (last - first).days >= LONGEST:
        raise RequestError(f"开始日期不能晚于结束日期，最多 {LONGEST} 天")
    return first, last


def figures(connection: Connection, start: date, end: date, place: Optional[str] = None) -> Figures:
    """Return the figures of the days from `start` to `end`, of all places or of one."""
    days = {start + timedelta(days=n): Day(start + timedelta(days=n)) for n in range((end - start).days + 1)}
    own: Any = (turn.c.kind.in_(KINDS), turn.c.at >= _utc(start), turn.c.at < _utc(end + timedelta(days=1)))
    if place is not None:
        own = (*own, turn.c.jurisdiction == place)
    day = _day_of(connection, turn.c.at)
    columns = (day, func.coalesce(turn.c.jurisdiction, NO_PLACE), turn.c.kind)
    for when, where, kind, times in connection.execute(select(*columns, func.count()).where(*own).group_by(*columns)):
        days[_as_date(when)].kinds[where, kind] += times
    items = connection.execute(
        select(turn.c.item, func.count().label("times"))
        .where(*own, turn.c.kind == "answer", turn.c.item.isnot(None))
        .group_by(turn.c.item)
        .order_by(func.count().desc(), turn.c.item)
        .limit(TOP)
    ).all()
    _count_votes(connection, days, place)
    _count_handoffs(connection, days, place)
    return Figures(start, end, place, tuple(days.values()), tuple((item, times) for item, times in items))


def _count_votes(connection: Connection, days: dict[date, Day], place: Optional[str]) -> None:
    day = _day_of(connection, feedback.c.at)
    columns = (day, feedback.c.item, feedback.c.vote)
    query = select(*columns, func.count()).where(*_within(feedback.c.at, days)).group_by(*columns)
    for when, item, vote, times in connection.execute(query):
        where = (item or "").partition("-")[0]
        if place in (None, where):
            days[_as_date(when)].votes[where, vote] += times


def _count_handoffs(connection: Connection, days: dict[date, Day], place: Optional[str]) -> None:
    day = _day_of(connection, handoff.c.at)
    query = select(day, func.count()).where(*_within(handoff.c.at, days)).group_by(day)
    for when, times in connection.execute(query if place is None else query.where(handoff.c.jurisdiction == place)):
        days[_as_date(when)].handoffs += times


def growing_topics(
    connection: Connection, start: date, end: date, place: Optional[str] = None, background: Iterable[str] = ()
) -> list[Topic]:
    """Return the topics that the bot answered badly more often than in the equal time before, the fastest growing first.

    background: see `similar.groups`.
    """
    length = timedelta(days=(end - start).days + 1)
    now = read_questions(connection, _utc(start), _utc(end + timedelta(days=1)), only_missed=True)
    before = read_questions(connection, _utc(start - length), _utc(start), only_missed=True)
    if place is not None:
        now, before = ([q for q in side if q.places[place]] for side in (now, before))
    everything = now + before
    topics = []
    for members in groups([q.text for q in everything], background):
        new = [everything[n] for n in members if n < len(now)]
        times = sum(sum(q.wrong.values()) for q in new)
        old = sum(sum(everything[n].wrong.values()) for n in members if n >= len(now))
        if new and times > old:
            topics.append(Topic(tuple(new), times, old))
    return sorted(topics, key=lambda topic: (topic.before - topic.now, -topic.now))[:TOP]


def as_csv(rows: list[list[Any]]) -> bytes:
    """Return the rows as CSV that spreadsheets open as UTF-8; a text that they would run as a formula gets an apostrophe."""
    file = io.StringIO()
    csv.writer(file).writerows([[safe_cell(cell) for cell in row] for row in rows])
    return b"\xef\xbb\xbf" + file.getvalue().encode()


def safe_cell(value: Any) -> Any:
    """Return the value so that no spreadsheet takes it for a formula."""
    return f"'{value}" if isinstance(value, str) and value.lstrip()[:1] in tuple("=+-@\t\r") and value.strip() else value


def daily_rows(found: Figures, names: dict[str, str]) -> list[list[Any]]:
    """Return a head and one row a day and place. names: place -> what it is called."""
    rows: list[list[Any]] = [["日期", "地方", "问题数", *KINDS.values(), "点赞", "点踩"]]
    for day in found.days:
        where = {place for place, _ in (*day.kinds, *day.votes)}
        for place in sorted(where, key=lambda place: (place == NO_PLACE, place)):
            kinds = [day.kinds[place, kind] for kind in KINDS]
            votes = [day.votes[place, vote] for vote in ("up", "down")]
            rows.append([day.day.isoformat(), names.get(place, place) or "没说地方", sum(kinds), *kinds, *votes])
    return rows


def _within(column: Any, days: dict[date, Day]) -> tuple[Any, Any]:
    return column >= _utc(min(days)), column < _utc(max(days) + timedelta(days=1))


def _utc(day: date) -> datetime:
    """Return the UTC moment, naive as the tables have it, at which the day begins in China."""
    return datetime.combine(day, time(), CHINA).astimezone(timezone.utc).replace(tzinfo=None)


def _day_of(connection: Connection, column: Any) -> Any:
    """Return the SQL expression of the day in China."""
    if connection.dialect.name == "sqlite":
        return func.date(column, text("'+8 hours'"))
    return cast(column + text("interval '8 hours'"), Date)


def _as_date(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)
