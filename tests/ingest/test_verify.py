from __future__ import annotations

from typing import Any

import pytest

from bot.ingest.entry import SourceEntry
from bot.ingest.verify import leftovers
from bot.knowledge.schema import Item


def item(**parts: Any) -> Item:
    base = {"id": "test-1", "name": "养猫登记", "services": ["cat"], "source": {"document": "test", "section": "1 养猫登记"}}
    return Item(**{**base, **parts})


def left(raw: str, *texts: str, **parts: Any) -> dict[str, str]:
    materials = {"materials": [{"texts": list(texts)}]} if texts else {}
    return leftovers(SourceEntry("1", "养猫登记", "", {"运行要件": raw}), item(**materials, **parts))


def test_nothing_is_left_when_every_document_stands_in_the_item() -> None:
    assert left("1、户口本（原件）；\n2．身份证、照片2张。", "户口本（原件）", "身份证", "照片2张") == {}


def test_the_words_left_over_are_shown_as_the_source_prints_them() -> None:
    assert left("1.户口本；2.《健康 证明》；3.身份证及近期照片", "户口本", "身份证", "近期照片") == {"运行要件": "健康 证明 … 及"}


@pytest.mark.parametrize("marker", ["1.", "1、", "1．", "①", "（一）", "(1)", "（1）", "1）", "⑴"])
def test_list_markers_do_not_count(marker: str) -> None:
    assert left(f"{marker}户口本", "户口本") == {}


@pytest.mark.parametrize("raw", ["照片3张", "12月20日前", "津发〔2009〕22号", "5.5公里", "补贴50%"])
def test_numbers_that_are_no_markers_do_count(raw: str) -> None:
    assert left(raw, "户口本") == {"运行要件": raw}
    assert left(raw, raw) == {}


def test_full_and_half_width_do_not_count() -> None:
    assert left("ＡＰＰ办理（原件）１份", "APP办理(原件)1份") == {}


def test_repeated_wording_is_allowed() -> None:
    assert left("户口本；照片；户口本", "户口本", "照片") == {}


def test_longer_texts_overlapping_each_other_hide_nothing() -> None:
    assert left("本人身份证复印件两份", "本人身份证", "身份证复印件") == {"运行要件": "两份"}


def test_a_short_text_counts_only_where_it_stands_by_itself() -> None:
    assert left("本人是居民—是—否", "否", "是") == {"运行要件": "本人是居民"}


def test_text_in_any_section_counts_but_phrases_aliases_and_notes_do_not() -> None:
    assert left("申请；审核", steps=[{"heading": "申请", "texts": ["审核"]}]) == {}
    own = {
        "aliases": ["给猫上户口"],
        "notes": ["来源有错字"],
        "situations": [{"id": "dead", "name": "死亡", "phrases": ["猫没了"]}],
    }
    assert left("给猫上户口；来源有错字；猫没了；死亡；dead", **own) == {"运行要件": "给猫上户口；来源有错字；猫没了 … dead"}


def test_words_kept_as_layout_and_field_labels_count() -> None:
    assert left("运行要件：另需以下材料：户口本", "户口本", layout=["另需以下材料"]) == {}


def test_joined_headings_stand_for_their_parts() -> None:
    branches = [{"heading": "首次申报：小企业", "texts": ["执照"]}, {"heading": "首次申报：大企业", "texts": ["报表"]}]
    assert left("首次申报：1、小企业：执照。2、大企业：报表。", materials=branches) == {}


def test_a_name_that_differs_is_left_over() -> None:
    entry = SourceEntry("1", "养狗登记", "", {})
    assert leftovers(entry, item()) == {"名称": "养狗登记"}
