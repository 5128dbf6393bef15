"""What each part of understanding is worth: the whole pipeline trained without it, asked the same held-out messages."""

from __future__ import annotations

from typing import Any, Callable, Iterable, List, Optional

from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.evaluation.pipeline import Entry, Pipeline, class_name, read_configuration
from bot.nlu.service_classifier import CONTEXT, OUT_OF_SCOPE, SERVICES, label_of

Examples = list[tuple[str, str, Optional[str]]]
Parses = dict[str, dict[str, Any]]
WHOLE = "whole"
_FEATURIZER, _SERVICES, _MATCHER = "NgramFeaturizer", "ServiceClassifier", "CatalogMatcher"

# What is left out -> the settings that leave it out.
WITHOUT_FEATURES: dict[str, dict[str, Any]] = {
    "word n-grams": {"words": 0.0},
    "character n-grams": {"characters": 0.0},
    "pinyin n-grams": {"sounds": 0.0},
    "lexicon": {"lexicon_words": 0.0},
    "clause weighting": {"clauses": False, "last_clause": 1.0},
}
WITHOUT_SCORERS: dict[str, dict[str, Any]] = {
    "item texts": {"item_texts": False},
    "linear ranker": {"linear": False},
    "nearest phrasing": {"nearest": False},
    "exact phrasing": {"exact": False},
    "calibration": {"calibrated": False},
}
PARTS = (
    WHOLE,
    "normaliser",
    "catalog dictionary",
    *WITHOUT_FEATURES,
    *WITHOUT_SCORERS,
    "out-of-scope class",
    "matcher",
)


class UnsureIsOutside:
    """Stands in for the out-of-scope class: how little the surest service is believed."""

    def process(self, messages: List[Message]) -> List[Message]:
        for message in messages:
            services = message.get(SERVICES)
            if services is not None:
                surest = max((p for label, p in services.items() if label != CONTEXT), default=0.0)
                left = max(0.0, 1.0 - surest - services.get(CONTEXT, 0.0))
                message.set(SERVICES, {**services, OUT_OF_SCOPE: left}, add_to_output=True)
        return messages


def ablate(
    examples: Examples,
    texts: list[str],
    parts: Iterable[str] = PARTS,
    *,
    configuration: Optional[list[Entry]] = None,
    progress: Callable[[str], None] = lambda text: None,
) -> Iterable[tuple[str, Parses]]:
    """Yield (part left out, its understanding of each text) for `parts`; for WHOLE nothing is left out."""
    configuration = configuration or read_configuration()
    whole = None
    for part in parts:
        progress(part)
        changed = _changed(configuration, part)
        if changed is not None and part != WHOLE:
            pipeline = Pipeline.fit(changed, examples)
        else:
            whole = whole or Pipeline.fit(configuration, examples)
            pipeline = _variant(whole, configuration, part)
        yield part, {text: pipeline.parse(text) for text in texts}


def _changed(configuration: list[Entry], part: str) -> Optional[list[Entry]]:
    """Return the configuration that computes other features, None where the features stay as they are."""
    if part in WITHOUT_FEATURES:
        return [{**e, **WITHOUT_FEATURES[part]} if class_name(e) == _FEATURIZER else e for e in configuration]
    if part == "normaliser":
        return [entry for entry in configuration if class_name(entry) != "Normaliser"]
    if part == "catalog dictionary":
        stock = {"name": "rasa.nlu.tokenizers.jieba_tokenizer.JiebaTokenizer"}
        return [stock if class_name(entry) == "CatalogTokenizer" else entry for entry in configuration]
    return None


def _variant(whole: Pipeline, configuration: list[Entry], part: str) -> Pipeline:
    entry = next(entry for entry in configuration if class_name(entry) == _SERVICES)
    if part in WITHOUT_SCORERS:
        return whole.retrained({**entry, **WITHOUT_SCORERS[part]})
    if part == "out-of-scope class":
        kept = TrainingData([m for m in whole.data.training_examples if label_of(m) != OUT_OF_SCOPE])
        kept.item_vectors = whole.data.item_vectors  # type: ignore[attr-defined]
        components: dict[str, Any] = {}
        for name, component in whole.retrained(entry, kept).components.items():
            components[name] = component
            if name == _SERVICES:
                components[UnsureIsOutside.__name__] = UnsureIsOutside()
        return Pipeline(components, whole.data)
    return whole.without(_MATCHER) if part == "matcher" else whole
