from __future__ import annotations

import pytest
import yaml

from bot.ingest.draft import about, branches, draft
from bot.ingest.entry import SourceEntry
from bot.ingest.verify import leftovers
from bot.knowledge.schema import Item


def texts(raw: str, section: str = "materials") -> list[str]:
    return [t if isinstance(t, str) else t["text"] for branch in branches(raw, section) for t in branch["texts"]]


@pytest.mark.parametrize(
    "raw",
    ["1.户口本；2.照片2张", "1、户口本\n2、照片2张。", "①户口本；②照片2张", "（一）户口本（二）照片2张", "户口本、照片2张", "户口本\n照片2张",
     "一、户口本\n二、照片2张", "（1）户口本（2）照片2张"],
)  # fmt: skip
def test_takes_lists_of_every_kind_apart(raw: str) -> None:
    assert texts(raw) == ["户口本", "照片2张"]


def test_does_not_part_within_brackets_and_titles() -> None:
    assert texts("户口本（首页、本人页）、《甲、乙登记表》") == ["户口本（首页、本人页）", "《甲、乙登记表》"]


def test_nested_lists_take_the_colon_as_heading() -> None:
    got = branches("1.身份证；\n（1）死亡：①证明甲；②证明乙；\n（2）转出：①证明丙。", "materials")
    assert got[-2:] == [{"heading": "死亡", "texts": ["证明甲", "证明乙"]}, {"heading": "转出", "texts": ["证明丙"]}]


def test_a_line_before_a_list_that_starts_anew_is_its_heading() -> None:
    got = branches("门诊：①票据；②清单；\n住院：①票据；②小结。", "materials")
    assert [branch["heading"] for branch in got] == ["门诊", "住院"]


def test_steps_are_parted_at_dashes() -> None:
    assert texts("申请—审核→决定", "steps") == ["申请", "审核", "决定"]


@pytest.mark.parametrize(
    ("raw", "applicants"),
    [("代办人身份证（代办人办理时提供）", ["agent"]), ("《委托书》（代办人办理）", ["agent"]), ("代理办卡：关系证明", ["agent"]),
     ("本人办理：身份证", ["self"]), ("批量办卡：介绍信", ["unit"]), ("单位介绍信", None), ("身份证", None), ("本人或代理人身份证", None)],
)  # fmt: skip
def test_finds_the_applicant(raw: str, applicants: list[str] | None) -> None:
    assert branches(raw, "materials")[0].get("applicants") == applicants


@pytest.mark.parametrize(
    ("text", "aspect"),
    [("到1号窗口办理", "where"), ("5个工作日内办结", "time"), ("当月20日前缴费", "time"), ("通过手机APP办理", "online"), ("一次发给300元", "amount"),
     ("街道办事处审核材料", "agency"), ("携带身份证", "materials"), ("代办人办理", "eligibility"), ("拨打63850000", "phone")],
)  # fmt: skip
def test_tags_what_a_step_answers(text: str, aspect: str) -> None:
    assert aspect in about(text, "steps")


def test_tags_nothing_that_is_not_said() -> None:
    assert about("审核", "steps") == []
    assert about("近3个月的发放记录", "materials") == []
    assert "materials" not in about("《关于支持企业稳定就业的通知》", "legal_basis")


def test_a_draft_is_yaml_fits_the_schema_but_for_services_and_loses_nothing() -> None:
    fields = {
        "主要职责": "管理动物",
        "法定依据": "《动物条例》第一条；《猫办法》",
        "实施机构": "测试中心",
        "职责边界": "街道权限",
        "运行流程": "1、到窗口登记。2、发证。",
        "运行要件": "户口本、身份证。代办的须带委托书",
        "责任事项": "养猫登记",
        "办理深度": "街道办理",
        "收费标准": "10元",
        "服务对象": "养猫的居民",
        "监督方式": "监督电话：022-00000000\n电子邮箱：cat@example.org\n地址：某路1号",
        "备注": "无",
    }
    entry = SourceEntry("1.1", "养猫登记", "养猫登记信息表", fields)
    got = yaml.safe_load(yaml.safe_dump(draft(entry, "test", "doc"), allow_unicode=True))
    assert got["services"] == []
    item = Item(**{**got, "services": ["cat"]})
    assert leftovers(entry, item) == {}
    assert (item.id, item.source.document, item.source.section) == ("test-1.1", "doc", "1.1 养猫登记信息表")
    assert [(c.kind, c.label) for c in item.contacts] == [("phone", "监督电话"), ("email", "电子邮箱"), ("address", "地址")]
    assert item.remarks[0].heading == "收费标准"
    assert item.duties == []
