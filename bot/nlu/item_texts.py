"""The items' own texts as features: how much a question resembles what the source says of each service."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import sparse

from bot.knowledge.catalog import load
from bot.knowledge.schema import SECTIONS, Item

_LONGEST = 4000  # characters of an item's text


def item_documents(knowledge: Path) -> list[tuple[tuple[str, ...], str]]:
    """Return (services, text) of every item: names, aliases, situations, materials, steps; names count twice."""
    return [(tuple(item.services), _text(item)) for item in load(knowledge).items]


def _text(item: Item) -> str:
    names = [item.name, *item.aliases]
    details = [
        s.text for section in SECTIONS if section != "legal_basis" for branch in getattr(item, section) for s in branch.texts
    ]
    phrases = [word for s in item.situations for word in (s.name, *s.phrases)]
    return "，".join([*names, *names, *details, *phrases])[:_LONGEST]


class ItemTexts:
    """score(label) = the best cosine with an item of that service; 0 for labels that are no service."""

    def __init__(self, matrix: sparse.csr_matrix, labels_of: np.ndarray):
        """matrix: one row an (item, service) pair. labels_of: the service's label index of each row."""
        self.matrix, self.labels_of = matrix, labels_of

    def scores(self, similarities: np.ndarray, count: int) -> np.ndarray:
        """Return the scores of `count` labels for a vector's similarities with the rows of `matrix`."""
        scores = np.zeros(count, dtype=np.float32)
        np.maximum.at(scores, self.labels_of, similarities)
        return scores

    def scores_of(self, matrix: sparse.csr_matrix, count: int) -> np.ndarray:
        """Return the scores of many rows, shape (rows, count)."""
        similarities = np.asarray((matrix @ self.matrix.T).todense(), dtype=np.float32)
        return np.stack([self.scores(row, count) for row in similarities])
