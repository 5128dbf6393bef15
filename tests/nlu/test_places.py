"""bot.nlu.places: a place decides nothing but the place."""

from __future__ import annotations

from bot.nlu.places import without_places


def test_leaves_places_out_the_longest_name_first() -> None:
    assert without_places("我在大港街道补卡") == "我在补卡"
    assert without_places("我们关堤乡的失业登记") == "我们的失业登记"


def test_a_bare_place_stays() -> None:
    assert without_places("渝中区") == "渝中区"
    assert without_places("补卡要带什么") == "补卡要带什么"
