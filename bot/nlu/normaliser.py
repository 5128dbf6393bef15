"""First component: fold width and case, make traditional characters simplified, drop spoken fillers."""

from __future__ import annotations

import re
from typing import Any, Dict, List

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.text import simplify

FILLERS = re.compile(
    r"(?:^|(?<=[,，。.\s]))(?:那个啥|那个|就是说|就是|嗯+|呃+|额+|哎+|诶+|喂+|我想问一?下子?|我问一?下|请问一?下?|麻烦问一?下|咨询一?下|同志|师傅|你好啊?|您好)[,，\s]*"
)


def normalise(text: str) -> str:
    """Return the text as every later component sees it; a text that holds nothing but fillers stays as it is."""
    plain = simplify(text)
    return FILLERS.sub("", plain).strip() or plain


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class Normaliser(GraphComponent):
    """Sets the message's text to its normalised form."""

    @classmethod
    def create(
        cls, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> Normaliser:
        return cls()

    def process(self, messages: List[Message]) -> List[Message]:
        for message in messages:
            text = message.get(TEXT)
            if text:
                message.set(TEXT, normalise(text), add_to_output=True)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        self.process(training_data.training_examples)
        return training_data
