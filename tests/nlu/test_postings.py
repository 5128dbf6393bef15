"""bot.nlu.postings: the dot products of one vector with the rows of several matrices."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from bot.nlu.postings import Postings

FIRST = sparse.csr_matrix(np.array([[0.0, 1, 0], [0.5, 0.5, 0]]))
SECOND = sparse.csr_matrix(np.array([[0.0, 0, 2]]))


def test_each_matrix_gets_its_rows_products() -> None:
    first, second = Postings(FIRST, SECOND).similarities(np.array([0, 2]), np.array([1.0, 0.5]))
    assert first == pytest.approx([0, 0.5]) and second == pytest.approx([1])


def test_an_empty_vector_resembles_nothing() -> None:
    first, second = Postings(FIRST, SECOND).similarities(np.array([], dtype=int), np.array([]))
    assert first.tolist() == [0, 0] and second.tolist() == [0]
