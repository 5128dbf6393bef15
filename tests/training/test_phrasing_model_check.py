"""bot.training.phrasing_model_check: a phrasing at the wrong service stands out."""

from __future__ import annotations

from pathlib import Path

from bot.serving.lean_imports import import_rasa
from bot.training.phrasings import Phrasing
from tests.nlu.conftest import JOBLESS, REPLACE, examples

import_rasa()


def test_finds_the_phrasing_that_stands_under_the_wrong_service() -> None:
    from bot.training.phrasing_model_check import check_with_model

    phrasings = [Phrasing(text, intent, service, Path("x.yml")) for text, intent, service in examples()]
    more = [
        Phrasing(text + end, "ask_process", service, Path("x.yml"))
        for end in ("呢", "啊", "，急")
        for texts, service in ((REPLACE, "card_replace"), (JOBLESS, "unemployment_registration"))
        for text in texts
    ]
    misplaced = Phrasing("厂子黄了想登记失业去哪", "ask_process", "card_replace", Path("x.yml"))
    found = check_with_model([*phrasings, *more, misplaced], folds=2)
    assert ("elsewhere", misplaced.text) in [(f.kind, f.text) for f in found]
    assert all(f.other.startswith("unemployment_registration") for f in found if f.text == misplaced.text)
