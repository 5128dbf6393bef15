"""An item at a glance: every statement of the source stands somewhere, spoken sentences are short, messages complete."""

from __future__ import annotations

import re

from bot.conditions import applicants
from bot.knowledge.queries import Knowledge
from bot.staff.sheet import SPOKEN_LENGTH, Sheet, column_of, sheet_of, tab_of


def sheet(knowledge: Knowledge, item: str) -> Sheet:
    return sheet_of(knowledge.item(item), knowledge)


def words(text: str) -> str:
    return re.sub(r"[\W_]", "", text)


def test_branches_stand_side_by_side(knowledge: Knowledge) -> None:
    (tab,) = sheet(knowledge, "dagang-2.1").tabs
    assert [column.title for column in tab.columns] == ["本人办理", "代办办理", "单位办理"]
    own, agent, _ = tab.columns
    assert own.materials[0].texts == ("本人身份证、户口本、护照等有效身份证件",)
    assert len(agent.materials[0].texts) == 3


def test_applicants_with_the_same_lists_share_a_column(knowledge: Knowledge) -> None:
    for item in knowledge.items():
        for tab in sheet_of(item, knowledge).tabs:
            lists = [(column.materials, column.steps) for column in tab.columns]
            assert len(set(lists)) == len(lists), item.id
            assert sorted(who for column in tab.columns for who in column.applicants) == sorted(applicants(item)), item.id


def test_situations_are_tabs_and_the_first_holds_all(knowledge: Knowledge) -> None:
    found = sheet(knowledge, "hebei-9.5")
    assert [tab.title for tab in found.tabs] == ["全部情形", "困难残疾人生活补贴", "重度残疾人护理补贴"]
    texts = [[text for column in tab.columns for group in column.materials for text in group.texts] for tab in found.tabs]
    assert len(texts[0]) == 2 and len(texts[1]) == len(texts[2]) == 1 and texts[1] != texts[2]


def test_nothing_of_the_source_is_lost(knowledge: Knowledge) -> None:
    for item in knowledge.items():
        found = sheet_of(item, knowledge)
        groups = [g for c in found.tabs[0].columns for part in (c.materials, c.steps) for g in part]
        groups += [g for _, part in found.more for g in part]
        shown = {text for group in groups for text in group.texts}
        assert {statement.text for statement in item.requirements} == shown, item.id


def test_spoken_sentences_are_short_and_leave_nothing_out(knowledge: Knowledge) -> None:
    for item in knowledge.items():
        for tab in sheet_of(item, knowledge).tabs:
            for column in tab.columns:
                for line in column.spoken:
                    assert len(line) <= SPOKEN_LENGTH + 2 or not re.search("[，、：,](?!$)", line[6:SPOKEN_LENGTH]), (item.id, line)
                    assert line[-1] in "。，、：？！,", (item.id, line)
                said = words("".join(column.spoken).replace("说明：", ""))
                for group in (*column.materials, *column.steps):
                    for text in group.texts:
                        assert words(text.replace("说明：", "")) in said, (item.id, text)


def test_what_is_read_aloud(knowledge: Knowledge) -> None:
    (tab,) = sheet(knowledge, "dagang-2.2").tabs
    assert tab.columns[1].spoken[:5] == (
        "您要办的是社保卡补换卡，在天津市滨海新区大港街道办理。",
        "代办办理，材料一共三样。",
        "第一，公安机关开具的关系证明。",
        "说明：如在同一户口下，只需携带户口本原件及复件。",
        "第二，办卡人身份证原件及复印件。",
    )
    assert tab.columns[1].spoken[-1] == "监督方式：6385 6609。"


def test_the_message_is_the_chats_own_answer(knowledge: Knowledge) -> None:
    (tab,) = sheet(knowledge, "dagang-2.2").tabs
    message = tab.columns[1].message
    assert message.startswith("【社保卡补换卡】天津市滨海新区大港街道") and "来源：《" in message and "63856609" in message
    assert "公安机关开具的关系证明" in message and "本人身份证、户口本、护照" not in message


def test_the_same_service_in_other_places(knowledge: Knowledge) -> None:
    for item in knowledge.items():
        others = sheet_of(item, knowledge).others
        assert all(o.jurisdiction != item.jurisdiction and set(o.services) & set(item.services) for o in others), item.id
    assert [o.jurisdiction for o in sheet(knowledge, "gaoxin-2").others] == ["dagang", "dagu", "yuzhong"]


def test_what_the_caller_said_chooses_tab_and_column(knowledge: Knowledge) -> None:
    found = sheet(knowledge, "hebei-9.5")
    assert tab_of(found, ("nursing_subsidy",)) == "nursing_subsidy"
    assert tab_of(found, ("unheard_of",)) == tab_of(found, ()) == tab_of(found, ("nursing_subsidy", "living_subsidy")) == ""
    (tab,) = sheet(knowledge, "dagang-2.2").tabs
    assert [column_of(tab, who) for who in ("self", "agent", "unit", None, "")] == [0, 1, -1, -1, -1]
