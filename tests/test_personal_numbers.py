"""bot.personal_numbers through bot.text.mask: every kind in every form goes, everything public stays."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.knowledge import catalog
from bot.personal_numbers import card_number_is_valid, id_number_is_valid
from bot.settings import ROOT, read_settings
from bot.text import MASK, fold, mask

DIGITS = set("0123456789〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖")
IDS = ["11010519491231002X", "440524188001010014", "34052419800101001X"]
MOBILE, LANDLINE, CARD, OLD_ID = "13812345678", "037255512345"[:11], "6222020100012345678", "110105491231002"
CHINESE, SPOKEN, FORMAL = "〇一二三四五六七八九", "零幺两三四五六七八九", "零壹贰叁肆伍陆柒捌玖"


def spelt(number: str, digits: str) -> str:
    return "".join(digits[int(c)] if c.isdigit() else c for c in number)


def wide(number: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) for c in number)


def parted(number: str, by: str, *sizes: int) -> str:
    ends = list(itertools.accumulate(sizes))
    return by.join(number[a:b] for a, b in zip([0, *ends], [*ends, len(number)]))


FORMS = {
    "plain": lambda n: n,
    "full width": wide,
    "by fours": lambda n: parted(n, " ", 4, 4, 4, 4) if len(n) > 12 else parted(n, " ", 3, 4),
    "dashed": lambda n: parted(n, "-", 6, 8) if len(n) > 12 else parted(n, "-", 3, 4),
    "wide dashes": lambda n: parted(n, " — ", 6, 8) if len(n) > 12 else parted(n, " — ", 3, 4),
    "one by one": lambda n: " ".join(n),
    "one by one, commas": lambda n: "、".join(n),
    "dots": lambda n: parted(n, ".", 3, 4, 4),
    "Chinese": lambda n: spelt(n, CHINESE),
    "spoken": lambda n: spelt(n, SPOKEN),
    "formal": lambda n: spelt(n, FORMAL),
    "mixed": lambda n: spelt(n[:3], SPOKEN) + n[3:7] + wide(n[7:]),
    "spoken with commas": lambda n: parted(spelt(n, SPOKEN), "，", 3, 4, 4, 4),
    "over lines": lambda n: parted(n, "\n", 3, 4, 4),
    "over lines in the middle": lambda n: parted(n, "\r\n  ", 7),
    "zero width": lambda n: "\u200b".join(n),
    "keycaps": lambda n: "".join(c + "\ufe0f\u20e3" if c.isdigit() else c for c in n),
    "soft hyphens": lambda n: "\u00ad".join(n),
    "words between": lambda n: parted(n, " 然后是 ", 3, 4) if len(n) < 12 else parted(n, "后面是", 6, 8),
    "told in parts": lambda n: f"前面是{n[:7]}，后面是{n[7:]}",
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("number", [*IDS, MOBILE, "8613912345678", OLD_ID])
def test_numbers_of_known_shape_go_in_every_form(number: str, form: str) -> None:
    masked = mask(f"我是{FORMS[form](number)}，社保卡丢了咋补")
    assert MASK in masked and not DIGITS & set(masked) and "X" not in masked, masked
    assert masked.endswith(",社保卡丢了咋补")


@pytest.mark.parametrize(
    "form", sorted(set(FORMS) - {"spoken with commas", "words between", "told in parts", "one by one, commas"})
)
@pytest.mark.parametrize("number", ["03725551234", "02226781234", CARD, "6217000010001234567", "912345678901234567"])
def test_long_numbers_go_in_every_form_without_words(number: str, form: str) -> None:
    masked = mask(f"我是{FORMS[form](number)}，社保卡丢了咋补")
    assert MASK in masked and not DIGITS & set(masked), masked


@pytest.mark.parametrize(
    "text",
    [
        "身份证是 1101 0519 4912 3100 2X",
        "身份证前六位是110105，中间八位19491231，最后四位002X",
        "一一零一零五 一九四九一二三一 零零二叉",
        "110105１９４９一二三一 002×",
        "١٣٨١٢٣٤٥٦٧٨",
        "+86 138-1234-5678",
        "tel:13812345678abc",
        "138 1234 5678和139-1234-5678",
        "13812345678 6222020100012345672 11010519491231002X",
        "1381234567813912345678",
        "5551234",
        "0372 555 1234",
        "(0372)5551234",
        "6385-6601",
        "6222 0201 0001 2345 672",
        "6 2 2 2 0 2 0 1 0 0 0 1 2 3 4 5 6 7 8",
        "A12345678",
        "DX0001234",
        "E12345678",
        "e 1234 5678",
        "EA1234567",
        "G12345678",
        "ＰＥ１２３４５６７",
        "E一二三四五六七八",
        "H1234567800",
        "C12345678",
        "L12345678",
        "01234567",
        "A123456(7)",
        "R123456(A)",
        "1234567(8)",
        "A123456789",
        "810000199408230021",
        "someone@example.com",
        "some.one @ qq . com",
        "ｓｏｍｅｏｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ",
        "123456789@qq.com",
        "91350211M000100Y43",
        "9135 0211 M000 100Y 43",
        "91120116ma05x1234q",
        "津A12345",
        "津a·12345",
        "津 A 123 45",
        "津ＡＤ１２３４５",
        "沪A12345D",
        "京AF12345",
        "粤Z1234港",
        "津A一二三四五",
        "QQ 123456",
        "银行卡尾号 123456",
    ],
)
def test_every_kind_goes(text: str) -> None:
    masked = mask(f"请问，{text}，咋办")
    assert MASK in masked and not DIGITS & set(masked.replace("前六位", "").replace("中间八位", "").replace("最后四位", "")), masked
    assert masked.startswith("请问,") and masked.endswith(",咋办")


PUBLIC = [
    "打12345问问",
    "12345、12333、12393、12338、12356都打了",
    "110 120 119 122",
    "95588打不通，400-650-1234也打不通",
    "监督电话63856609",
    "022-63856609",
    "(022)65260379",
    "022-12345",
    "人社部发〔2018〕100号",
    "津人社规字〔2020〕5号和津人社规字(2020)12号",
    "津政发〔2009〕22号",
    "GB11643-1999和GB/T 35273-2020",
    "2023-01-15到2023-12-31",
    "2023/05/01-2024/05/01",
    "2020.01-2023.12",
    "20230115",
    "2004年12月1日",
    "二〇二三年十二月三十一日",
    "2023 2024 2025",
    "2019-2023",
    "上午8:30-12:00,下午14:00-17:30",
    "我67岁,1956年生,交了15年零3个月",
    "每月1234567元",
    "补贴1,234,567.89元",
    "¥12345678",
    "1500 2000 3000元",
    "缴费基数4980到24900",
    "30%",
    "1、2、3、4、5、6、7、8、9、10、11、12",
    "105-1号3号楼2单元501",
    "第2.2项 dagang-2.2",
    "五万三千二百一十七块六",
    "九九八十一",
]  # fmt: skip


@pytest.mark.parametrize("text", PUBLIC)
def test_what_is_public_or_no_number_stays(text: str) -> None:
    assert mask(text) == fold(text)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ():
        yield from texts(part)


def test_everything_that_the_catalog_prints_stays() -> None:
    read = catalog.load(ROOT / "knowledge")
    phones = {c.value for item in read.items for c in item.contacts}
    assert any("63856609" in phone for phone in phones)
    for item in read.items:
        for text in texts(item.dict()):
            assert mask(text) == fold(text), item.id
        for contact in item.contacts:
            for said in (f"{contact.value}打不通", f"是不是打{contact.value}", spelt_in_parts(contact.value)):
                assert mask(said) == fold(said), item.id


def spelt_in_parts(value: str) -> str:
    return " ".join(f"打过{part}了" for part in value.split())


def test_a_number_is_public_as_soon_as_the_catalog_prints_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "1.yml").write_text("contacts: 022-26781234", encoding="utf-8")
    assert MASK in mask("打26781234")
    monkeypatch.setattr("bot.personal_numbers.current_settings", lambda: read_settings({"KNOWLEDGE": str(tmp_path)}))
    assert mask("打26781234或022 26781234") == "打26781234或022 26781234"
    assert MASK in mask("打63856609")


@pytest.mark.parametrize("number", IDS)
def test_published_identity_numbers_are_valid(number: str) -> None:
    assert id_number_is_valid(number) and not id_number_is_valid(number[:-1] + "5")


def test_luhn() -> None:
    assert card_number_is_valid("4111111111111111") and not card_number_is_valid("4111111111111112")
    assert not card_number_is_valid("12")


def check_digit(body: str) -> str:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(w * int(d) for w, d in zip(weights, body)) % 11]


DATES = st.dates(min_value=__import__("datetime").date(1920, 1, 1), max_value=__import__("datetime").date(2025, 12, 31))
ID_NUMBERS = st.builds(
    lambda place, born, number: check_digit(f"{place}{born:%Y%m%d}{number:03d}"),
    st.sampled_from(["120116", "500103", "410711", "110101", "650102"]), DATES, st.integers(0, 999),
)  # fmt: skip
MOBILES = st.builds("1{}{:09d}".format, st.integers(3, 9), st.integers(0, 10**9 - 1))
SEPARATORS = st.sampled_from(["", " ", "-", "  ", " - ", "·", "\n", "\u3000", "\u200b", "，", "、", "然后", "再", " 后面是 "])
STYLES = st.sampled_from([str, wide, lambda n: spelt(n, CHINESE), lambda n: spelt(n, SPOKEN), lambda n: spelt(n, FORMAL)])


@st.composite
def typed(draw: Any, numbers: Any) -> str:
    """A number cut into parts of three digits or more, each in some style, something between them."""
    number = draw(numbers)
    said, rest = [], number
    while rest:
        size = draw(st.integers(3, 8))
        if len(rest) - size < 3:
            size = len(rest)
        part, rest = rest[:size], rest[size:]
        said.append(draw(STYLES)(part.rstrip("X")) + ("X" if part.endswith("X") else ""))
    return "".join(itertools.chain(*zip(said, [draw(SEPARATORS) for _ in said[1:]] + [""])))


WORDS = st.sampled_from(["", "我的身份证是", "社保卡丢了", "老人没了", "打不通，", "帮我查查 ", "：", "(", "咋办"])


@settings(max_examples=400)
@given(WORDS, typed(ID_NUMBERS | MOBILES), WORDS)
def test_any_identity_or_mobile_number_goes_however_it_is_typed(before: str, number: str, after: str) -> None:
    masked = mask(before + number + after)
    assert MASK in masked and not DIGITS & set(masked), masked


@settings(max_examples=300)
@given(st.text(alphabet="0123456789一二三四零幺Xx 　-—,，.。()（）津A@q年月日元号〔〕是的后面\n", max_size=60))
def test_masking_twice_changes_nothing_more_and_ends(text: str) -> None:
    once = mask(text)
    assert mask(once) == once


@settings(max_examples=200)
@given(st.dates(), st.sampled_from(["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y年%m月", "%Y%m%d"]))
def test_dates_stay(day: Any, form: str) -> None:
    if day.year >= 1900 and day.year < 2100:
        text = f"我是{day.strftime(form)}办的"
        assert mask(text) == text


@settings(max_examples=200)
@given(st.integers(0, 99_999_999), st.sampled_from(["元", "块钱", "万元", "人", "%", "平方米"]))
def test_amounts_stay(amount: int, unit: str) -> None:
    for text in (f"补贴{amount}{unit}够不够", f"一共{amount:,}{unit}"):
        assert mask(text) == text


@settings(max_examples=200)
@given(st.sampled_from(["人社部发", "津人社规字", "国发", "渝府办"]), st.integers(1949, 2026), st.integers(1, 9999))
def test_document_numbers_stay(office: str, year: int, number: int) -> None:
    text = f"依据{office}〔{year}〕{number}号对吗"
    assert mask(text) == text


@pytest.mark.parametrize(
    "piece", ["1 ", "一", "a", "1a", "1234567然后", "津A", "a@", "1-", "A1 ", "2020.1", "1,", "〔2020〕", "x "]
)
def test_a_message_of_any_shape_takes_no_more_than_a_moment(piece: str) -> None:
    import time

    text = (piece * 2000)[:2000]
    begun = time.perf_counter()
    mask(text)
    assert time.perf_counter() - begun < 1.0
