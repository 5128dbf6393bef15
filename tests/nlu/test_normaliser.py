"""bot.nlu.normaliser: what the later components see."""

from __future__ import annotations

import pytest

from bot.nlu.normaliser import Normaliser, normalise
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
