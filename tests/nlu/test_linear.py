"""bot.nlu.linear: margins of one vector and of many agree; saved and loaded it is the same."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from bot.nlu.linear import LinearModel, _blocks

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


def test_many_labels_have_sparse_weights_that_survive_saving_and_say_the_same() -> None:
    matrix, targets = _many(100, 12)
    model = LinearModel.fit(matrix, targets)
    assert sparse.issparse(model.weights) and model.weights.shape == (310, 100)
    assert abs(model.weights.data).min() >= 1e-3
    loaded = LinearModel.from_arrays(model.arrays("x"), "x")
    assert np.array_equal(loaded.margins_of(matrix), model.margins_of(matrix))
    row = matrix[7]
    assert loaded.margins(row.indices, row.data) == pytest.approx(model.margins_of(matrix)[7], abs=1e-5)


def _many(labels: int, rows_each: int, seed: int = 3) -> tuple[sparse.csr_matrix, list[str]]:
    """Rows of `labels` labels; each label has words of its own, shares some with its neighbour, and all share a few."""
    chance = np.random.default_rng(seed)
    dense = np.zeros((labels * rows_each, labels * 3 + 10), dtype=np.float32)
    targets = []
    for number in range(len(dense)):
        label = number % labels
        dense[number, chance.choice(10, 3, replace=False)] = 0.5
        dense[number, label * 3 + chance.choice(3, 2, replace=False)] = 1
        dense[number, (label + 1) % labels * 3] = 0.7
        targets.append(f"label{label:03d}")
    return sparse.csr_matrix(dense / np.linalg.norm(dense, axis=1, keepdims=True)), targets


def test_labels_learnt_from_part_of_the_others_are_still_told_apart() -> None:
    matrix, targets = _many(100, 12)
    partly, wholly = LinearModel.fit(matrix, targets, most=500), LinearModel.fit(matrix, targets)
    assert partly.labels == wholly.labels
    for model in (partly, wholly):
        assert [model.labels[n] for n in model.margins_of(matrix).argmax(axis=1)] == targets
    assert (partly.weights != wholly.weights).nnz


def test_a_block_has_all_rows_of_its_own_and_those_of_the_labels_most_alike() -> None:
    matrix, targets = _many(100, 12)
    codes = np.array([int(target[5:]) for target in targets])
    seen = []
    for members, chosen in _blocks(matrix, codes, 590):
        seen += members.tolist()
        sizes = np.bincount(codes[chosen], minlength=100)
        assert len(chosen) <= 384 + 295 and len(set(chosen)) == len(chosen)
        assert (sizes[members] == 12).all()
        assert sizes[(members[-1] + 1) % 100] == 12 and sizes[members[0] - 1] == 12  # neighbours share a word
    assert seen == list(range(100))


def test_a_label_larger_than_all_that_is_allowed_leaves_half_to_the_others() -> None:
    matrix, _ = _many(40, 5)
    codes = np.array([0] * 100 + list(range(1, 41)) + list(range(1, 41)) + list(range(1, 21)))
    blocks = list(_blocks(matrix, codes, 60))
    assert [len(members) for members, _ in blocks] == [32, 9]
    assert (codes[blocks[0][1]] >= 32).sum() == min(30, (codes >= 32).sum()) > 0
