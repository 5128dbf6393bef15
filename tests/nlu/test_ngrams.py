"""bot.nlu.ngrams: which n-grams a text has, and its TF-IDF vector."""

from __future__ import annotations

import numpy as np
import pytest

from bot.nlu.ngrams import Kinds, Vectoriser, ngrams, rows, sound

NONE = Kinds(characters=0, words=0, sounds=0, lexicon=0)


def _kinds(**weights: float) -> Kinds:
    return Kinds(**{**NONE.__dict__, **weights})


def test_characters_one_to_four_with_the_bounds_of_the_text() -> None:
    grams = ngrams("补卡", [], {}, _kinds(characters=1))
    assert set(grams) == {"c补", "c卡", "c^补", "c补卡", "c卡$", "c^补卡", "c补卡$", "c^补卡$"}


def test_words_and_their_pairs_without_punctuation() -> None:
    assert set(ngrams("", ["补", "，", "社保卡"], {}, _kinds(words=0.7))) == {"w补", "w社保卡", "w补 社保卡"}


def test_a_word_typed_by_its_sound_has_the_same_sound_grams() -> None:
    kinds = _kinds(sounds=1)
    assert ngrams("认正", [], {}, kinds) == ngrams("认证", [], {}, kinds)
    assert ngrams("社保咖", [], {}, kinds).keys() & ngrams("社保卡", [], {}, kinds).keys()


@pytest.mark.parametrize(("one", "other"), [("四", "是"), ("林", "零"), ("那", "拉"), ("花", "发"), ("认", "任")])
def test_sounds_that_speakers_confuse_are_one(one: str, other: str) -> None:
    assert sound(one) == sound(other)


def test_an_everyday_phrase_gives_the_official_word() -> None:
    assert dict(ngrams("我爸走了", [], {"走了": "死亡"}, _kinds(lexicon=0.8))) == {"l死亡": 0.8}


def test_a_weight_of_nothing_leaves_a_kind_out() -> None:
    assert not ngrams("我爸走了", ["我爸", "走了"], {"走了": "死亡"}, NONE)


def test_the_vector_is_normalised_ascending_and_weighs_rare_grams_more() -> None:
    documents = [{"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 1.0}, {"a": 1.0}]
    vectoriser = Vectoriser.fit(documents)
    indices, values = vectoriser.vector({"b": 1.0, "a": 1.0, "unknown": 1.0})
    assert indices.tolist() == [0, 1] and np.linalg.norm(values) == pytest.approx(1)
    assert values[1] > values[0]


def test_grams_of_a_single_document_are_not_kept_and_an_unknown_text_has_an_empty_vector() -> None:
    vectoriser = Vectoriser.fit([{"a": 1.0, "once": 1.0}, {"a": 1.0}])
    assert list(vectoriser.vocabulary) == ["a"]
    assert len(vectoriser.vector({"once": 1.0})[0]) == 0


def test_rows_make_a_matrix_of_the_vectors() -> None:
    matrix = rows([(np.array([1]), np.array([0.5])), (np.array([], dtype=int), np.array([]))], 3)
    assert matrix.toarray().tolist() == [[0, 0.5, 0], [0, 0, 0]]
