"""Search as you type: what a query that is only half typed finds, without a model and with one that speaks up."""

from __future__ import annotations

import time

import pytest

from bot.channels.search import rank
from bot.knowledge.queries import Knowledge

NOTHING: dict = {"services": {}}


def found(knowledge: Knowledge, query: str, place: str | None = None, limit: int = 20, parsed: dict = NOTHING) -> list[str]:
    return [hit.item.id for hit in rank(knowledge, query, parsed, place, limit)]


@pytest.mark.parametrize(
    "query",
    [
        "社保卡补换",
        "社保卡补换卡",
        "补社保卡",
        "shebaoka",
        "sbk",
        "shebaok",
        "社保k",
        "社保kabu",
        "sbkbh",
        "she'bao'ka'bu",
        "社保卡 换",
        "ＳＢＫ",
        "補社保卡",
    ],
)
def test_names_aliases_pinyin_initials_and_half_words(knowledge: Knowledge, query: str) -> None:
    assert "dagang-2.2" in found(knowledge, query)


def test_the_whole_name_comes_first(knowledge: Knowledge) -> None:
    for item in knowledge.items():
        assert rank(knowledge, item.name, NOTHING, item.jurisdiction, 1)[0].item.name == item.name


@pytest.mark.parametrize(
    ("query", "expected"), [("11.2", "dagang-11.2"), ("１１．２", "dagang-11.2"), ("yuzhong-12", "yuzhong-12")]
)
def test_numbers_of_items(knowledge: Knowledge, query: str, expected: str) -> None:
    assert found(knowledge, query)[0] == expected


def test_a_number_that_several_places_have_shows_them_all(knowledge: Knowledge) -> None:
    assert {"yuzhong-12", "gaoxin-12"} <= set(found(knowledge, "12"))
    assert found(knowledge, "渝中 12")[0] == "yuzhong-12"
    assert all(item.startswith("dagang-11.") for item in found(knowledge, "11.", "dagang"))


def test_phone_numbers_also_in_part_and_with_dashes(knowledge: Knowledge) -> None:
    for query in ("63856609", "6385", "6385-6609", "6385 6609"):
        hits = rank(knowledge, query, NOTHING, None, 5)
        assert hits and all("63856609" in hit.why for hit in hits), query
    assert found(knowledge, "13812345678") == []


@pytest.mark.parametrize(
    "query",
    ["哪些事项要户口本", "哪些事要用户口本", "什么业务需要户口簿？", "需要户口本的事项有哪些", "大港哪些事项要带户口本", "户口本"],
)
def test_documents_that_the_materials_name(knowledge: Knowledge, query: str) -> None:
    hits = rank(knowledge, query, NOTHING, None, 50)
    own = [hit for hit in hits if "户口" in hit.why]
    assert len(own) >= 5 and all("户口本" in hit.why or "户口簿" in hit.why for hit in own)
    assert hits[0] in own
    if "大港" in query:
        assert hits[0].item.jurisdiction == "dagang"


def test_which_items_need_it_lists_all_of_them_and_no_other(knowledge: Knowledge) -> None:
    wanted = {
        item.id
        for item in knowledge.items()
        if any(r.section == "materials" and ("户口本" in r.text or "户口簿" in r.text) for r in item.requirements)
    }
    sure = {"services": {"company_registration": 0.9}}
    assert set(found(knowledge, "哪些事项要户口本", limit=179, parsed=sure)) == wanted


def test_a_question_about_one_matter_is_no_question_which_items(knowledge: Knowledge) -> None:
    sure = {"services": {"card_replace": 0.8}}
    assert found(knowledge, "社保卡丢了要户口本吗", parsed=sure)[0] in knowledge.items_of["card_replace"]
    assert found(knowledge, "补社保卡需要什么材料", parsed=sure)[0] in knowledge.items_of["card_replace"]


def test_the_model_breaks_ties_and_speaks_where_words_are_silent(knowledge: Knowledge) -> None:
    sure = {"services": {"card_replace": 0.6, "card_apply": 0.1}}
    assert set(found(knowledge, "sbk", "dagang", 1, sure)) == {"dagang-2.2"}
    assert found(knowledge, "那张卡折了", "dagang", 1, sure) == ["dagang-2.2"]


def test_a_named_place_goes_before_others_and_a_chosen_one_excludes_them(knowledge: Knowledge) -> None:
    assert found(knowledge, "渝中区社会保障卡启用")[0] == "yuzhong-6"
    assert {item.partition("-")[0] for item in found(knowledge, "社会保障卡", "yuzhong")} == {"yuzhong"}


def test_strange_queries_find_nothing_and_break_nothing(knowledge: Knowledge) -> None:
    for query in ("", "???", "zzzzq", "[", "\\", "哪些事项要", "x" * 2000, "社" * 2000):
        assert len(found(knowledge, query)) <= 20


def test_a_keystroke_takes_a_fraction_of_its_time(knowledge: Knowledge) -> None:
    rank(knowledge, "a", NOTHING, None, 10)
    begun = time.perf_counter()
    queries = ["s", "sb", "sbk", "社", "社保", "社保卡", "社保卡丢", "shebaoka", "户口", "哪些事项要户口本"]
    for query in queries:
        rank(knowledge, query, NOTHING, None, 10)
    assert (time.perf_counter() - begun) / len(queries) < 0.05
