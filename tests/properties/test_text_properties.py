"""Whatever somebody types, the text functions keep their promises. `make nightly` tries each with thousands of texts."""

from __future__ import annotations

import re
from datetime import date

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.text import clauses, clean, fold, id_number_is_valid, mask, simplify, squash

pytestmark = pytest.mark.property
TYPED = st.text(
    alphabet=st.one_of(
        st.sampled_from(
            "社保卡补换大港街道怎么办本人代我妈的，。？ 　／/\\【】「」（）()0123456789０１２一二三Xx-_*@.:：\n\t\u200b\u3000"
        ),
        st.characters(exclude_categories=("Cs",)),
    ),
    max_size=80,
)
WORDS = st.text(alphabet="社保卡补换大港街道怎么办本人代我妈的，。？！、", max_size=12)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@st.composite
def identity_numbers(draw: st.DrawFn) -> str:
    """Numbers of residents who do not exist, with the right check digit."""
    region = draw(st.sampled_from(["110105", "120116", "500103", "440524", "340524"]))
    birth = draw(st.dates(date(1930, 1, 1), date(2020, 1, 1)))
    body = f"{region}{birth:%Y%m%d}{draw(st.integers(0, 999)):03}"
    return body + "10X98765432"[sum(w * int(d) for w, d in zip(WEIGHTS, body)) % 11]


@st.composite
def as_typed(draw: st.DrawFn, number: str) -> str:
    """The same number in full width, spaced, dashed, or as it is."""
    form = draw(st.sampled_from(["plain", "full width", "spaced", "dashed"]))
    if form == "full width":
        return "".join(chr(ord(char) + 0xFEE0) for char in number)
    joint = {"plain": "", "spaced": " ", "dashed": "-"}[form]
    return joint.join((number[:6], number[6:10], number[10:14], number[14:]))


@given(TYPED)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert not re.search(r"[\n\t\u200b\u3000]", fold(text))


@given(TYPED)
def test_folded_text_may_stand_in_a_yaml_file(text: str) -> None:
    assert yaml.reader.Reader.NON_PRINTABLE.search(fold(text)) is None


@given(TYPED)
def test_simplifying_twice_is_simplifying_once(text: str) -> None:
    assert simplify(simplify(text)) == simplify(text)


@given(TYPED)
def test_squashed_text_is_letters_only_and_found_again(text: str) -> None:
    assert re.fullmatch(r"\w*", squash(text)) and squash(squash(text)) == squash(text)


@given(TYPED)
def test_masking_twice_is_masking_once(text: str) -> None:
    assert mask(mask(text)) == mask(text)


@given(WORDS, identity_numbers().flatmap(lambda n: st.tuples(st.just(n), as_typed(n))), WORDS)
def test_an_identity_number_in_any_form_is_hidden(before: str, number: tuple[str, str], after: str) -> None:
    plain, typed = number
    assert id_number_is_valid(plain)
    digits = re.sub(r"\D", "", clean(f"{before}{typed}{after}"))
    assert plain[6:14] not in digits and plain[:17] not in digits


@given(WORDS, st.integers(3, 9), st.integers(0, 999_999_999), WORDS)
def test_a_mobile_number_is_hidden(before: str, second: int, rest: int, after: str) -> None:
    number = f"1{second}{rest:09}"
    assert number not in clean(f"{before}{number}{after}")


@given(WORDS)
def test_the_hotline_stays(text: str) -> None:
    assert "12345" in clean(f"{text}，打12345行吗")


@given(st.text(alphabet='/／\\ \u3000\u200b\t、restartask_{}":1', max_size=20), TYPED)
def test_no_text_is_a_command_of_the_framework(start: str, rest: str) -> None:
    assert not clean(start + rest).lstrip().startswith(("/", "／"))


@given(TYPED)
def test_clauses_lose_nothing_but_punctuation(text: str) -> None:
    assert all(clauses(text)) and squash("".join(clauses(text))) == squash(text)
