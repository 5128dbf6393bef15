"""bot.nlu.service_classifier: the ranking of services, what is none of ours, what is a bare follow-up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.nlu.conftest import JOBLESS, LOSS, OUTSIDE, REPLACE

if TYPE_CHECKING:
    from bot.evaluation.pipeline import Pipeline


def _first(services: dict[str, float]) -> str:
    return next(iter(services))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("卡丢了想补一张新的社保卡", "card_replace"),
        ("打电话挂失社保卡", "card_loss"),
        ("厂子倒了怎么登记失业", "unemployment_registration"),
        ("提取公积金要啥", "out_of_scope"),
        ("要带什么材料去", "context"),
    ],
)
def test_ranks_the_right_label_first(small: Pipeline, text: str, label: str) -> None:
    assert _first(small.parse(text)["services"]) == label


def test_an_exact_known_phrasing_always_wins(small: Pipeline) -> None:
    for label, texts in (("card_replace", REPLACE), ("card_loss", LOSS), ("unemployment_registration", JOBLESS)):
        for text in texts:
            services = small.parse(text + "？")["services"]
            assert _first(services) == label and services[label] >= 0.95
    assert small.parse(OUTSIDE[0])["services"]["out_of_scope"] >= 0.95


def test_probabilities_are_sorted_and_always_hold_the_two_other_classes(small: Pipeline) -> None:
    services = small.parse("这个怎么说呢")["services"]
    assert {"out_of_scope", "context"} <= set(services)
    assert list(services.values()) == sorted(services.values(), reverse=True)
    assert sum(services.values()) == pytest.approx(1, abs=1e-3)


def test_words_of_foreign_matters_are_named(small: Pipeline) -> None:
    assert "护照" in small.parse("护照要带什么")["foreign"]
    assert small.parse("社保卡要带什么")["foreign"] == []


@pytest.mark.parametrize("scorer", ["linear", "nearest", "item_texts"])
def test_a_scorer_that_is_left_out_has_no_say(small: Pipeline, configuration: list[dict[str, Any]], scorer: str) -> None:
    entry = next(e for e in configuration if e["name"].endswith("ServiceClassifier"))
    others = {name: name == scorer for name in ("linear", "nearest", "item_texts")}
    without_all = {**entry, **dict.fromkeys(others, False), "exact": False, "calibrated": False}
    silent = small.retrained(without_all).parse("社保卡丢了怎么补")["services"]
    assert max(silent.values()) == pytest.approx(min(silent.values()))  # nobody speaks: every label alike
    alone = small.retrained({**without_all, scorer: True}).parse("社保卡丢了怎么补")["services"]
    assert _first(alone) in ("card_replace", "card_loss")


def test_without_exact_a_known_phrasing_is_like_any_other(small: Pipeline, configuration: list[dict[str, Any]]) -> None:
    entry = next(e for e in configuration if e["name"].endswith("ServiceClassifier"))
    changed = small.retrained({**entry, "exact": False})
    assert changed.parse(REPLACE[0])["services"]["card_replace"] < small.parse(REPLACE[0])["services"]["card_replace"]


@pytest.mark.parametrize(
    ("intent", "service", "label"),
    [
        ("ask_where", "card_loss", "card_loss"),
        ("ask_where", "context", "context"),
        ("inform_place", None, "context"),
        ("greet", None, "out_of_scope"),
        ("danger", None, None),
    ],
)
def test_what_a_training_example_teaches(intent: str, service: str | None, label: str | None) -> None:
    from bot.evaluation.pipeline import training_message
    from bot.nlu.service_classifier import label_of

    assert label_of(training_message("x", intent, service)) == label
