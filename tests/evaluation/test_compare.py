"""Comparing two models case by case, and the gate on what changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import BotError
from bot.evaluation.cases import Cases
from bot.evaluation.compare import Change, Flip, Verdicts, compare, read_verdicts
from bot.models.registry import Model
from bot.settings import Settings
from bot.training.gate import findings

CASES = Cases(
    [
        {"id": "a", "q": "卡丢了", "items": ["dagang-2.2"]},
        {"id": "b", "q": "卡坏了", "items": ["dagang-2.2"]},
        {"id": "c", "q": "灵活就业怎么参保", "items": ["dagang-1.1"]},
    ],
    [{"id": "o", "q": "明天下雨吗", "kind": "far"}],
    [{"id": "d", "turns": [{"user": "补卡"}, {"user": "大港"}]}],
)
NAMES = {"card_replace": "社保卡补换", "card_loss": "社保卡挂失"}


def verdicts(model: str, *wrong: str, version: str = "v") -> Verdicts:
    outcomes = {case: case not in wrong for case in "abcod"}
    return Verdicts(model, version, {}, outcomes, dict.fromkeys(wrong, "fallback"))


def services_of(item: str) -> tuple[str, ...]:
    return {"dagang-2.2": ("card_replace",), "dagang-1.1": ("card_loss",), "both": ("card_replace", "card_loss")}[item]


def test_every_flip_is_listed_losses_first_and_counted_by_set_and_service() -> None:
    found = compare(verdicts("old", "c", "d"), verdicts("new", "a", "b"), CASES, services_of)
    service, other = "card_replace", "card_loss"
    assert found.sets == [Change("questions", 3, 2, 1), Change("out_of_scope", 1, 1, 1), Change("dialogues", 1, 0, 1)]
    assert found.services == [Change(service, 2, 2, 0), Change(other, 1, 0, 1)]
    assert found.flips == [
        Flip("a", "questions", "卡丢了", service, None, "fallback"),
        Flip("b", "questions", "卡坏了", service, None, "fallback"),
        Flip("c", "questions", "灵活就业怎么参保", other, "fallback", None),
        Flip("d", "dialogues", "补卡 → 大港", None, "fallback", None),
    ]
    assert [flip.lost for flip in found.flips] == [True, True, False, False]


def test_a_question_belongs_to_what_its_items_have_in_common() -> None:
    cases = Cases([{"id": "a", "q": "挂失", "items": ["both", "dagang-1.1"]}, {"id": "b", "q": "卡", "items": ["both"]}], [], [])
    found = compare(verdicts("old"), verdicts("new", "a", "b"), cases, services_of)
    assert found.services == [Change("card_loss", 2, 2, 0), Change("card_replace", 1, 1, 0)]


def test_models_that_were_not_asked_the_same_do_not_compare() -> None:
    with pytest.raises(BotError, match="different questions"):
        compare(verdicts("old"), verdicts("new", version="w"), CASES, services_of)


def test_verdicts_are_kept_and_a_damaged_file_counts_as_none(tmp_path: Path) -> None:
    made = verdicts("old", "c")
    made.save(tmp_path / "evaluations" / "old.json")
    assert read_verdicts(tmp_path / "evaluations" / "old.json") == made
    (tmp_path / "evaluations" / "old.json").write_text("{")
    assert read_verdicts(tmp_path / "evaluations" / "old.json") is None


def model(name: str, **phrasings: int) -> Model:
    return Model(name, "0" * 12, "", 0, "", "test", phrasings)


def gate(before: Verdicts, after: Verdicts, *models: Model, **settings: float) -> list[str]:
    found = compare(before, after, CASES, services_of)
    old, new = models or (model("old"), model("new"))
    return findings(found, old, new, NAMES, replace(Settings(), **settings))  # type: ignore[arg-type]


def test_the_gate_names_the_set_and_the_service_that_lost() -> None:
    said = gate(verdicts("old"), verdicts("new", "a", "b"))
    assert len(said) == 2
    assert "问题" in said[0] and "3/3 降到 1/3" in said[0]
    assert "2/2 降到 0/2" in said[1] and "社保卡补换" in said[1]


def test_losses_within_the_settings_pass() -> None:
    assert gate(verdicts("old"), verdicts("new", "a", "b"), promotion_max_loss=70, promotion_max_service_loss=2) == []
    assert gate(verdicts("old"), verdicts("new", "a"), promotion_max_loss=34) == []
    assert gate(verdicts("old"), verdicts("new", "a"), promotion_max_loss=34, promotion_max_service_loss=0) != []
    assert gate(verdicts("old", "a"), verdicts("new")) == []


def test_a_service_that_is_learned_no_more_is_found_without_any_question_about_it() -> None:
    old, new = model("old", card_loss=80, card_replace=90), model("new", card_replace=90)
    said = gate(verdicts("old"), verdicts("new"), old, new)
    assert len(said) == 1 and "社保卡挂失" in said[0] and "80" in said[0]
    assert gate(verdicts("old"), verdicts("new"), old, model("imported")) == []
