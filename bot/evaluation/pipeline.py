"""The NLU pipeline of config.yml trained and run in this process, component by component, without Rasa's training machinery.

Evaluations train it without a part, tests on a handful of phrasings. What it gives is what the trained model gives.
"""

from __future__ import annotations

import importlib
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Iterable, Optional

import yaml
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.constants import ENTITIES, INTENT, METADATA, METADATA_INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.settings import ROOT

Entry = dict[str, Any]  # a component's `name` and settings, as in config.yml


def read_configuration(path: Path = ROOT / "config.yml") -> list[Entry]:
    """Return the pipeline of a Rasa configuration."""
    return list(yaml.safe_load(path.read_text(encoding="utf-8"))["pipeline"])


def training_message(text: str, intent: str, service: Optional[str]) -> Message:
    """Return a training example the way Rasa's reader builds it."""
    message = Message({TEXT: text, INTENT: intent})
    if service:
        message.set(METADATA, {METADATA_INTENT: {"service": service}})
    return message


@dataclass(frozen=True)
class Pipeline:
    """Trained components by class name, in order; `data`: the examples as the featurizers left them; `seconds`: of training."""

    components: dict[str, Any]
    data: TrainingData
    seconds: dict[str, float] = field(default_factory=dict)

    @classmethod
    def fit(cls, configuration: list[Entry], examples: Iterable[tuple[str, str, Optional[str]]]) -> Pipeline:
        """Train on (text, intent, service) examples; service as in the phrasings' metadata."""
        data = TrainingData([training_message(*example) for example in examples])
        components, seconds = {}, {}
        for entry in configuration:
            begun = time.perf_counter()
            component = train_component(entry, data)
            data = component.process_training_data(data)
            components[class_name(entry)] = component
            seconds[class_name(entry)] = time.perf_counter() - begun
        return cls(components, data, seconds)

    def retrained(self, entry: Entry, data: Optional[TrainingData] = None) -> Pipeline:
        """Return this pipeline with one component trained anew; the others stay, so it must be one that adds no features."""
        return replace(self, components={**self.components, class_name(entry): train_component(entry, data or self.data)})

    def without(self, name: str) -> Pipeline:
        """Return this pipeline without a component that no other one needs."""
        return replace(self, components={key: component for key, component in self.components.items() if key != name})

    def parse(self, text: str) -> dict[str, Any]:
        """Return what Rasa would hand to the dialogue for this text: text, intent, entities, services, aspects …"""
        message = Message({TEXT: text, INTENT: {"name": None, "confidence": 0.0}, ENTITIES: []})
        message.output_properties |= {TEXT, INTENT, ENTITIES}
        for component in self.components.values():
            component.process([message])
        return dict(message.as_dict(only_output_properties=True))


def class_name(entry: Entry) -> str:
    return str(entry["name"]).rpartition(".")[2]


def train_component(entry: Entry, data: TrainingData, folder: Optional[Path] = None) -> Any:
    """Return the component ready for use; what it learned stays in `folder` if one is given."""
    component_class = getattr(importlib.import_module(entry["name"].rpartition(".")[0]), class_name(entry))
    settings = {**component_class.get_default_config(), **{key: value for key, value in entry.items() if key != "name"}}
    resource, context = Resource(class_name(entry)), ExecutionContext(GraphSchema({}))
    with tempfile.TemporaryDirectory() as own:
        storage = LocalModelStorage(folder or Path(own))
        component = component_class.create(settings, storage, resource, context)
        if hasattr(component, "train"):
            component.train(data)
            component = component_class.load(settings, storage, resource, context)
    return component
