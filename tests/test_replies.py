"""bot.replies: the right branch, all of it and nothing else, and plainly said where the source is silent."""

from __future__ import annotations

import pytest

from bot.knowledge.queries import Knowledge
from bot.replies import Known, answer, split


def reply(knowledge: Knowledge, item: str, aspect: str, **known: object) -> str:
    return answer(knowledge.item(item), (aspect,), Known(**known), place="某地", contact="12345").text  # type: ignore[arg-type]


def test_self_and_agent_get_different_lists(knowledge: Knowledge) -> None:
    own = reply(knowledge, "dagang-2.2", "materials", applicant="self")
    agent = reply(knowledge, "dagang-2.2", "materials", applicant="agent")
    assert "护照" in own and "代办人身份证" not in own
    assert "代办人身份证原件及复印件" in agent and "公安机关开具的关系证明" in agent


def test_unknown_applicant_gets_every_branch_with_its_heading(knowledge: Knowledge) -> None:
    text = reply(knowledge, "dagang-2.1", "materials")
    assert "个人办卡" in text and "代理办卡" in text and "批量办卡" in text


def test_every_item_names_every_matching_requirement_and_its_source(knowledge: Knowledge) -> None:
    for item in knowledge.items():
        for applicant in (None, "self", "agent", "unit"):
            text = reply(knowledge, item.id, "materials", applicant=applicant)
            for requirement in item.requirements:
                if requirement.section == "materials":
                    assert (requirement.text in text) == requirement.holds(applicant, frozenset()) or any(
                        requirement.text in other.text for other in item.requirements if other is not requirement
                    ), (item.id, applicant, requirement.text)
            assert item.section in text


@pytest.mark.parametrize(("item", "aspect"), [("yuzhong-5", "materials"), ("dagang-2.1", "amount"), ("gaoxin-3", "phone")])
def test_what_the_source_lacks_is_said(knowledge: Knowledge, item: str, aspect: str) -> None:
    got = answer(knowledge.item(item), (aspect,), Known(), place="某地", contact="12345")
    assert got.not_in_source and "来源文件未载明" in got.text and "12345" in got.text


def test_long_replies_are_split_at_line_ends() -> None:
    text = "\n".join(f"{n}. " + "材料" * 60 for n in range(20))
    parts = split(text)
    assert "\n".join(parts) == text and all(len(part) <= 600 for part in parts)
