"""bot.nlu.nearest_phrasing: the best cosine with a phrasing of each label."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from bot.nlu.nearest_phrasing import NearestPhrasing
from bot.nlu.postings import Postings

ROOT2 = float(np.sqrt(0.5))
PHRASINGS = sparse.csr_matrix(np.array([[0, 1, 0], [1, 0, 0], [ROOT2, ROOT2, 0], [0, 0, 1]], dtype=np.float32))
LABELS = np.array([1, 0, 1, 2])


def scores(indices: list[int], values: list[float]) -> np.ndarray:
    nearest = NearestPhrasing(PHRASINGS, LABELS)
    (similarities,) = Postings(nearest.matrix).similarities(np.array(indices, dtype=int), np.array(values))
    return nearest.scores(similarities)


def test_the_score_of_a_label_is_its_nearest_phrasings_cosine() -> None:
    assert scores([0], [1.0]) == pytest.approx([1, ROOT2, 0])


def test_many_rows_give_what_each_gives() -> None:
    nearest = NearestPhrasing(PHRASINGS, LABELS)
    rows = nearest.scores_of(PHRASINGS)
    for number in range(4):
        row = PHRASINGS[number]
        assert rows[number] == pytest.approx(scores(row.indices, row.data), abs=1e-6)


def test_an_empty_vector_resembles_nothing() -> None:
    assert scores([], []).tolist() == [0, 0, 0]
