"""Group questions that ask the same in nearly the same words or sounds."""

from __future__ import annotations

from collections import Counter
from itertools import accumulate
from typing import Iterable

import numpy as np
from scipy import sparse

from bot.nlu.ngrams import Vectoriser, sound
from bot.text import squash

# Cosine of the n-gram vectors from which two questions stand in one group. Measured on pairs of the phrasings, which are
# written to differ: at 0.3 two thirds of the pairs are of one service, at 0.2 half.
ALIKE = 0.3
COMPARED = 200  # characters of a text that count: no question needs more, and a flood of longer ones costs minutes
COMPARED_IN_ALL = 100_000  # characters: what stands behind them in the order begins a group of its own
_ROWS = 100  # questions compared at a time: other threads get their turn in between


def groups(texts: list[str], background: Iterable[str] = (), alike: float = ALIKE) -> list[list[int]]:
    """Return the indices of `texts` in groups: each text joins the first group whose first text is alike, else begins one.

    background: other questions, from which it is learned that 「怎么办」 says little and 「狗」 much.
    The order of `texts` decides what leads a group, so put the most important first; groups keep that order.
    Only the beginning of each is compared (COMPARED), and only so many of them (COMPARED_IN_ALL).
    """
    if not texts:
        return []
    heads = [squash(text[:COMPARED]) for text in texts]
    count = sum(reached <= COMPARED_IN_ALL for reached in accumulate(map(len, heads)))
    documents = [_grams(head) for head in heads[:count]]
    matrix = Vectoriser.fit(documents + [_grams(squash(text)) for text in background], least=1).matrix(documents)
    leaders: list[int] = []
    found: dict[int, list[int]] = {}
    joined = np.full(count, -1)
    for start in range(0, count, _ROWS):
        part = matrix[start : start + _ROWS]
        if leaders:
            _join(joined, start, part @ matrix[leaders].T, leaders, alike)
        among = (part @ part.T).toarray()
        for row in range(part.shape[0]):
            own = start + row
            if joined[own] < 0:
                leaders.append(own)
                joined[own] = own
                for later in np.flatnonzero(among[row, row + 1 :] >= alike) + own + 1:
                    if joined[later] < 0:
                        joined[later] = own
    for index, leader in enumerate(joined):
        found.setdefault(int(leader), []).append(index)
    return [*found.values(), *([index] for index in range(count, len(texts)))]


def _grams(plain: str) -> dict[str, float]:
    """Return single characters, pairs of characters and pairs of sounds (社保咖 and 社保卡 share one), each with its count."""
    sounds = [sound(character) for character in plain]
    grams = [f"c{plain[n : n + size]}" for size in (1, 2) for n in range(len(plain) - size + 1)]
    return {gram: float(times) for gram, times in Counter(grams + [f"p{a} {b}" for a, b in zip(sounds, sounds[1:])]).items()}


def _join(joined: np.ndarray, start: int, likeness: sparse.spmatrix, leaders: list[int], alike: float) -> None:
    dense = likeness.toarray()
    best = dense.argmax(axis=1)
    for row in np.flatnonzero(dense[np.arange(len(best)), best] >= alike):
        joined[start + row] = leaders[best[row]]
