"""bot.evaluation.ablation: each part is really left out, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from bot.serving.lean_imports import import_rasa
from tests.nlu.conftest import JOBLESS, OUTSIDE, configuration, examples, few_items, small

import_rasa()
from bot.evaluation.ablation import WHOLE, ablate  # noqa: E402
from bot.evaluation.pipeline import Pipeline  # noqa: E402

__all__ = ["configuration", "few_items", "small"]
TEXTS = ["渝中区的社保卡丢了咋补", JOBLESS[0], OUTSIDE[0], "我替我媽辦，去哪"]


@pytest.fixture(scope="module")
def parses(configuration: list[dict[str, Any]]) -> dict[str, dict[str, dict[str, Any]]]:  # noqa: F811
    return dict(ablate(examples(), TEXTS, [WHOLE, "normaliser", "matcher", "out-of-scope class"], configuration=configuration))


def test_with_nothing_left_out_it_is_the_pipeline(parses: dict, small: Pipeline) -> None:  # noqa: F811
    assert parses[WHOLE] == {text: small.parse(text) for text in TEXTS}


def test_without_the_matcher_no_entities_and_the_same_ranking(parses: dict) -> None:
    assert parses[WHOLE][TEXTS[0]]["entities"] and not parses["matcher"][TEXTS[0]]["entities"]
    assert parses["matcher"][TEXTS[0]]["services"] == parses[WHOLE][TEXTS[0]]["services"]


def test_without_the_normaliser_traditional_characters_stay(parses: dict) -> None:
    assert parses[WHOLE][TEXTS[3]]["text"] == "我替我妈办,去哪"
    assert parses["normaliser"][TEXTS[3]]["text"] == TEXTS[3]


def test_without_its_class_out_of_scope_is_how_little_the_surest_service_is_believed(parses: dict) -> None:
    services = parses["out-of-scope class"][OUTSIDE[0]]["services"]
    inside = max(p for label, p in services.items() if label not in ("out_of_scope", "context"))
    assert services["out_of_scope"] == pytest.approx(1 - inside - services["context"])
