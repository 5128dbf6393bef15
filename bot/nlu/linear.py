"""A linear one-against-rest classifier (LinearSVC) kept as plain arrays: trains in seconds, scores in microseconds."""

from __future__ import annotations

from typing import Iterator, Optional, Union

import numpy as np
from scipy import sparse

_BLOCK = 32  # labels learnt from the same rows
_FEW = 64  # labels; with more, nearly all weights are zero
_SMALL = 1e-3  # weights below it are left out where there are many labels: together they change a margin by less than 0.01


class LinearModel:
    """margins = x @ weights + intercept; `labels` names the columns.

    weights: (n-grams, labels), float32: an array for up to 64 labels, else a sparse CSR matrix. They are as exact as float16,
    in which they are stored.
    """

    def __init__(self, labels: list[str], weights: Union[np.ndarray, sparse.csr_matrix], intercept: np.ndarray):
        self.labels, self.weights, self.intercept = labels, weights, intercept

    @classmethod
    def fit(
        cls, matrix: sparse.csr_matrix, targets: list[str], *, regularisation: float = 0.5, most: Optional[int] = None
    ) -> LinearModel:
        """Learn from the rows of `matrix` and their labels.

        most: how many rows a label is learnt from where there are more than twice as many, so that training grows with the
        number of labels and not with its square: labels are then learnt block by block, see `_blocks`. None: all rows.
        """
        labels, codes = np.unique(np.array(targets), return_inverse=True)
        parts = []
        intercept = np.empty(len(labels), dtype=np.float32)
        for members, chosen in _blocks(matrix, codes, most or len(targets)):
            own = np.where(np.isin(codes[chosen], members), codes[chosen], -1)  # -1: what the block is told apart from
            found, coefficients, base = _fit(matrix[chosen], own, regularisation)
            parts.append(coefficients)
            intercept[found] = base
        weights = sparse.vstack(parts, format="csr")
        if len(labels) <= _FEW:
            return cls([str(label) for label in labels], np.ascontiguousarray(weights.toarray().T), intercept)
        weights.data[np.abs(weights.data) < _SMALL] = 0
        weights.eliminate_zeros()
        return cls([str(label) for label in labels], weights.T.tocsr(), intercept)

    def margins(self, indices: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Return the margin of each label for one sparse vector."""
        return self.weights[indices].T @ values + self.intercept

    def margins_of(self, matrix: sparse.csr_matrix) -> np.ndarray:
        """Return the margins of many rows, shape (rows, labels)."""
        product = matrix @ self.weights
        return (product if isinstance(product, np.ndarray) else product.toarray()) + self.intercept

    def arrays(self, prefix: str) -> dict[str, np.ndarray]:
        kept = {"labels": np.array(self.labels), "intercept": self.intercept}
        if isinstance(self.weights, np.ndarray):
            kept["weights"] = self.weights.astype(np.float16)
        else:
            kept["weights"] = self.weights.data.astype(np.float16)
            kept["columns"] = self.weights.indices.astype(np.uint8 if len(self.labels) <= 256 else np.uint16)
            kept["starts"] = self.weights.indptr
        return {f"{prefix}_{name}": array for name, array in kept.items()}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray], prefix: str) -> LinearModel:
        labels = [str(label) for label in arrays[f"{prefix}_labels"]]
        weights: Union[np.ndarray, sparse.csr_matrix] = arrays[f"{prefix}_weights"].astype(np.float32)
        if f"{prefix}_starts" in arrays:
            columns, starts = arrays[f"{prefix}_columns"].astype(np.int32), arrays[f"{prefix}_starts"]
            weights = sparse.csr_matrix((weights, columns, starts), shape=(len(starts) - 1, len(labels)))
        return cls(labels, weights, arrays[f"{prefix}_intercept"])


def _fit(matrix: sparse.csr_matrix, codes: np.ndarray, regularisation: float) -> tuple[np.ndarray, sparse.csr_matrix, np.ndarray]:
    """Return the codes from 0 on, their coefficients (one row each) and intercepts, each against all other rows."""
    from sklearn.svm import LinearSVC  # serving does without it

    used = np.unique(matrix.indices)  # part of a large vocabulary: the solver's vectors stay in the processor's cache
    place = np.zeros(matrix.shape[1], dtype=np.int32)
    place[used] = np.arange(len(used))
    compact = sparse.csr_matrix((matrix.data, place[matrix.indices], matrix.indptr), shape=(matrix.shape[0], len(used)))
    model = LinearSVC(C=regularisation, random_state=0, tol=1e-3, max_iter=400, dual=True)
    model.fit(compact, codes)
    coefficients, intercept = model.coef_, model.intercept_
    if len(model.classes_) == 2:
        coefficients, intercept = np.vstack([-coefficients, coefficients]), np.concatenate([-intercept, intercept])
    wanted = model.classes_ >= 0
    kept = sparse.csr_matrix(coefficients[wanted].astype(np.float16).astype(np.float32))
    kept = sparse.csr_matrix((kept.data, used[kept.indices], kept.indptr), shape=(kept.shape[0], matrix.shape[1]))
    return model.classes_[wanted], kept, intercept[wanted]


def _blocks(matrix: sparse.csr_matrix, codes: np.ndarray, most: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (codes of a block's labels, rows to learn them from): all in one block up to twice `most` rows.

    Else each block has about `most` rows: all of its own, half of the room left for those of the labels most alike
    (by the cosine of their mean rows), where mistakes are near, the rest drawn evenly from all others. A label of its own
    that is larger than half of `most` still leaves half of it to the others.
    """
    count = int(codes.max()) + 1
    if len(codes) <= 2 * most:
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
