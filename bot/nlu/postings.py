"""An inverted index: for each n-gram the rows that hold it, so that a short vector meets only the rows it shares something with."""

from __future__ import annotations

import numpy as np
from scipy import sparse


class Postings:
    """The rows of several sparse matrices of the same width, one after the other."""

    def __init__(self, *matrices: sparse.csr_matrix):
        self._columns = sparse.vstack(matrices).T.tocsr().astype(np.float32)
        self._ends = np.cumsum([matrix.shape[0] for matrix in matrices])

    def similarities(self, indices: np.ndarray, values: np.ndarray) -> list[np.ndarray]:
        """Return the dot products of one sparse vector with the rows of each matrix."""
        found = self._columns[indices].T @ values.astype(np.float32)
        return np.split(found, self._ends[:-1])
