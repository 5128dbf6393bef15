"""spaCy phrase matcher: places, who applies, in what words of the catalog; no model, only the project's own lists."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

import spacy
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from spacy.matcher import PhraseMatcher
from spacy.util import filter_spans

from bot.nlu.applicant import read_applicant
from bot.nlu.catalog_words import catalog_phrases
from bot.nlu.fingerprint import fingerprint
from bot.settings import ROOT


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class CatalogMatcher(GraphComponent):
    """Adds the entities `jurisdiction`, `jurisdiction_hint`, `document` and `applicant` (self, agent, unit).

    Config: `knowledge`, `lexicon`: paths from the project's root.
    """

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        return {"knowledge": "knowledge", "lexicon": "data/lexicon"}

    def __init__(self, config: Dict[str, Any]) -> None:
        # Blank Chinese segments by character, so a name is found inside any sentence with the right offsets.
        self._language = spacy.blank("zh")
        self._matcher = PhraseMatcher(self._language.vocab)
        self._values: Dict[str, tuple[str, str]] = {}
        for label, value, phrase in catalog_phrases(ROOT / config["knowledge"], ROOT / config["lexicon"]):
            key = f"{label}:{value}"
            self._values[key] = (label, value)
            self._matcher.add(key, [self._language.make_doc(phrase)])

    @classmethod
    def create(
        cls, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> CatalogMatcher:
        return cls(config)

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> Optional[str]:
        phrases = catalog_phrases(ROOT / config.get("knowledge", "knowledge"), ROOT / config.get("lexicon", "data/lexicon"))
        return fingerprint(__name__, map(repr, phrases))

    def process(self, messages: List[Message]) -> List[Message]:
        for message in messages:
            if message.get(TEXT):
                message.set(ENTITIES, [*message.get(ENTITIES, []), *self._entities(message.get(TEXT))], add_to_output=True)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        return training_data

    def _entities(self, text: str) -> List[Dict[str, Any]]:
        found = []
        document = self._language.make_doc(text)
        matches = self._matcher(document)
        keys = {(start, end): self._values[self._language.vocab.strings[key]] for key, start, end in matches}
        hints: Dict[tuple[int, int], list[str]] = {}
        for key, start, end in matches:
            label, value = self._values[self._language.vocab.strings[key]]
            if label == "jurisdiction_hint":
                hints.setdefault((start, end), []).append(value)
        for span in filter_spans([document[start:end] for _, start, end in matches]):
            label, value = keys[span.start, span.end]
            for one in hints.get((span.start, span.end), [value]) if label == "jurisdiction_hint" else [value]:
                found.append(_entity(label, one, span.start_char, span.end_char))
        applicant = read_applicant(text)
        if applicant:
            found.append(_entity("applicant", applicant, 0, len(text)))
        return found


def _entity(label: str, value: str, start: int, end: int) -> Dict[str, Any]:
    return {"entity": label, "value": value, "start": start, "end": end, "extractor": "CatalogMatcher"}
