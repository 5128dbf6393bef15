"""The intent: which aspect is asked, or which act of dialogue it is; several aspects where clauses ask different things."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import numpy as np
from joblib import Parallel, delayed
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.calibration import Calibration
from bot.nlu.fingerprint import fingerprint
from bot.nlu.linear import LinearModel
from bot.nlu.ngram_featurizer import CLAUSE_VECTORS, VECTOR
from bot.nlu.ngrams import rows
from bot.nlu.service_classifier import OUT_OF_SCOPE, SERVICES

Vector = Tuple[np.ndarray, np.ndarray]
VIEWS = 3
LONG = 16  # characters; beyond it people tell a story around their question
ASPECTS = "aspects"  # message attribute, in the parse output: aspects asked, the main one first


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class AspectClassifier(GraphComponent):
    """Config: `regularisation`; `clause_from`: probability from which a clause's own aspect counts as a second question;
    `general_below`: an aspect less probable than this becomes `general` (an overview costs a minute's reading, the wrong
    aspect an answer), and `general_below_long` in messages of more than LONG characters; `out_of_scope_from`, `in_scope_from`: service probabilities from which a message is out of scope, or a
    question although it sounds like small talk."""

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        return {
            "regularisation": 0.4,
            "clause_from": 0.85,
            "general_below": 0.5,
            "general_below_long": 0.65,
            "out_of_scope_from": 0.4,
            "in_scope_from": 0.55,
        }

    def __init__(self, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        self._config, self._storage, self._resource = config, model_storage, resource

    @classmethod
    def create(
        cls, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> AspectClassifier:
        return cls(config, model_storage, resource)

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> Optional[str]:
        return fingerprint(__name__)

    def train(self, training_data: TrainingData) -> Resource:
        """Fit two linear models, on whole messages and on last clauses; calibrate how much each view counts."""
        examples = [
            m for m in training_data.training_examples if m.get(VECTOR) is not None and m.get(INTENT) not in (None, OUT_OF_SCOPE)
        ]
        width = 1 + max(int(m.get(VECTOR)[0].max(initial=0)) for m in examples)
        whole = rows([m.get(VECTOR) for m in examples], width)
        last = rows([_within(m.get(CLAUSE_VECTORS)[-1], width) for m in examples], width)
        names = [m.get(INTENT) for m in examples]
        fold = np.random.default_rng(0).permutation(len(names)) % 2
        parts = [np.arange(len(names)), np.flatnonzero(fold == 0), np.flatnonzero(fold == 1)]
        jobs = [(matrix, part) for part in parts for matrix in (whole, last)]
        models = Parallel(n_jobs=2)(
            delayed(LinearModel.fit)(matrix[part], [names[n] for n in part], regularisation=self._config["regularisation"])
            for matrix, part in jobs
        )
        self._whole, self._last = models[0], models[1]
        sample = Calibration.sample(len(names))
        scores = np.zeros((len(sample), len(self._whole.labels), VIEWS), dtype=np.float32)
        for place, number in enumerate(sample):
            pair = models[4:6] if fold[number] == 0 else models[2:4]  # those that had not seen it
            scores[place] = _views(pair[0], pair[1], examples[number].get(VECTOR), examples[number].get(CLAUSE_VECTORS))
        targets = np.array([self._whole.labels.index(names[number]) for number in sample])
        calibration = Calibration.fit(scores, targets, [])
        with self._storage.write_to(self._resource) as folder:
            np.savez(folder / "aspects.npz", scale=calibration.weights, **self._whole.arrays("whole"), **self._last.arrays("last"))
        return self._resource

    @classmethod
    def load(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> AspectClassifier:
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder, np.load(folder / "aspects.npz") as file:
            arrays = {name: file[name] for name in file.files}
        component._whole, component._last = (LinearModel.from_arrays(arrays, view) for view in ("whole", "last"))
        component._calibration = Calibration(arrays["scale"], np.zeros(len(component._whole.labels)))
        component._asks = np.array([label.startswith("ask_") for label in component._whole.labels])
        return component

    def process(self, messages: List[Message]) -> List[Message]:
        for message in messages:
            if message.get(VECTOR) is not None:
                self._classify(message)
            elif message.get(TEXT) is not None:
                message.set(INTENT, {INTENT_NAME_KEY: OUT_OF_SCOPE, PREDICTED_CONFIDENCE_KEY: 1.0}, add_to_output=True)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        return training_data

    def _classify(self, message: Message) -> None:
        probabilities = self._probabilities(message.get(VECTOR), message.get(CLAUSE_VECTORS))
        services = message.get(SERVICES) or {}
        outside = services.get(OUT_OF_SCOPE, 0.0)
        inside = max((p for label, p in services.items() if label not in (OUT_OF_SCOPE, "context")), default=0.0)
        best = int(np.argmax(probabilities))
        asked = np.where(self._asks, probabilities, 0.0)
        asked /= asked.sum() or 1.0
        main = int(np.argmax(asked))
        if (
            not self._asks[best]
            and inside >= self._config["in_scope_from"]
            and self._whole.labels[best] not in ("danger", "deny", "inform_applicant")
        ):
            best = main
        name = self._whole.labels[best]
        if self._asks[best] and outside >= self._config["out_of_scope_from"]:
            name = OUT_OF_SCOPE
        confidence = outside if name == OUT_OF_SCOPE else float(probabilities[best])
        order = np.argsort(-probabilities, kind="stable")[:5]
        ranking = [
            {INTENT_NAME_KEY: self._whole.labels[n], PREDICTED_CONFIDENCE_KEY: round(float(probabilities[n]), 5)} for n in order
        ]
        message.set(INTENT, {INTENT_NAME_KEY: name, PREDICTED_CONFIDENCE_KEY: confidence}, add_to_output=True)
        message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        message.set(ASPECTS, self._aspects(message, asked, main), add_to_output=True)

    def _aspects(self, message: Message, asked: np.ndarray, main: int) -> List[str]:
        long = len(message.get(TEXT)) > LONG
        least = self._config["general_below_long" if long else "general_below"]
        first = self._name(main) if asked[main] >= least else "general"
        found = [first]
        parts = message.get(CLAUSE_VECTORS)
        for vector in parts if len(parts) > 1 else ():
            probabilities = self._probabilities(vector, [vector])
            best = int(np.argmax(probabilities))
            if (
                self._asks[best]
                and probabilities[best] >= self._config["clause_from"]
                and self._name(best) not in (*found, "general")
            ):
                found.append(self._name(best))
        return found[:2] if first != "general" else found[:1]

    def _name(self, label: int) -> str:
        return self._whole.labels[label].removeprefix("ask_")

    def _probabilities(self, vector: Vector, parts: List[Vector]) -> np.ndarray:
        return self._calibration.probabilities(_views(self._whole, self._last, vector, parts))


def _views(whole: LinearModel, last: LinearModel, vector: Vector, parts: List[Vector]) -> np.ndarray:
    """Return margins of shape (labels, VIEWS): the whole message, its last clause, the best of its last clauses."""
    width = whole.weights.shape[0]
    clauses = [last.margins(*_within(part, width)) for part in parts]
    return np.stack([whole.margins(*_within(vector, width)), clauses[-1], np.max(clauses, axis=0)], axis=1)


def _within(vector: Vector, width: int) -> Vector:
    indices, values = vector
    keep = indices < width
    return indices[keep], values[keep]
