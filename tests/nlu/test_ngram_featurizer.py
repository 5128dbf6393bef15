"""bot.nlu.ngram_featurizer: one vector a message, one a clause, none of them for the place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bot.evaluation.pipeline import Pipeline


def _featurised(small: Pipeline, text: str) -> tuple[tuple, list[tuple]]:
    from rasa.shared.nlu.training_data.message import Message

    from bot.nlu.ngram_featurizer import CLAUSE_VECTORS, VECTOR

    message = Message({"text": text})
    for name in ("Normaliser", "CatalogTokenizer", "NgramFeaturizer"):
        small.components[name].process([message])
    return message.get(VECTOR), message.get(CLAUSE_VECTORS)


def _same(one: tuple, other: tuple) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other))


def test_a_message_of_one_clause_has_the_whole_as_its_clause(small: Pipeline) -> None:
    vector, parts = _featurised(small, "社保卡丢了怎么补")
    assert len(vector[0]) > 10 and len(parts) == 1 and _same(parts[0], vector)


def test_a_place_leaves_no_characters_or_sounds(small: Pipeline) -> None:
    vocabulary = list(small.components["NgramFeaturizer"]._vectoriser.vocabulary)
    (indices, _), _ = _featurised(small, "渝中区社保卡丢了怎么补")
    assert not [vocabulary[n] for n in indices if "渝" in vocabulary[n] or "yu" in vocabulary[n].split(" ")]


def test_a_story_has_the_vectors_of_its_last_three_clauses_the_last_one_last(small: Pipeline) -> None:
    _, parts = _featurised(small, "我今年六十，家住五楼，上个月，社保卡丢了，怎么补")
    assert len(parts) == 3
    assert _same(parts[1], _featurised_clause(small, "社保卡丢了"))


def _featurised_clause(small: Pipeline, clause: str) -> tuple:
    return small.components["NgramFeaturizer"].vector(clause)


def test_the_items_texts_are_left_as_vectors(small: Pipeline) -> None:
    services = [services for services, _ in small.data.item_vectors]  # type: ignore[attr-defined]
    assert len(services) == 3 and ("card_apply",) in services
