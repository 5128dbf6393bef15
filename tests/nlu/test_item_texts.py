"""bot.nlu.item_texts: what the source says of a service, as a scorer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from bot.nlu.item_texts import ItemTexts, item_documents


def test_documents_hold_names_twice_and_the_materials_but_no_law(few_items: Path) -> None:
    documents = dict(item_documents(few_items))
    text = documents["card_replace", "card_loss"]
    assert text.count("社保卡补换卡，补社保卡") == 2
    assert "身份证" in text and "社会保险法" not in text


def test_a_label_scores_its_best_item_and_others_nothing() -> None:
    texts = ItemTexts(sparse.csr_matrix(np.array([[1, 0], [0, 1]], dtype=np.float32)), np.array([2, 2]))
    assert texts.scores(np.array([0.6, 0.8], dtype=np.float32), 3) == pytest.approx([0, 0, 0.8])
    assert texts.scores_of(sparse.csr_matrix(np.array([[0.6, 0.8]])), 3)[0] == pytest.approx([0, 0, 0.8])
