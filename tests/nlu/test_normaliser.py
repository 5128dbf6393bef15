"""bot.nlu.normaliser: width, case, traditional characters, fillers, openings."""

from __future__ import annotations

import pytest

from bot.nlu.normaliser import DENIES, Normaliser, normalise, opening
from bot.text import MASK, clean


@pytest.mark.parametrize(
    "text", ["/restart", "请问/restart", "嗯，／restart", "那个 /restart", "不是这个，/restart", "嗯\u3000/a{}"]
)
def test_no_command_stands_first_once_fillers_are_gone(text: str) -> None:
    from rasa.shared.nlu.training_data.message import Message

    (seen,) = Normaliser().process([Message({"text": clean(text)})])
    assert not seen.get("text").strip().startswith("/")


def test_hidden_numbers_say_nothing() -> None:
    assert normalise(f"我身份证{MASK}，社保卡丢了") == normalise("我身份证 ，社保卡丢了")
    assert normalise(MASK)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("ＡＢＣ１２３", "abc123"),
        ("社會保障卡遺失", "社会保障卡遗失"),
        ("请问一下，补卡要带什么", "补卡要带什么"),
        ("那个，就是说，失业登记咋办", "失业登记咋办"),
        ("喂喂喂喂喂", "喂"),
        ("您好", "您好"),
    ],
)
def test_normalises(text: str, plain: str) -> None:
    assert normalise(text) == plain


@pytest.mark.parametrize(
    ("text", "denies", "rest"),
    [
        ("不是，我问的是补换社保卡", True, "我问的是补换社保卡"),
        ("好的，那电话是多少", False, "那电话是多少"),
        ("不对不对，是补卡要带什么", True, "是补卡要带什么"),
        ("不是本人可以办吗", False, "不是本人可以办吗"),
        ("好", False, "好"),
    ],
)
def test_takes_the_opening_off_and_notes_a_denial(text: str, denies: bool, rest: str) -> None:
    assert opening(text) == (denies, rest)


def test_the_component_changes_the_message_and_leaves_an_empty_one_alone() -> None:
    from rasa.shared.nlu.training_data.message import Message

    spoken, empty = Message({"text": "不是，我要補辦社保卡"}), Message({})
    Normaliser().process([spoken, empty])
    assert (spoken.get("text"), spoken.get(DENIES)) == ("我要补办社保卡", True)
    assert empty.get("text") is None
