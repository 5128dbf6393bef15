"""Ranks the services by calibrated probability, with two more classes: out of scope, and context (a bare follow-up).

Three scorers look at the same n-gram vector: a linear classifier, the nearest known phrasings, and the items' own texts.
A conditional logit, fitted on scores of examples that the scorers had not seen, turns them into probabilities.
An exact known phrasing always wins.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional

import numpy as np
from joblib import Parallel, delayed
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import TOKENS_NAMES
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy import sparse

from bot.nlu.calibration import Calibration
from bot.nlu.fingerprint import fingerprint
from bot.nlu.item_texts import ItemTexts, item_documents
from bot.nlu.linear import LinearModel
from bot.nlu.nearest_phrasing import NearestPhrasing
from bot.nlu.ngram_featurizer import VECTOR
from bot.nlu.ngrams import rows
from bot.nlu.postings import Postings
from bot.settings import ROOT
from bot.text import squash

SERVICES = "services"  # message attribute, in the parse output: {label: probability}, best first
FOREIGN = "foreign"  # message attribute, in the parse output: words that name a matter outside our scope
OUT_OF_SCOPE, CONTEXT = "out_of_scope", "context"
_CONTEXT_INTENTS = {"inform_applicant", "inform_place", "choose", "refuse", "affirm", "deny"}
_SHOWN = 12
_MOST = 10_000  # phrasings that a service is learnt from where there are more than twice as many (a catalog ten times as large)
_MANY = 15  # labels; a word that goes with so many says nothing of the matter


def label_of(message: Message) -> Optional[str]:
    """Return the class that a training example teaches: its service, `context`, `out_of_scope`; None to leave it out."""
    service = (message.get("metadata") or {}).get("intent", {}).get("service")
    intent = message.get(INTENT)
    if service:
        return str(service)
    if intent in _CONTEXT_INTENTS:
        return CONTEXT
    return None if intent in (None, "danger") else OUT_OF_SCOPE


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class ServiceClassifier(GraphComponent):
    """Config: `regularisation` of the linear model; `linear`, `nearest`, `item_texts`: false leaves a scorer out;
    `exact`: false treats a known phrasing like any other; `calibrated`: false weighs the scorers alike, unfitted."""

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        return {
            "regularisation": 0.5,
            "linear": True,
            "nearest": True,
            "item_texts": True,
            "exact": True,
            "calibrated": True,
            "knowledge": "knowledge",
            "folds": 2,
        }

    def __init__(self, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        self._config, self._storage, self._resource = config, model_storage, resource
        self._labels: List[str] = []
        self._known: Dict[str, str] = {}
        self._place_of: Dict[str, int] = {}

    @classmethod
    def create(
        cls, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> ServiceClassifier:
        return cls(config, model_storage, resource)

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> Optional[str]:
        documents = item_documents(ROOT / config.get("knowledge", "knowledge"))
        return fingerprint(__name__, map(repr, documents))

    def train(self, training_data: TrainingData) -> Resource:
        examples = [(m, label_of(m)) for m in training_data.training_examples if m.get(VECTOR) is not None and m.get(TEXT)]
        examples = [(message, label) for message, label in examples if label]
        width = 1 + max(int(m.get(VECTOR)[0].max()) for m, _ in examples if len(m.get(VECTOR)[0]))
        matrix = rows([message.get(VECTOR) for message, _ in examples], width)
        names = [str(label) for _, label in examples]
        self._labels = sorted(set(names))
        targets = np.array([self._labels.index(name) for name in names])
        self._foreign_words = _foreign_words(examples)
        self._known = {squash(message.get(TEXT)): str(label) for message, label in examples}
        self._item_texts = self._build_item_texts(training_data, width)
        folds = np.random.default_rng(0).permutation(len(names)) % self._config["folds"]
        parts = [np.arange(len(names)), *(np.flatnonzero(folds != fold) for fold in range(self._config["folds"]))]
        models = Parallel(n_jobs=2)(
            delayed(LinearModel.fit)(
                matrix[part],
                targets[part].astype(str).tolist(),
                regularisation=self._config["regularisation"],
                most=_MOST * len(part) // len(names),
            )
            for part in parts
        )
        sample = Calibration.sample(len(names))
        scores = np.zeros((len(sample), len(self._labels), 3), dtype=np.float32)
        for fold, (part, model) in enumerate(zip(parts[1:], models[1:])):
            held = np.flatnonzero(folds[sample] == fold)
            nearest = NearestPhrasing(matrix[part], targets[part])
            scores[held] = self._stack(model, nearest, matrix[sample[held]])
        special = [self._labels.index(label) for label in (OUT_OF_SCOPE, CONTEXT) if label in self._labels]
        if self._config["calibrated"]:
            self._calibration = Calibration.fit(scores, targets[sample], special)
        else:
            self._calibration = Calibration.uniform(scores.shape[1], scores.shape[2])
        self._linear = models[0]
        self._nearest = NearestPhrasing(matrix, targets)
        self._persist(matrix, targets)
        return self._resource

    def _build_item_texts(self, training_data: TrainingData, width: int) -> ItemTexts:
        """Vectorise the items' texts with the vocabulary of the phrasings, by way of an index of their n-grams."""
        vectors, labels = [], []
        for services, vector in _item_vectors(training_data):
            for service in services:
                if service in self._labels:
                    indices, values = vector
                    keep = indices < width
                    vectors.append((indices[keep], values[keep]))
                    labels.append(self._labels.index(service))
        return ItemTexts(rows(vectors, width), np.array(labels, dtype=np.int64))

    def _stack(self, linear: LinearModel, nearest: NearestPhrasing, matrix: sparse.csr_matrix) -> np.ndarray:
        """Return scores of shape (rows, labels, 3): linear, nearest phrasings, item texts; a scorer left out gives 0."""
        count = len(self._labels)
        scores = np.zeros((matrix.shape[0], count, 3), dtype=np.float32)
        if self._config["linear"]:
            scores[:, [int(label) for label in linear.labels], 0] = linear.margins_of(matrix)
        if self._config["nearest"]:
            scores[:, :, 1] = nearest.scores_of(matrix)
        if self._config["item_texts"]:
            scores[:, :, 2] = self._item_texts.scores_of(matrix, count)
        return scores

    def _persist(self, matrix: sparse.csr_matrix, targets: np.ndarray) -> None:
        half = matrix.astype(np.float32)
        texts = self._item_texts.matrix.tocsr()
        with self._storage.write_to(self._resource) as folder:
            np.savez(
                folder / "service_classifier.npz",
                labels=np.array(self._labels),
                known=np.array(list(self._known)),
                foreign=np.array(sorted(self._foreign_words)),
                known_labels=np.array([self._labels.index(label) for label in self._known.values()], dtype=np.int16),
                weights=self._calibration.weights,
                bias=self._calibration.bias,
                phrasing_data=half.data.astype(np.float16),
                phrasing_indices=half.indices,
                phrasing_indptr=half.indptr,
                targets=targets,
                width=np.array(matrix.shape[1]),
                text_data=texts.data.astype(np.float16),
                text_indices=texts.indices,
                text_indptr=texts.indptr,
                text_labels=self._item_texts.labels_of,
                **self._linear.arrays("linear"),
            )

    @classmethod
    def load(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> ServiceClassifier:
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder, np.load(folder / "service_classifier.npz") as file:
            a = {name: file[name] for name in file.files}
        component._labels = [str(label) for label in a["labels"]]
        component._place_of = {label: n for n, label in enumerate(component._labels)}
        component._known = {str(text): component._labels[n] for text, n in zip(a["known"], a["known_labels"])}
        component._foreign_words = {str(word) for word in a["foreign"]}
        width = int(a["width"])
        linear = LinearModel.from_arrays(a, "linear")
        component._calibration = Calibration(a["weights"], a["bias"])
        phrasings = sparse.csr_matrix(
            (a["phrasing_data"].astype(np.float32), a["phrasing_indices"], a["phrasing_indptr"]), shape=(len(a["targets"]), width)
        )
        component._nearest = NearestPhrasing(phrasings, a["targets"])
        texts = sparse.csr_matrix(
            (a["text_data"].astype(np.float32), a["text_indices"], a["text_indptr"]), shape=(len(a["text_labels"]), width)
        )
        component._item_texts = ItemTexts(texts, a["text_labels"])
        component._postings = Postings(component._nearest.matrix, texts, sparse.csr_matrix(linear.weights.T))
        component._order, component._intercept = np.array([int(label) for label in linear.labels]), linear.intercept
        component._width = width
        return component

    def process(self, messages: List[Message]) -> List[Message]:
        for message in messages:
            vector = message.get(VECTOR)
            if vector is not None:
                message.set(SERVICES, self.rank(message.get(TEXT), *vector), add_to_output=True)
                message.set(FOREIGN, self._foreign(message), add_to_output=True)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        return training_data

    def _foreign(self, message: Message) -> List[str]:
        """Return the words that name a matter outside our scope."""
        return [token.text for token in message.get(TOKENS_NAMES[TEXT]) or () if token.text in self._foreign_words]

    def rank(self, text: str, indices: np.ndarray, values: np.ndarray) -> Dict[str, float]:
        """Return the probability of the best labels, always with out_of_scope and context among them."""
        exact = self._known.get(squash(text)) if self._config["exact"] else None
        keep = indices < self._width
        indices, values = indices[keep], values[keep]
        count = len(self._labels)
        scores = np.zeros((count, 3), dtype=np.float32)
        phrasings, texts, margins = self._postings.similarities(indices, values)
        if self._config["linear"]:
            scores[self._order, 0] = margins + self._intercept
        if self._config["nearest"]:
            scores[:, 1] = self._nearest.scores(phrasings)
        if self._config["item_texts"]:
            scores[:, 2] = self._item_texts.scores(texts, count)
        probabilities = self._calibration.probabilities(scores)
        if exact is not None:
            probabilities = probabilities * 0.05
            probabilities[self._place_of[exact]] += 0.95
        order = np.argsort(-probabilities, kind="stable")
        shown = [self._labels[n] for n in order[:_SHOWN]]
        shown += [label for label in (OUT_OF_SCOPE, CONTEXT) if label in self._labels and label not in shown]
        return {label: round(float(probabilities[self._place_of[label]]), 5) for label in shown}


def _foreign_words(examples: list[tuple[Message, Any]]) -> set[str]:
    """Return the words that people use outside our scope, with few services, and never in a bare follow-up (发票, 护照)."""
    labels_of: Dict[str, set] = {}
    for message, label in examples:
        for token in message.get(TOKENS_NAMES[TEXT]) or ():
            labels_of.setdefault(token.text, set()).add(label)
    return {
        word
        for word, labels in labels_of.items()
        if len(word) > 1 and OUT_OF_SCOPE in labels and CONTEXT not in labels and len(labels) < _MANY
    }


def _item_vectors(training_data: TrainingData) -> list[tuple[tuple[str, ...], tuple[np.ndarray, np.ndarray]]]:
    """Return (services, vector) of every item, left by the featurizer on the training data."""
    return getattr(training_data, "item_vectors", [])
