"""bot.text: folding, masking, neutralising."""

from __future__ import annotations

import opencc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings import ROOT
from bot.text import MASK, clauses, clean, fold, id_number_is_valid, mask, simplify, squash
from bot.training.phrasings import read_phrasings


@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014", "34052419800101001X"])
def test_published_identity_numbers_are_valid_and_masked(number: str) -> None:
    assert id_number_is_valid(number)
    assert mask(f"我的身份证{number}怎么办") == f"我的身份证{MASK}怎么办"


@pytest.mark.parametrize(
    "text",
    [
        "13812345678",
        "138 1234 5678",
        "138-1234-5678",
        "１３８１２３４５６７８",
        "一三八一二三四五六七八",
        "0372-5551234",
        "6222020100012345672",
        "6222 0201 0001 2345 672",
        "110105491231002",
        "91350211M000100Y43",
        "someone@example.com",
        "E12345678",
        "津A12345",
    ],
)
def test_personal_numbers_are_masked(text: str) -> None:
    masked = mask(f"我是{text}，请问")
    assert MASK in masked
    assert not set("0123456789一二三四五六七八九") & set(masked)


@pytest.mark.parametrize(
    "text",
    ["打12345问问", "监督电话63856609", "022-12345", "022-65260379", "津政发〔2009〕22号", "105-1号", "2004年12月1日", "30%"],
)
def test_public_numbers_stay(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize("text", ["/restart", "  /restart", "\u3000/restart", "／restart", " ／ restart", '/ask_phone{"a":1}'])
def test_no_text_begins_with_a_slash(text: str) -> None:
    assert not clean(text).lstrip().startswith("/")


@given(st.text(max_size=200))
def test_clean_never_fails_and_never_leaves_a_command(text: str) -> None:
    assert not clean(text).strip().startswith("/")
    assert clean(clean(text)) == clean(text)


def test_what_unicode_says_is_no_character_is_left_out() -> None:
    none = [*range(0xFDD0, 0xFDF0), *(plane << 16 | last for plane in range(17) for last in (0xFFFE, 0xFFFF))]
    assert [hex(code) for code in none if fold(f"社保{chr(code)}卡") != "社保卡"] == []
    assert fold("社保\ufdcf\ufffd\U00020000卡") == "社保\ufdcf\ufffd\U00020000卡"


def test_traditional_and_wide_characters_are_folded() -> None:
    assert simplify("養老金資格認證ＡＢ") == "养老金资格认证ab"
    assert squash("社 保-卡！") == "社保卡"


@pytest.mark.parametrize("text", ["找藉口", "回覆", "瞭解", "沈默", "老么", "什么", "乾坤", "看著", "補社保卡要什麼丟瞭"])
def test_what_is_not_handed_to_opencc_would_come_back_unchanged(text: str) -> None:
    assert simplify(text) == opencc.OpenCC("t2s").convert(text)


def test_of_the_known_phrasings_opencc_sees_those_that_it_changes() -> None:
    converter = opencc.OpenCC("t2s")
    texts = [phrasing.text for phrasing in read_phrasings(ROOT / "data" / "nlu")]
    assert [text for text in texts if simplify(text) != converter.convert(fold(text)).lower()] == []


def test_clauses_split_at_marks_and_spaces() -> None:
    assert clauses("丢了咋补，能让我闺女去不？谢谢 啊") == ["丢了咋补", "能让我闺女去不", "谢谢", "啊"]
