"""A linear one-against-rest classifier (LinearSVC) kept as plain arrays: trains in seconds, scores in microseconds."""

from __future__ import annotations

from typing import Iterator, Optional

import numpy as np
from scipy import sparse

_BLOCK = 32  # labels learnt from the same rows


class LinearModel:
    """margins = x @ weights + intercept; `labels` names the columns. Weights are float16 to keep the model small; once
    loaded they are float32, which NumPy multiplies five times as fast."""

    def __init__(self, labels: list[str], weights: np.ndarray, intercept: np.ndarray):
        self.labels, self.weights, self.intercept = labels, weights, intercept

    @classmethod
    def fit(
        cls, matrix: sparse.csr_matrix, targets: list[str], *, regularisation: float = 0.5, most: Optional[int] = None
    ) -> LinearModel:
        """Learn from the rows of `matrix` and their labels.

        most: how many rows a label is told apart from at most, so that training grows with the number of labels and not
        with its square; beyond it labels are learnt block by block, see `_blocks`. None: all rows.
        """
        labels, codes = np.unique(np.array(targets), return_inverse=True)
        weights = np.empty((matrix.shape[1], len(labels)), dtype=np.float16)
        intercept = np.empty(len(labels), dtype=np.float32)
        for members, chosen in _blocks(matrix, codes, most or len(targets)):
            own = np.where(np.isin(codes[chosen], members), codes[chosen], -1)  # -1: what the block is told apart from
            found, coefficients, base = _fit(matrix[chosen], own, regularisation)
            weights[:, found], intercept[found] = coefficients.T, base
        return cls([str(label) for label in labels], weights, intercept)

    def margins(self, indices: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Return the margin of each label for one sparse vector."""
        return values @ self.weights[indices].astype(np.float32, copy=False) + self.intercept

    def margins_of(self, matrix: sparse.csr_matrix) -> np.ndarray:
        """Return the margins of many rows, shape (rows, labels)."""
        return matrix @ self.weights.astype(np.float32) + self.intercept

    def arrays(self, prefix: str) -> dict[str, np.ndarray]:
        return {f"{prefix}_labels": np.array(self.labels), f"{prefix}_weights": self.weights, f"{prefix}_intercept": self.intercept}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray], prefix: str) -> LinearModel:
        labels = [str(label) for label in arrays[f"{prefix}_labels"]]
        return cls(labels, arrays[f"{prefix}_weights"].astype(np.float32), arrays[f"{prefix}_intercept"])


def _fit(matrix: sparse.csr_matrix, codes: np.ndarray, regularisation: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the codes from 0 on, their coefficients (one row each) and intercepts, each against all other rows."""
    from sklearn.svm import LinearSVC  # serving does without it

    model = LinearSVC(C=regularisation, random_state=0, tol=1e-3, max_iter=400, dual=True)
    model.fit(matrix, codes)
    coefficients, intercept = model.coef_, model.intercept_
    if len(model.classes_) == 2:
        coefficients, intercept = np.vstack([-coefficients, coefficients]), np.concatenate([-intercept, intercept])
    wanted = model.classes_ >= 0
    return model.classes_[wanted], coefficients[wanted], intercept[wanted]


def _blocks(matrix: sparse.csr_matrix, codes: np.ndarray, most: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (codes of a block's labels, rows to learn them from): all in one block if there are at most `most` rows.

    Else each block has up to `most` rows: all of its own, half of the room left for those of the labels most alike
    (by the cosine of their mean rows), where mistakes are near, the rest drawn evenly from all others. A label of its own
    that is larger than half of `most` still leaves half of it to the others.
    """
    count = int(codes.max()) + 1
    if len(codes) <= most:
        yield np.arange(count), np.arange(len(codes))
        return
    chance = np.random.default_rng(0)
    sizes = np.bincount(codes, minlength=count)
    means = sparse.csr_matrix((1.0 / sizes[codes], (codes, np.arange(len(codes)))), shape=(count, len(codes))) @ matrix
    means = sparse.diags(1 / np.sqrt(means.multiply(means).sum(axis=1).A1)) @ means
    for start in range(0, count, _BLOCK):
        members = np.arange(start, min(start + _BLOCK, count))
        own = np.flatnonzero(np.isin(codes, members))
        room = max(most - len(own), most // 2)
        likeness = (means @ means[members].T).max(axis=1).toarray().ravel()
        likeness[members] = -1
        order = np.argsort(-likeness, kind="stable")[: count - len(members)]
        alike = order[np.cumsum(sizes[order]) <= room // 2]
        near = np.flatnonzero(np.isin(codes, alike))
        others = np.flatnonzero(~np.isin(codes, np.concatenate([members, alike])))
        drawn = chance.choice(others, min(room - len(near), len(others)), replace=False)
        yield members, np.sort(np.concatenate([own, near, drawn]))
