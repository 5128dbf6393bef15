"""Second opinion: how much the question resembles the nearest known phrasings of each label."""

from __future__ import annotations

import numpy as np
from scipy import sparse


class NearestPhrasing:
    """score(label) = the cosine with the nearest phrasing of that label."""

    def __init__(self, matrix: sparse.csr_matrix, label_of: np.ndarray):
        """matrix: one row a phrasing; kept as `matrix`, label by label. label_of: its label's index; every label from 0 on has at least one phrasing."""
        order = np.argsort(label_of, kind="stable")
        self.matrix = matrix[order]
        self._starts = np.searchsorted(label_of[order], np.arange(label_of.max() + 1))

    def scores(self, similarities: np.ndarray) -> np.ndarray:
        """Return one score a label (0 to 1) for a vector's similarities with the rows of `matrix`."""
        return np.maximum.reduceat(similarities, self._starts)

    def scores_of(self, matrix: sparse.csr_matrix) -> np.ndarray:
        """Return the scores of many rows, shape (rows, labels)."""
        blocks = [np.asarray((matrix[n : n + 512] @ self.matrix.T).todense()) for n in range(0, matrix.shape[0], 512)]
        return np.concatenate([np.maximum.reduceat(block, self._starts, axis=1) for block in blocks])
