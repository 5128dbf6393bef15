"""bot.training.inbox: what waits for a trainer, in which order, and what a decision does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from bot.errors import RequestError
from bot.training.inbox import Decision, Group, Outcome, grouped, history, open_questions, record, write
from bot.training.phrasing_editor import Located
from bot.training.phrasing_file import Label
from bot.training.phrasings import read_phrasings
from bot.training.questions import VOTES_OF_ONE

from .conftest import NOW, Log

SERVICES = {"card_replace", "card_loss"}
MATERIALS = Label("ask_materials", "card_replace")


def inbox(engine: Engine, nlu: Path) -> list[Group]:
    with engine.connect() as connection:
        return grouped(open_questions(connection, read_phrasings(nlu), NOW))


def decide(engine: Engine, nlu: Path, decisions: list[Decision]) -> Outcome:
    outcome = write(nlu, SERVICES, decisions)
    with engine.begin() as connection:
        record(connection, "小李", decisions, outcome)
    return outcome


def texts(groups: list[Group]) -> list[list[str]]:
    return [[q.text for q in group.questions] for group in groups]


def stands(nlu: Path, text: str) -> list[tuple[str, str | None]]:
    return [(p.intent, p.service) for p in read_phrasings(nlu) if p.text == text]


def test_misses_come_first_and_the_weightiest_of_them(engine: Engine, log: Log, nlu: Path) -> None:
    log.ask("社保卡换新要照片不", times=50)
    log.ask("灵活就业咋交养老", confidence=0.4)
    log.ask("我想给孩子弄个医保", kind="clarify", slot="item")
    log.ask("宠物狗证怎么办", kind="fallback", times=3)
    log.ask("退休金啥时候发")
    log.vote("退休金啥时候发", reason="答非所问")
    log.correct("家里老人没了低保咋停", "card_loss", note="应是停发")
    groups = inbox(engine, nlu)
    assert [g.lead.text for g in groups] == [
        "宠物狗证怎么办",
        "家里老人没了低保咋停",
        "退休金啥时候发",
        "我想给孩子弄个医保",
        "灵活就业咋交养老",
        "社保卡换新要照片不",
    ]
    assert [dict(g.wrong) for g in groups] == [
        {"fallback": 3},
        {"correction": 1},
        {"down": 1},
        {"asked_back": 1},
        {"unsure": 1},
        {},
    ]
    assert groups[1].service == "card_loss" and groups[1].lead.notes == ["热线小王：应是停发"]
    assert groups[2].lead.notes == ["答非所问"] and groups[2].service == "card_replace"


def test_the_same_question_in_other_marks_is_one_and_alike_ones_stand_together(engine: Engine, log: Log, nlu: Path) -> None:
    log.ask("小孩儿咋上城乡医保呀", kind="fallback", times=2)
    log.ask("小孩儿咋上城乡医保呀？？", kind="fallback", at=NOW + timedelta(seconds=30))
    log.ask("小孩儿咋上城乡依保", kind="fallback")
    log.ask("出租房备案去哪", kind="fallback")
    groups = inbox(engine, nlu)
    assert texts(groups) == [["小孩儿咋上城乡医保呀？？", "小孩儿咋上城乡依保"], ["出租房备案去哪"]]
    assert groups[0].lead.times == 3 and groups[0].times == 4


def test_one_conversation_fills_no_inbox_with_votes(engine: Engine, log: Log, nlu: Path) -> None:
    words = ("卡丢了", "退休金少了", "养狗登记", "开饭馆", "搬家落户", "孩子入学", "低保年审")
    for minute, question in enumerate(words):
        log.vote(question, at=NOW + timedelta(seconds=minute), who="web:one")
    log.vote("电动车上牌", at=NOW - timedelta(days=1), who="web:other")
    assert {q.text for g in inbox(engine, nlu) for q in g.questions} == {*words[-VOTES_OF_ONE:], "电动车上牌"}


def test_what_teaches_nothing_stays_out(engine: Engine, log: Log, nlu: Path) -> None:
    log.ask("2", kind="fallback")
    log.ask("嗯", kind="fallback")
    log.ask("〔号码已隐去〕", kind="fallback")
    log.ask("你好呀", kind="chitchat")
    log.ask("补卡 户口本", kind="fallback")  # a phrasing says so already: it waits for a training
    log.ask("上个月就问过的事", kind="fallback", at=NOW - timedelta(days=31))
    assert inbox(engine, nlu) == []


def test_accepting_writes_the_phrasing_and_empties_the_inbox(engine: Engine, log: Log, nlu: Path) -> None:
    log.ask("社保卡叫狗啃了（急）", kind="fallback")
    log.ask("社保卡让狗啃了咋弄", kind="fallback")
    (group,) = inbox(engine, nlu)
    outcome = decide(engine, nlu, [Decision(q, "accept", MATERIALS) for q in group.questions])
    assert len(outcome.changes) == 2 and outcome.known == 0
    assert stands(nlu, "社保卡叫狗啃了 急") == stands(nlu, "社保卡让狗啃了咋弄") == [("ask_materials", "card_replace")]
    assert inbox(engine, nlu) == []
    with engine.connect() as connection:
        rows = history(connection)
    assert {(r.account, r.decision, r.service, r.intent) for r in rows} == {("小李", "accept", "card_replace", "ask_materials")}
    assert {r.phrasing for r in rows} == {"社保卡叫狗啃了 急", "社保卡让狗啃了咋弄"}


def test_every_kind_of_decision_in_one_go(engine: Engine, log: Log, nlu: Path) -> None:
    for question in ("天上星星有几颗呢", "啊啊啊啊不知所云", "卡片让洗衣机洗了"):
        log.ask(question, kind="fallback")
    by_text = {g.lead.text: g.lead for g in inbox(engine, nlu)}
    decide(
        engine,
        nlu,
        [
            Decision(by_text["天上星星有几颗呢"], "out_of_scope"),
            Decision(by_text["啊啊啊啊不知所云"], "discard"),
            Decision(by_text["卡片让洗衣机洗了"], "move", Label("ask_process", "card_loss"), "社保卡片让洗衣机给洗了"),
        ],
    )
    assert stands(nlu, "天上星星有几颗呢") == [("out_of_scope", None)]
    assert stands(nlu, "啊啊啊啊不知所云") == []
    assert stands(nlu, "社保卡片让洗衣机给洗了") == [("ask_process", "card_loss")]
    assert inbox(engine, nlu) == []


def test_words_that_stand_under_another_service_move(engine: Engine, log: Log, nlu: Path) -> None:
    log.ask("补卡 户口本")
    log.vote("补卡 户口本", reason="我问的是挂失")
    (group,) = inbox(engine, nlu)
    outcome = decide(engine, nlu, [Decision(group.lead, "move", Label("ask_process", "card_loss"))])
    assert outcome.changes[0].before == Located(MATERIALS, "补卡 户口本")
    assert stands(nlu, "补卡 户口本") == [("ask_process", "card_loss")]


def test_a_complaint_after_the_decision_brings_a_question_back(engine: Engine, log: Log, nlu: Path) -> None:
    log.ask("社保卡叫狗啃了", kind="fallback", at=NOW - timedelta(days=3))
    (group,) = inbox(engine, nlu)
    decide(engine, nlu, [Decision(group.lead, "discard")])
    log.ask("社保卡叫狗啃了", kind="fallback", at=NOW - timedelta(days=2))
    assert inbox(engine, nlu) == []
    log.vote("社保卡叫狗啃了", at=NOW + timedelta(days=365 * 40))
    with engine.connect() as connection:
        later = open_questions(connection, read_phrasings(nlu), NOW + timedelta(days=365 * 40, hours=1))
    assert [q.text for q in later] == ["社保卡叫狗啃了"]


def test_a_decision_without_a_service_changes_nothing(engine: Engine, log: Log, nlu: Path) -> None:
    log.ask("社保卡叫狗啃了", kind="fallback")
    log.ask("天上星星有几颗呢", kind="fallback")
    groups = inbox(engine, nlu)
    with pytest.raises(RequestError, match="还没有选服务"):
        decide(engine, nlu, [Decision(groups[0].lead, "out_of_scope"), Decision(groups[1].lead, "accept")])
    assert len(inbox(engine, nlu)) == 2
    with engine.connect() as connection:
        assert history(connection) == []
