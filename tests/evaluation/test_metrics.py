"""bot.evaluation.metrics: when a reply counts as right."""

from __future__ import annotations

from typing import Any

import pytest

from bot.evaluation.metrics import faults, rate, score_outside, score_question

RECORD: dict[str, Any] = {"items": ["dagang-2.2"], "aspect": "materials", "must": ["身份证（原件）"], "must_not": ["营业执照"]}


def _reply(**more: Any) -> dict[str, Any]:
    return {"kind": "answer", "item": "dagang-2.2", "aspect": "materials", "text": "要带身份证(原件)。", "candidates": [], **more}


def test_the_right_answer_scores_in_full_whatever_the_width_of_its_brackets() -> None:
    scores = score_question(RECORD, [_reply()])
    assert scores["top1"] and scores["facts"] and scores["clean"] and scores["aspect"] and not scores["wrong_answer"]
    assert scores["honest"] is None  # the source has it


def test_a_wrong_item_answered_without_asking_is_the_worst() -> None:
    scores = score_question(RECORD, [_reply(item="dagang-2.1", candidates=[{"item": "dagang-2.2"}])])
    assert scores["wrong_answer"] and not scores["top1"] and scores["top3"] and scores["facts"] is False


def test_a_question_back_is_in_scope_and_leaves_facts_open() -> None:
    scores = score_question(RECORD, [_reply(kind="clarify", item=None)])
    assert scores["in_scope"] and scores["facts"] is None and not scores["wrong_answer"]


def test_foreign_words_in_the_answer_are_not_clean_and_missing_facts_count() -> None:
    scores = score_question(RECORD, [_reply(text="营业执照")])
    assert scores["clean"] is False and scores["facts"] is False


@pytest.mark.parametrize(("said", "honest"), [(True, True), (False, False)])
def test_what_the_source_lacks_must_be_said(said: bool, honest: bool) -> None:
    record = {**RECORD, "must": [], "not_in_source": True}
    assert score_question(record, [_reply(not_in_source=said)])["honest"] is honest


def test_a_foreign_message_must_not_be_answered_with_an_item() -> None:
    assert score_outside({}, _reply(kind="fallback")) and not score_outside({}, _reply())
    assert not score_outside({}, _reply(kind="clarify"))


def test_a_turns_faults_are_named() -> None:
    expect = {"kind": "answer", "items": ["dagang-2.2"], "must": ["户口本"], "not_in_source": True}
    found = faults(expect, _reply(item="dagang-2.1"))
    assert len(found) == 3 and "dagang-2.1" in found[0]
    assert faults({"kind": "clarify", "slot": "item"}, _reply(kind="clarify", slot="applicant")) == ["slot applicant not item"]
    assert faults({"kind": "any"}, _reply()) == []


def test_a_rate_leaves_out_what_was_not_measured() -> None:
    assert rate([True, False, None, True]) == 66.7
    assert rate([None]) is None
