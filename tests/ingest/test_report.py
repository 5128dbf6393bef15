from __future__ import annotations

import pytest

from bot.ingest.entry import SourceEntry
from bot.ingest.report import findings

LONG = "申请人携带户口本、身份证和照片到街道综合服务大厅提出申请，由工作人员审核后当场办结并发给登记证明"


def entry(number: str = "1.1", name: str = "养猫登记", heading: str = "养猫登记信息表", **fields: str) -> SourceEntry:
    return SourceEntry(number, name, heading, fields or {"运行要件": "身份证"})


def test_a_sound_entry_has_no_findings() -> None:
    assert findings([entry()]) == []


@pytest.mark.parametrize(("text", "word"), [("", "empty"), (" \u3000\n", "empty"), ("无", "无"), ("无。", "无")])
def test_empty_fields(text: str, word: str) -> None:
    (found,) = findings([entry(法定依据=text)])
    assert "法定依据" in found and word in found


def test_a_field_that_repeats_another() -> None:
    (found,) = findings([entry(运行流程="1、提出申请", 运行要件="1.提出申请", 责任事项="养猫登记")])
    assert "«运行要件» repeats field «运行流程»" in found


def test_inherited_cells_are_no_repetition() -> None:
    one = SourceEntry("1", "养猫登记", "", {"责任单位": "测试事务中心", "责任科室": "测试事务中心"}, frozenset({"责任科室"}))
    assert findings([one]) == []


def test_two_entries_with_one_text() -> None:
    same = [
        entry(name=name, number=number, heading="", 运行流程=LONG, 责任事项=name)
        for number, name in (("1.1", "养猫登记"), ("1.2", "养狗登记"))
    ]
    (found,) = findings(same)
    assert "1.1 养猫登记; 1.2 养狗登记" in found
    assert findings([same[0], entry(name="养鸟", number="1.3", heading="", 运行流程=LONG + "完")]) == []


def test_lost_and_repeated_numbers_and_the_readers_own_problems() -> None:
    assert "number lost" in findings([entry(number="")])[0]
    assert len(findings([entry(运行要件="甲证"), entry(运行要件="乙证")])) == 2
    told = SourceEntry("1", "养猫登记", "", {}, problems=("name lost",))
    assert findings([told]) == ["1 养猫登记: name lost"]


@pytest.mark.parametrize("heading", ["", "养猫登记信息表", "养猫 登记", "1.1养猫登记", "1.1 养猫登记权力", "养狗登记信息表"])
def test_name_and_heading(heading: str) -> None:
    expected = heading in ("养狗登记信息表", "1.1 养猫登记权力")
    assert bool(findings([entry(heading=heading)])) is expected


def test_a_name_that_begins_with_a_number_agrees() -> None:
    assert findings([entry(name="107户登记", heading="107户登记信息表")]) == []
