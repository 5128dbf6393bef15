"""bot.evaluation.report: saved, compared with the run before, written into the documentation."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from bot.errors import BotError
from bot.evaluation.report import BEGIN, END, PART_NAMES, Report, changes, last_report, lines, pairs_of, save, write_block
from bot.evaluation.run import Result

SUMMARY: dict[str, dict[str, Any]] = {
    "questions": {"n": 2, "in_scope": 100.0, "top1": 50.0},
    "out_of_scope": {"n": 1, "near": 100.0, "all": 100.0},
    "dialogues": {"n": 1, "whole": 0.0, "turns": 50.0},
}
WORSE = {**SUMMARY, "questions": {"n": 2, "in_scope": 100.0, "top1": 25.0}}


def _report(**more: Any) -> Report:
    known: dict[str, Any] = {
        "model": "abc",
        "cases": "def",
        "summary": SUMMARY,
        "outcomes": {"q1": True, "q2": False},
        "pairs": [("service", "card_loss", "card_replace", 3)],
        "curve": [{"threshold": 0.05, "refused": 2.0}, {"threshold": 0.1, "refused": 1.0}],
    }
    return Report(**{**known, **more})


def test_a_run_is_saved_in_a_folder_of_its_own_and_read_back(tmp_path: Path) -> None:
    assert last_report(tmp_path) is None
    wrong = [{"set": "question", "id": "q2", "message": "社保卡，挂失", "kind": "answer", "why": "top1"}]
    run = save(_report(when="20260101-000000"), wrong, tmp_path)
    save(_report(when="20260102-000000", model="later"), [], tmp_path)
    rows = list(csv.DictReader((run / "wrong.csv").open(encoding="utf-8-sig")))
    assert [(row["id"], row["message"]) for row in rows] == [("q2", "社保卡，挂失")]
    assert (run / "confusions.csv").exists() and (run / "threshold.csv").read_text(encoding="utf-8-sig").count("\n") == 3
    last = last_report(tmp_path)
    assert last is not None and last["model"] == "later"


def test_what_turned_right_or_wrong_since_the_run_before_is_named() -> None:
    before = {"outcomes": {"q1": False, "q2": True, "gone": True}}
    assert changes(before, _report()) == (["q1"], ["q2"])
    assert changes(None, _report()) == ([], [])


def test_a_changed_figure_is_shown_with_the_old_one() -> None:
    text = "\n".join(lines(_report(), {"summary": WORSE, "outcomes": {}}))
    assert "top1             50.0   (last run 25.0)" in text
    assert text.count("last run") == 1


def test_pairs_are_counted_the_most_frequent_first() -> None:
    result = Result(pairs=[("service", "a", "b"), ("aspect", "x", "y"), ("service", "a", "b")])
    assert pairs_of(result) == [("service", "a", "b", 2), ("aspect", "x", "y", 1)]


def test_only_the_block_of_the_document_is_replaced(tmp_path: Path) -> None:
    document = tmp_path / "evaluation.md"
    document.write_text(f"前\n{BEGIN}\n旧\n{END}\n后\n", encoding="utf-8")
    for _ in range(2):
        write_block(_report(parts={"whole": SUMMARY, "lexicon": WORSE, "character n-gram SVM": WORSE}), document, "images/x.svg")
    text = document.read_text(encoding="utf-8")
    assert text.startswith("前\n") and text.endswith("\n后\n") and "旧" not in text
    assert "| 日常说法词表 | 100.0 | 25.0 (-25.0) |" in text
    parts, _, others = text.partition("### 换成别的")
    assert "SVM" not in parts and "| 字 n-gram SVM | 100.0 | 25.0 (-25.0) |" in others
    assert "| service | card_loss | card_replace | 3 |" in text and "images/x.svg" in text
    document.write_text("ohne", encoding="utf-8")
    with pytest.raises(BotError):
        write_block(_report(), document, "x")


def test_every_part_and_baseline_has_a_name_in_the_table() -> None:
    from bot.evaluation.ablation import PARTS
    from bot.evaluation.baselines import DIET, SVM

    assert {*PARTS, SVM, DIET} == set(PART_NAMES)
