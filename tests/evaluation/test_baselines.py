"""bot.evaluation.baselines: what others make of a message, in the form in which the dialogue takes it."""

from __future__ import annotations

from bot.evaluation.baselines import parse_of_ranking, svm
from bot.serving.lean_imports import import_rasa
from tests.nlu.conftest import OUTSIDE, REPLACE, examples

import_rasa()


def test_the_svm_gives_services_and_intents() -> None:
    parses = svm(examples(), [REPLACE[0], OUTSIDE[0], "要带什么"])
    for text, label in ((REPLACE[0], "card_replace"), (OUTSIDE[0], "out_of_scope"), ("要带什么", "context")):
        services = parses[text]["services"]
        assert max(services, key=services.__getitem__) == label
        assert {"out_of_scope", "context"} <= set(services)
    assert parses[REPLACE[0]]["intent"]["name"] == "ask_process"


def test_a_ranking_of_intents_is_split_into_services_and_the_rest() -> None:
    ranking = [("card_loss", 0.5), ("ask_phone", 0.2), ("greet", 0.2), ("card_replace", 0.1)]
    found = parse_of_ranking("挂失", ranking, {"card_loss", "card_replace"})
    assert found["services"] == {"card_loss": 0.5, "card_replace": 0.1, "context": 0.2, "out_of_scope": 0.2}
    assert found["intent"] == {"name": "ask_general", "confidence": 0.5} and found["aspects"] == ["general"]
    follow_up = parse_of_ranking("电话呢", [("ask_phone", 0.9)], {"card_loss"})
    assert follow_up["intent"]["name"] == "ask_phone" and follow_up["aspects"] == ["phone"]
    assert parse_of_ranking("", [], set())["intent"]["name"] == "out_of_scope"
