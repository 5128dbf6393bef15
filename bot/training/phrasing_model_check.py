"""The slow part of the linter: phrasings that a model which has not seen them puts under another label."""

from __future__ import annotations

from typing import Callable

import numpy as np
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.evaluation.pipeline import Pipeline, class_name, read_configuration, train_component
from bot.nlu.ngram_featurizer import VECTOR
from bot.training.phrasing_check import Finding, is_matter, put_elsewhere
from bot.training.phrasings import Phrasing

_SERVICES, _ASPECTS = "ServiceClassifier", "AspectClassifier"


def check_with_model(
    phrasings: list[Phrasing], *, folds: int = 3, progress: Callable[[str], None] = lambda text: None
) -> list[Finding]:
    """Return what cross-validation finds under another label than its own; it takes a minute or two.

    Each fold's service classifier is trained on the other folds; the n-grams' vocabulary is that of all.
    """
    configuration = [entry for entry in read_configuration() if class_name(entry) != _ASPECTS]
    services = next(entry for entry in configuration if class_name(entry) == _SERVICES)
    kept = list({(p.text, p.intent, p.service): p for p in phrasings}.values())  # as Rasa does: the same example once
    progress("the phrasings' n-grams")
    features = Pipeline.fit([e for e in configuration if e is not services], [(p.text, p.intent, p.service) for p in kept])
    messages = list(features.data.training_examples)
    assert len(messages) == len(kept)
    fold_of = np.random.default_rng(0).permutation(len(messages)) % folds
    found = []
    for fold in range(folds):
        progress(f"fold {fold + 1} of {folds}")
        data = TrainingData([message for message, number in zip(messages, fold_of) if number != fold])
        data.item_vectors = features.data.item_vectors  # type: ignore[attr-defined]
        classifier = train_component({**services, "exact": False}, data)
        for number in np.flatnonzero(fold_of == fold):
            if is_matter(kept[number]):
                message = messages[number]
                finding = put_elsewhere(kept[number], classifier.rank(message.get(TEXT), *message.get(VECTOR)))
                found += [finding] if finding else []
    return sorted(found, key=lambda finding: (str(finding.file), finding.text))
