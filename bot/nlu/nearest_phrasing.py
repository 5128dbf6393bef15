"""Second opinion: how much the question resembles the nearest known phrasings of each label."""

from __future__ import annotations

import numpy as np
from scipy import sparse


class NearestPhrasing:
    """score(label) = mean cosine of the `neighbours` nearest phrasings of that label."""

    def __init__(self, matrix: sparse.csr_matrix, label_of: np.ndarray, count: int, *, neighbours: int = 3):
        order = np.argsort(label_of, kind="stable")
        self.matrix, self.label_of, self.count, self.neighbours = matrix[order], label_of[order], count, neighbours
        self._columns = self.matrix.T.tocsr()  # row n: the phrasings that hold n-gram n
        self._starts = np.searchsorted(self.label_of, np.arange(count))
        self._ends = np.searchsorted(self.label_of, np.arange(count), side="right")

    def scores(self, indices: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Return one score a label (0 to 1) for one sparse vector."""
        similarity = np.zeros(self.matrix.shape[0], dtype=np.float32)
        pointers, columns, data = self._columns.indptr, self._columns.indices, self._columns.data
        for index, value in zip(indices, values):
            span = slice(pointers[index], pointers[index + 1])
            similarity[columns[span]] += value * data[span]
        return self._by_label(similarity)

    def scores_of(self, matrix: sparse.csr_matrix) -> np.ndarray:
        """Return the scores of many rows, shape (rows, labels)."""
        result = np.zeros((matrix.shape[0], self.count), dtype=np.float32)
        for start in range(0, matrix.shape[0], 512):
            block = np.asarray((matrix[start : start + 512] @ self.matrix.T).todense())
            for offset, similarity in enumerate(block):
                result[start + offset] = self._by_label(similarity)
        return result

    def _by_label(self, similarity: np.ndarray) -> np.ndarray:
        scores = np.zeros(self.count, dtype=np.float32)
        for label in range(self.count):
            own = similarity[self._starts[label] : self._ends[label]]
            if len(own) > self.neighbours:
                own = np.partition(own, len(own) - self.neighbours)[-self.neighbours :]
            scores[label] = own.mean() if len(own) else 0.0
        return scores
