"""Pure: a text's n-grams (characters, words, sounds, official words for everyday ones) and their TF-IDF vector."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import Iterable, NamedTuple

import numpy as np
from pypinyin import lazy_pinyin
from scipy import sparse

from bot.text import squash

# What speakers and input methods confuse: 平翘舌, 前后鼻音, n/l, h/f.
_SOUNDS = (
    (re.compile(r"^(z|c|s)h"), r"\1"),
    (re.compile(r"(a|e|i)ng$"), r"\1n"),
    (re.compile(r"^n(?=[^g])"), "l"),
    (re.compile(r"^hu"), "f"),
)


@lru_cache(maxsize=32768)
def sound(character: str) -> str:
    """Return the folded syllable of one character (「认」 and 「任」 both "ren"), or the character itself."""
    syllable = lazy_pinyin(character)[0]
    for pattern, replacement in _SOUNDS:
        syllable = pattern.sub(replacement, syllable)
    return syllable


@dataclass(frozen=True)
class Kinds:
    """Which kinds of n-grams are used, with the weight of each kind; 0 leaves a kind out."""

    characters: float = 1.0
    words: float = 0.7
    sounds: float = 0.7
    lexicon: float = 0.8


def ngrams(text: str, words: Iterable[str], lexicon: dict[str, str], kinds: Kinds) -> dict[str, float]:
    """Return n-gram -> weight for one text.

    text: normalised. words: its tokens. lexicon: everyday phrase -> official word.
    Characters: 1 to 4; words: single and pairs; sounds: 2 and 3 syllables; lexicon: the official word.
    """
    plain = squash(text)
    grams: defaultdict[str, float] = defaultdict(float)
    if kinds.characters:
        bounded = f"^{plain}$"
        for size in (1, 2, 3, 4):
            for start in range(len(bounded) - size + 1):
                gram = bounded[start : start + size]
                if gram not in ("^", "$"):
                    grams[f"c{gram}"] += kinds.characters
    if kinds.words:
        tokens = [word for word in words if word.strip() and squash(word)]
        for one in tokens:
            grams[f"w{one}"] += kinds.words
        for one, two in zip(tokens, tokens[1:]):
            grams[f"w{one} {two}"] += kinds.words
    if kinds.sounds:
        syllables = [sound(character) for character in plain[:200]]
        for size in (2, 3):
            for start in range(len(syllables) - size + 1):
                grams["p" + " ".join(syllables[start : start + size])] += kinds.sounds
    if kinds.lexicon:
        for everyday, official in lexicon.items():
            if everyday in plain:
                grams[f"l{official}"] += kinds.lexicon
    return grams


class Vector(NamedTuple):
    """A sparse vector: ascending indices and their values."""

    indices: np.ndarray
    values: np.ndarray

    def fingerprint(self) -> str:
        """Return a hash over all of it; Rasa's training cache would print it, and shorten what it prints."""
        return hashlib.sha1(self.indices.tobytes() + self.values.tobytes()).hexdigest()


class Vectoriser:
    """TF-IDF over a vocabulary of n-grams: sublinear term frequency, L2 norm. Plain arrays, so it saves as such."""

    def __init__(self, vocabulary: dict[str, int], idf: np.ndarray):
        self.vocabulary, self.idf = vocabulary, idf

    @classmethod
    def fit(cls, documents: list[dict[str, float]], *, least: int = 2) -> Vectoriser:
        """Keep n-grams that stand in at least `least` documents."""
        count: Counter[str] = Counter()
        for document in documents:
            count.update(document.keys())
        kept = sorted(gram for gram, number in count.items() if number >= least)
        idf = np.log((1 + len(documents)) / (1 + np.array([count[gram] for gram in kept], dtype=np.float64))) + 1
        return cls({gram: n for n, gram in enumerate(kept)}, idf.astype(np.float32))

    def vector(self, document: dict[str, float]) -> Vector:
        """Return the normalised vector."""
        known = [(self.vocabulary[gram], weight) for gram, weight in document.items() if gram in self.vocabulary]
        if not known:
            return Vector(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.float32))
        known.sort()
        indices = np.array([index for index, _ in known], dtype=np.int32)
        weights = np.array([weight for _, weight in known], dtype=np.float32)
        values = (np.minimum(weights, 1.0) + np.log(np.maximum(weights, 1.0))) * self.idf[indices]
        return Vector(indices, values / np.linalg.norm(values))

    def matrix(self, documents: list[dict[str, float]]) -> sparse.csr_matrix:
        """Return the documents' vectors as rows."""
        return rows([self.vector(document) for document in documents], len(self.vocabulary))


def rows(vectors: list[tuple[np.ndarray, np.ndarray]], width: int) -> sparse.csr_matrix:
    """Return (indices, values) vectors as the rows of a sparse matrix of `width` columns."""
    indptr = np.cumsum([0] + [len(indices) for indices, _ in vectors])
    indices = np.concatenate([i for i, _ in vectors]) if vectors else np.empty(0, dtype=np.int32)
    values = np.concatenate([v for _, v in vectors]) if vectors else np.empty(0, dtype=np.float32)
    return sparse.csr_matrix((values, indices, indptr), shape=(len(vectors), width))
