"""bot.nlu.aspect_classifier: what is asked, or which act of dialogue it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from bot.evaluation.pipeline import Pipeline


@pytest.mark.parametrize(
    ("text", "intent", "aspect"),
    [
        ("补办社保卡要带什么材料", "ask_materials", "materials"),
        ("换卡去哪个窗口办", "ask_where", "where"),
        ("你好啊早上好", "greet", None),
    ],
)
def test_finds_aspect_or_act(small: Pipeline, text: str, intent: str, aspect: str | None) -> None:
    found = small.parse(text)
    assert found["intent"]["name"] == intent
    assert aspect is None or found["aspects"][0] in (aspect, "general")


def test_a_question_about_foreign_matters_is_out_of_scope(small: Pipeline) -> None:
    assert small.parse("护照去哪办")["intent"]["name"] == "out_of_scope"


def test_a_text_without_anything_known_is_no_question(small: Pipeline) -> None:
    found = small.parse("qqq www")
    assert found["intent"]["name"] in ("out_of_scope", "greet")
    assert 0 <= found["intent"]["confidence"] <= 1


def test_the_ranking_is_sorted_and_begins_with_a_probability(small: Pipeline) -> None:
    ranking = [intent["confidence"] for intent in small.parse("失业登记要什么材料")["intent_ranking"]]
    assert ranking == sorted(ranking, reverse=True) and 0 < ranking[0] <= 1


def test_at_most_two_aspects_and_never_one_twice(small: Pipeline) -> None:
    aspects = small.parse("社保卡丢了，补卡要带什么材料，去哪个窗口办，去哪儿办")["aspects"]
    assert 1 <= len(aspects) <= 2 and len(set(aspects)) == len(aspects)


def test_an_unsure_aspect_becomes_an_overview_sooner_in_a_story(small: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(small.components["AspectClassifier"]._config, "general_below_long", 1.01)
    assert small.parse("补办社保卡要带什么材料")["aspects"][0] == "materials"
    assert small.parse("上个月搬家把东西都弄乱了，补办社保卡要带什么材料")["aspects"] == ["general"]
