"""bot.training.dashboard: figures by China's day and by place, topics that grow, CSV that runs no formula."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.engine import Engine

from bot.errors import RequestError
from bot.storage.tables import handoff
from bot.training.dashboard import as_csv, daily_rows, figures, growing_topics, parse_range

from .conftest import Log

DAY = date(2026, 5, 20)
NOON = datetime(2026, 5, 20, 4)  # UTC; noon in China


def test_questions_per_day_place_and_outcome(engine: Engine, log: Log) -> None:
    log.ask("甲", at=NOON, times=6, jurisdiction="dagang")
    log.ask("乙", at=NOON, times=2, kind="clarify", slot="situation", jurisdiction="hebei")
    log.ask("丙", at=NOON, kind="fallback")
    log.ask("丁", at=NOON, kind="handoff", item=None)
    log.ask("谢谢", at=NOON, kind="chitchat", times=5)
    log.ask("昨天", at=NOON - timedelta(days=1), item="hebei-9.5")
    log.vote("甲", "up", at=NOON, item="dagang-2.2")
    log.vote("甲", "down", at=NOON, item="dagang-2.2")
    log.vote("乙", "down", at=NOON, item="hebei-9.5")
    with engine.begin() as connection:
        row = {"at": NOON, "conversation_id": "web:a", "channel": "web", "reason": "asked", "question": "找人"}
        connection.execute(insert(handoff).values(**row, jurisdiction="dagang"))
    with engine.connect() as connection:
        found = figures(connection, DAY - timedelta(days=2), DAY)
        here = figures(connection, DAY, DAY, "dagang")
    assert [day.questions for day in found.days] == [0, 1, 10]
    assert [found.days[2].of(kind) for kind in ("answer", "clarify", "handoff", "fallback")] == [6, 2, 1, 1]
    assert (found.total, round(found.share("answer"), 3), found.days[2].handoffs) == (11, 0.636, 1)
    assert found.items == (("dagang-2.2", 6), ("hebei-9.5", 1))
    assert found.places() == ["dagang", "", "hebei"] and found.votes == {"up": 1, "down": 2}
    assert (here.total, here.votes, here.items) == (6, {"up": 1, "down": 1}, (("dagang-2.2", 6),))
    assert daily_rows(found, {"dagang": "大港", "hebei": "河北"}) == [
        ["日期", "地方", "问题数", "已答复", "已反问", "转人工", "未能回答", "点赞", "点踩"],
        ["2026-05-19", "没说地方", 1, 1, 0, 0, 0, 0, 0],
        ["2026-05-20", "大港", 6, 6, 0, 0, 0, 1, 1],
        ["2026-05-20", "河北", 2, 0, 2, 0, 0, 0, 1],
        ["2026-05-20", "没说地方", 2, 0, 0, 1, 1, 0, 0],
    ]


def test_a_day_is_chinas_day(engine: Engine, log: Log) -> None:
    log.ask("刚过半夜", at=datetime(2026, 5, 19, 16, 0))
    log.ask("快到半夜", at=datetime(2026, 5, 20, 15, 59, 50))
    log.ask("过了半夜", at=datetime(2026, 5, 20, 16, 0))
    with engine.connect() as connection:
        assert [day.questions for day in figures(connection, DAY, DAY).days] == [2]


def test_topics_that_grow(engine: Engine, log: Log) -> None:
    before = NOON - timedelta(days=7)
    log.ask("养狗要办证吗", kind="fallback", at=before, times=1, jurisdiction="dagang")
    log.ask("养狗要不要办证", kind="fallback", at=NOON, times=4, jurisdiction="dagang")
    log.ask("学区房怎么划片", kind="fallback", at=before, times=5)
    log.ask("学区房怎么划片", kind="fallback", at=NOON, times=3)
    log.ask("电动车上牌在哪", kind="fallback", at=NOON, times=2)
    log.ask("补卡带什么", at=NOON, times=90)
    with engine.connect() as connection:
        topics = growing_topics(connection, DAY - timedelta(days=6), DAY)
        here = growing_topics(connection, DAY - timedelta(days=6), DAY, "dagang")
    assert [(t.text, t.now, t.before) for t in topics] == [("养狗要不要办证", 4, 1), ("电动车上牌在哪", 2, 0)]
    assert [t.text for t in here] == ["养狗要不要办证"]


def test_an_empty_database_has_empty_figures(engine: Engine) -> None:
    with engine.connect() as connection:
        found = figures(connection, DAY, DAY)
        assert growing_topics(connection, DAY, DAY) == []
    assert (found.total, found.share("answer"), found.items) == (0, 0.0, ())


@pytest.mark.parametrize(
    ("start", "end"), [("2026-05-21", "2026-05-20"), ("gestern", None), (None, "2026-13-01"), ("2024-01-01", "2026-01-01")]
)
def test_what_is_no_range_is_refused(start: str | None, end: str | None) -> None:
    with pytest.raises(RequestError):
        parse_range(start, end)


def test_a_range_is_two_weeks_unless_said() -> None:
    assert parse_range(None, None, DAY) == (date(2026, 5, 7), DAY)
    assert parse_range("2026-05-01", "", DAY) == (date(2026, 5, 1), DAY)


def test_no_cell_of_a_csv_runs_as_a_formula() -> None:
    found = as_csv([["=1+1", "@cmd", " -2+3", "+1", "普通", "", 5, -5]]).decode("utf-8-sig")
    assert found == "'=1+1,'@cmd,' -2+3,'+1,普通,,5,-5\r\n"
