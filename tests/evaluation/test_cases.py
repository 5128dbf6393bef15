"""bot.evaluation.cases: the held-out sets as they are read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.errors import BotError
from bot.evaluation.cases import FILES, cases_version, read_cases
from bot.settings import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sets = {
        "questions": [{"id": "a", "q": "补卡要带什么", "items": ["dagang-2.2"]}],
        "out_of_scope": [{"id": "b", "q": "/restart", "kind": "garbage"}],
        "dialogues": [{"id": "c", "turns": [{"user": "补卡要带什么"}, {"user": "那电话呢"}]}],
    }
    for name, records in sets.items():
        lines = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
        (tmp_path / f"{name}.jsonl").write_text(lines + "\n\n", encoding="utf-8")
    return tmp_path


def test_all_that_is_said_is_known_beforehand_cleaned_and_once(folder: Path) -> None:
    texts = read_cases(folder).texts(["河北区"])
    assert texts[:3] == ["补卡要带什么", "、restart", "那电话呢"]
    assert texts[-1] == "河北区" and len(set(texts)) == len(texts) and "单位办理" in texts


def test_a_missing_or_broken_file_is_named(folder: Path) -> None:
    (folder / "dialogues.jsonl").write_text("{", encoding="utf-8")
    with pytest.raises(BotError, match="dialogues"):
        read_cases(folder)
    (folder / "dialogues.jsonl").unlink()
    with pytest.raises(BotError, match="dialogues"):
        read_cases(folder)


def test_the_version_changes_with_any_of_the_files(folder: Path) -> None:
    before = cases_version(folder)
    for name in FILES:
        path = folder / f"{name}.jsonl"
        path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        assert cases_version(folder) != before
        before = cases_version(folder)


def test_our_own_sets_have_ids_of_their_own() -> None:
    cases = read_cases(ROOT / "tests" / "heldout")
    ids = [record["id"] for record in (*cases.questions, *cases.out_of_scope, *cases.dialogues)]
    assert len(ids) == len(set(ids)) > 700
