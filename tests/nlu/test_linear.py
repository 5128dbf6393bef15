"""bot.nlu.linear: margins of one vector and of many agree; saved and loaded it is the same."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from bot.nlu.linear import LinearModel

MATRIX = sparse.csr_matrix(
    np.array([[1, 0, 0], [0.9, 0.1, 0], [0, 1, 0], [0, 0.9, 0.1], [0, 0, 1], [0.1, 0, 0.9]], dtype=np.float32)
)
TARGETS = ["a", "a", "b", "b", "c", "c"]


@pytest.fixture(scope="module")
def model() -> LinearModel:
    return LinearModel.fit(MATRIX, TARGETS, regularisation=10)


def test_the_right_label_has_the_largest_margin(model: LinearModel) -> None:
    assert [model.labels[n] for n in model.margins_of(MATRIX).argmax(axis=1)] == TARGETS


def test_one_sparse_vector_gives_what_its_row_gives(model: LinearModel) -> None:
    row = MATRIX[1]
    assert model.margins(row.indices, row.data) == pytest.approx(model.margins_of(MATRIX)[1], abs=1e-3)


def test_two_labels_have_a_margin_each() -> None:
    model = LinearModel.fit(MATRIX[:4], TARGETS[:4], regularisation=10)
    margins = model.margins_of(MATRIX[:4])
    assert margins.shape == (4, 2) and (margins[:, 0] > 0).tolist() == [True, True, False, False]


def test_fits_the_same_twice_and_survives_saving(model: LinearModel) -> None:
    again = LinearModel.fit(MATRIX, TARGETS, regularisation=10)
    loaded = LinearModel.from_arrays(model.arrays("x"), "x")
    for other in (again, loaded):
        assert other.labels == model.labels
        assert np.array_equal(other.weights, model.weights) and np.array_equal(other.intercept, model.intercept)
