"""A linear one-against-rest classifier (LinearSVC) kept as plain arrays: trains in seconds, scores in microseconds."""

from __future__ import annotations

import numpy as np
from scipy import sparse


class LinearModel:
    """margins = x @ weights + intercept; `labels` names the columns. Weights are float16 to keep the model small."""

    def __init__(self, labels: list[str], weights: np.ndarray, intercept: np.ndarray):
        self.labels, self.weights, self.intercept = labels, weights, intercept

    @classmethod
    def fit(cls, matrix: sparse.csr_matrix, targets: list[str], *, regularisation: float = 0.5) -> LinearModel:
        from sklearn.svm import LinearSVC  # serving does without it

        model = LinearSVC(C=regularisation, random_state=0, tol=1e-3, max_iter=400, dual=True)
        model.fit(matrix, targets)
        coefficients, intercept = model.coef_, model.intercept_
        if len(model.classes_) == 2:
            coefficients, intercept = np.vstack([-coefficients, coefficients]), np.concatenate([-intercept, intercept])
        return cls([str(c) for c in model.classes_], coefficients.T.astype(np.float16), intercept.astype(np.float32))

    def margins(self, indices: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Return the margin of each label for one sparse vector."""
        return values @ self.weights[indices].astype(np.float32) + self.intercept

    def margins_of(self, matrix: sparse.csr_matrix) -> np.ndarray:
        """Return the margins of many rows, shape (rows, labels)."""
        return matrix @ self.weights.astype(np.float32) + self.intercept

    def arrays(self, prefix: str) -> dict[str, np.ndarray]:
        return {f"{prefix}_labels": np.array(self.labels), f"{prefix}_weights": self.weights, f"{prefix}_intercept": self.intercept}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray], prefix: str) -> LinearModel:
        labels = [str(label) for label in arrays[f"{prefix}_labels"]]
        return cls(labels, arrays[f"{prefix}_weights"], arrays[f"{prefix}_intercept"])
