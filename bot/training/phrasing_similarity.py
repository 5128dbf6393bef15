"""How much phrasings resemble each other, in characters and in sounds: all pairs quickly, or one new phrasing against all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Hashable, Iterable, Sequence

import numpy as np
from scipy import sparse

from bot.nlu.ngrams import sound
from bot.text import squash

_BLOCK = 1000


@dataclass(frozen=True)
class Pair:
    """Two texts by number, the first one the lower. similarity: cosine, 0 to 1; by: "characters" or "sounds"."""

    first: int
    second: int
    similarity: float
    by: str


class Resemblance:
    """Single units and pairs of units of each text, weighed by rarity: what all say counts little, a telling word much."""

    def __init__(self, texts: Sequence[str]):
        plain = [squash(text) for text in texts]
        self._views = {"characters": _View(plain), "sounds": _View([_sounds(text) for text in plain])}

    def pairs(self, labels: Sequence[Hashable], at_least: float) -> list[Pair]:
        """Return the pairs of texts with different labels whose similarity is at least that much, the closest first."""
        numbers = {label: number for number, label in enumerate(dict.fromkeys(labels))}
        groups = np.array([numbers[label] for label in labels])
        best: dict[tuple[int, int], Pair] = {}
        for by, view in self._views.items():
            for first, second, similarity in view.pairs(groups, at_least):
                known = best.get((first, second))
                if known is None or known.similarity < similarity:
                    best[first, second] = Pair(first, second, similarity, by)
        return sorted(best.values(), key=lambda pair: (-pair.similarity, pair.first, pair.second))

    def nearest(self, text: str, count: int = 5) -> list[tuple[int, float]]:
        """Return (number, similarity) of the texts that resemble `text` most, by characters or by sounds."""
        plain = squash(text)
        similarity = np.maximum(self._views["characters"].to(plain), self._views["sounds"].to(_sounds(plain)))
        return [(int(n), float(similarity[n])) for n in np.argsort(-similarity, kind="stable")[:count]]

    def uniformity(self, numbers: Sequence[int]) -> float:
        """Return the mean similarity in characters of the pairs among some of the texts, 0 for less than two."""
        rows = self._views["characters"].matrix[list(numbers)]
        count = rows.shape[0]
        total = np.asarray(rows.sum(axis=0)).ravel()
        return float((total @ total - count) / (count * (count - 1))) if count > 1 else 0.0


def distinct_share(texts: Iterable[str]) -> float:
    """Return how many of the character pairs of the texts stand in no more than one of them, 0 to 1."""
    count: dict[str, int] = {}
    for text in texts:
        plain = squash(text)
        for pair in {plain[start : start + 2] for start in range(len(plain) - 1)}:
            count[pair] = count.get(pair, 0) + 1
    return sum(number == 1 for number in count.values()) / len(count) if count else 0.0


def _sounds(plain: str) -> tuple[str, ...]:
    return tuple(map(sound, plain))


def _grams(units: Sequence[str]) -> set[tuple[str, ...]]:
    bounded = ("^", *units, "$")
    return {(unit,) for unit in units} | set(zip(bounded, bounded[1:]))


class _View:
    """Normalised rows, one a text; columns from the most common gram to the rarest."""

    def __init__(self, texts: Sequence[Sequence[str]]):
        grams = [_grams(text) for text in texts]
        count: dict[tuple[str, ...], int] = {}
        for own in grams:
            for gram in own:
                count[gram] = count.get(gram, 0) + 1
        ordered = sorted(count, key=lambda gram: (-count[gram], gram))
        self._column = {gram: n for n, gram in enumerate(ordered)}
        self._weight = np.log((1 + len(texts)) / (1 + np.array([count[gram] for gram in ordered]))).astype(np.float32) + 1
        rows = [np.sort([self._column[gram] for gram in own]) for own in grams]
        indptr = np.cumsum([0, *map(len, rows)])
        indices = np.concatenate(rows).astype(np.int32)
        matrix = sparse.csr_matrix((self._weight[indices], indices, indptr), shape=(len(texts), len(ordered)))
        length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
        self.matrix = sparse.csr_matrix(sparse.diags((1 / np.maximum(length, 1e-9)).astype(np.float32)) @ matrix)
        self.matrix.sort_indices()
        self._columns = self.matrix.T.tocsr()

    def to(self, text: Sequence[str]) -> np.ndarray:
        """Return the similarity of a new text to each row."""
        grams = _grams(text)
        known = [self._column[gram] for gram in grams if gram in self._column]
        unknown = len(grams) - len(known)
        weights = self._weight[known]
        length = np.sqrt(float(weights @ weights) + unknown * float(self._weight.max(initial=1)) ** 2)
        return np.asarray(weights @ self._columns[known]).ravel() / max(length, 1e-9)

    def pairs(self, groups: np.ndarray, at_least: float) -> Iterable[tuple[int, int, float]]:
        """Yield pairs of rows of different groups that are that much alike.

        Take the rarest gram that two rows share: all that they share is as common or more. If they are that much alike, so
        much of each row's length lies in its grams up to that one. So only rows that meet in such a gram are compared.
        """
        rare = self._rare(at_least)
        columns = rare.T.tocsr()
        for begin in range(0, rare.shape[0], _BLOCK):
            met = (rare[begin : begin + _BLOCK] @ columns).tocoo()
            row, column = met.row + begin, met.col
            kept = (row < column) & (groups[row] != groups[column])
            row, column = row[kept], column[kept]
            similarity = np.asarray(self.matrix[row].multiply(self.matrix[column]).sum(axis=1)).ravel()
            for found in np.flatnonzero(similarity >= at_least):
                yield int(row[found]), int(column[found]), round(float(similarity[found]), 3)

    def _rare(self, at_least: float) -> sparse.csr_matrix:
        """Return the rows without their most common grams, as many as make up less than `at_least` of a row's length."""
        matrix = self.matrix
        grown = np.cumsum(matrix.data.astype(np.float64) ** 2)
        before = np.concatenate([[0.0], grown])[matrix.indptr[:-1]]
        within = grown - np.repeat(before, np.diff(matrix.indptr))
        kept = np.where(within >= 0.999 * at_least**2, matrix.data, 0)
        rare = sparse.csr_matrix((kept, matrix.indices, matrix.indptr), shape=matrix.shape, copy=True)
        rare.eliminate_zeros()
        return rare
