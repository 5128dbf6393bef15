"""Turns a message into one sparse TF-IDF vector of n-grams; place names are left out, they decide nothing but the place."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import TOKENS_NAMES
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu import ngrams
from bot.nlu.fingerprint import fingerprint
from bot.nlu.item_texts import item_documents
from bot.nlu.lexicon import read_lexicon
from bot.nlu.ngrams import Kinds, Vectoriser
from bot.nlu.places import place_pattern, without_places
from bot.settings import ROOT
from bot.text import clauses, squash

VECTOR = "ngram_vector"  # message attribute: (indices, values)
CLAUSE_VECTORS = "ngram_clause_vectors"  # (indices, values) of the last clauses, at least one


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class NgramFeaturizer(GraphComponent):
    """Config: weight of each kind of n-gram (0 leaves it out), `last_clause` weight of the last clause of a long story;
    `clauses`: false gives no vectors of single clauses."""

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        return {
            "characters": 1.0,
            "words": 0.7,
            "sounds": 0.7,
            "lexicon_words": 0.8,
            "last_clause": 1.0,
            "clauses": True,
            "knowledge": "knowledge",
            "lexicon": "data/lexicon/everyday.yml",
        }

    def __init__(self, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        self._config, self._storage, self._resource = config, model_storage, resource
        self._kinds = Kinds(config["characters"], config["words"], config["sounds"], config["lexicon_words"])
        self._lexicon = read_lexicon(ROOT / config["lexicon"])
        self._vectoriser: Optional[Vectoriser] = None

    @classmethod
    def create(
        cls, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> NgramFeaturizer:
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> NgramFeaturizer:
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            vocabulary = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
            component._vectoriser = Vectoriser({gram: n for n, gram in enumerate(vocabulary)}, np.load(folder / "idf.npy"))
        return component

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> Optional[str]:
        """Make the training cache see an edited lexicon, catalog, list of places or n-gram function."""
        config = {**cls.get_default_config(), **config}
        parts = [(ROOT / config["lexicon"]).read_text(encoding="utf-8"), place_pattern().pattern]
        return fingerprint(__name__, [*parts, *map(repr, item_documents(ROOT / config["knowledge"]))])

    def train(self, training_data: TrainingData) -> Resource:
        documents = [self._document(message) for message in training_data.training_examples if message.get(TEXT)]
        documents += [self._grams(text, ()) for _, text in item_documents(ROOT / self._config["knowledge"])]
        self._vectoriser = Vectoriser.fit(documents)
        with self._storage.write_to(self._resource) as folder:
            (folder / "vocabulary.json").write_text(
                json.dumps(list(self._vectoriser.vocabulary), ensure_ascii=False), encoding="utf-8"
            )
            np.save(folder / "idf.npy", self._vectoriser.idf)
        return self._resource

    def process(self, messages: List[Message]) -> List[Message]:
        assert self._vectoriser is not None, "a model is loaded before it is used"
        for message in messages:
            if message.get(TEXT):
                message.set(VECTOR, self._vectoriser.vector(self._document(message)))
                message.set(CLAUSE_VECTORS, self._clause_vectors(message))
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Vectorise the examples, and leave the items' own texts as vectors for the components that compare with them."""
        self.process(training_data.training_examples)
        documents = item_documents(ROOT / self._config["knowledge"])
        training_data.item_vectors = [(services, self.vector(text)) for services, text in documents]  # type: ignore[attr-defined]
        return training_data

    def vector(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the vector of a text that is no message, such as an item's text."""
        assert self._vectoriser is not None
        return self._vectoriser.vector(self._grams(text, ()))

    def _document(self, message: Message) -> dict[str, float]:
        text = message.get(TEXT)
        words = [token.text for token in message.get(TOKENS_NAMES[TEXT]) or ()]
        grams = self._grams(text, words)
        parts = clauses(text)
        if self._config["last_clause"] > 1 and len(parts) > 2:
            for gram in self._grams(parts[-1], ()):
                if gram in grams:
                    grams[gram] *= self._config["last_clause"]
        return grams

    def _clause_vectors(self, message: Message) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the vectors of the last clauses, the last one last; of the whole message where it has but one."""
        if not self._config["clauses"]:
            return [message.get(VECTOR)]
        parts = [part for part in clauses(without_places(message.get(TEXT))) if len(squash(part)) >= 2]
        assert self._vectoriser is not None
        return [self._vectoriser.vector(self._grams(part, ())) for part in parts[-3:]] if len(parts) > 1 else [message.get(VECTOR)]

    def _grams(self, text: str, words: List[str] | tuple) -> dict[str, float]:
        return ngrams.ngrams(without_places(text), words, self._lexicon, self._kinds)
