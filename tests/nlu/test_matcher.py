"""bot.nlu.matcher: places, documents and applicants in a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from bot.evaluation.pipeline import Pipeline


def _entities(small: Pipeline, text: str) -> list[tuple[str, str]]:
    return [(e["entity"], e["value"]) for e in small.components["CatalogMatcher"]._entities(text)]


@pytest.mark.parametrize(
    ("text", "place"),
    [("我在大港，补卡去哪", "dagang"), ("大岗街道有没有窗口", "dagang"), ("天津河北区这边", "hebei"), ("俺们关堤乡的", "gaoxin")],
)
def test_finds_the_place_by_any_of_its_names(small: Pipeline, text: str, place: str) -> None:
    assert [value for entity, value in _entities(small, text) if entity == "jurisdiction"] == [place]


def test_a_name_that_several_places_share_is_a_hint_of_all_of_them(small: Pipeline) -> None:
    found = _entities(small, "我在天津")
    assert {value for entity, value in found if entity == "jurisdiction_hint"} == {"dagang", "dagu", "hebei"}
    assert not [value for entity, value in found if entity == "jurisdiction"]


def test_finds_documents_and_applicant_with_their_offsets(small: Pipeline) -> None:
    text = "我替我妈去，带身份证够吗"
    entities = small.components["CatalogMatcher"]._entities(text)
    documents = [e for e in entities if e["entity"] == "document"]
    assert [text[e["start"] : e["end"]] for e in documents] == ["身份证"]
    assert ("applicant", "agent") in [(e["entity"], e["value"]) for e in entities]


def test_an_ordinary_sentence_has_none(small: Pipeline) -> None:
    assert _entities(small, "怎么弄") == []
