from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.wechat.lengths import LIMIT, cut, page, size, with_links

CHINESE = st.text("社保卡补换。！？；，\n」（）ab1😀𠀀", max_size=3000)
HINT = "（没说完，回复「继续」看下文）"


@settings(deadline=None)
@given(CHINESE, st.integers(60, 400))
def test_cut_loses_nothing_and_keeps_the_limit(text: str, limit: int) -> None:
    said = cut(text, limit)
    assert said.text + said.rest == text
    assert size(said.text) <= limit
    assert bool(said.text) == bool(text)


@settings(deadline=None)
@given(
    CHINESE,
    st.integers(120, 400),
    st.lists(st.tuples(st.text("本人代办", max_size=9), st.text('本人&"<代办', max_size=9)), max_size=9),
)
def test_pages_end_and_hold_the_limit(text: str, limit: int, options: list[tuple[str, str]]) -> None:
    rest, pages = text, 0
    while rest:
        said = page(rest, HINT, options, limit)
        assert size(said.text) <= limit
        assert said.text.endswith(HINT) == bool(said.rest) or HINT in text
        assert len(said.rest) < len(rest)
        rest, pages = said.rest, pages + 1
    assert pages <= size(text) // (limit // 4) + 1


@settings(deadline=None)
@given(CHINESE, st.integers(120, 400))
def test_pages_together_say_everything(text: str, limit: int) -> None:
    rest, heard = text, ""
    while rest:
        said = page(rest, HINT, [], limit)
        heard += said.text.removesuffix(HINT) if said.rest else said.text
        rest = said.rest
    assert re.sub(r"\s", "", heard) == re.sub(r"\s", "", text)


def test_a_cut_stands_at_a_sentence_end() -> None:
    text = "要带身份证（原件）。" * 200
    assert size(text) > LIMIT
    said = cut(text)
    assert said.text.endswith("。") and said.rest.startswith("要带")
    assert size(said.text) > LIMIT * 0.9


def test_a_closing_quote_stays_with_its_sentence() -> None:
    said = cut("他说「可以办。」然后就去办了然后就去办了", 30)
    assert said.text == "他说「可以办。」"


def test_2000_bytes_pass_uncut() -> None:
    text = "字" * 666 + "ab"
    assert cut(text).rest == "" and cut(text + "c").rest == "c"


def test_links_follow_the_text_as_far_as_they_fit() -> None:
    linked = with_links("1. 本人\n2. 代办", [("本人", "本人"), ("代办", "代办")])
    assert linked.splitlines()[2] == '<a href="weixin://bizmsgmenu?msgmenucontent=本人&msgmenuid=1">本人</a>'
    short = with_links("1. 本人\n2. 代办", [("本人", "本人"), ("代办", "代办")], limit=120)
    assert short.count("<a ") == 1 and size(short) <= 120


def test_a_value_that_would_end_the_link_is_said_by_its_number() -> None:
    linked = with_links("选：", [('新办"><b>', '新办"><b>')])
    assert linked == '选：\n<a href="weixin://bizmsgmenu?msgmenucontent=1&msgmenuid=1">新办"b</a>'
