"""First component: fold width and case, make traditional characters simplified, drop spoken fillers."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Optional

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.fingerprint import fingerprint
from bot.text import MASK, neutralise, simplify

FILLERS = re.compile(
    r"(?:^|(?<=[,，。.\s]))(?:那个啥|那个|就是说|就是|嗯+|呃+|额+|哎+|诶+|喂+|我想问一?下子?|我问一?下|请问一?下?|麻烦问一?下|咨询一?下|同志|师傅|你好啊?|您好)[,，\s]*"
)


# What opens a message without being its matter; a denial among them is kept as the attribute `denies`.
DENIAL = re.compile(
    r"^(?:哎呀?|不不|哦)?(?:不是这个|不是那个|不是这意思|不对不?对?|不是|错了|弄错了|搞错了|我?说错了|你搞错了|我问的不是这个|我说的不是这个|不是这件事|不是问这个)(?:[,，。!！\s]+|(?=我(?:真正)?(?:想|要|问)))"
)
OPENING = re.compile(
    r"^(?:哎哟?|哦+|嗯+|啊|行吧|行|好吧|好的|好嘞|好|中|要得|懂了|知道了|对了|对|还有个?[事问题]+|还有|再问一?[嘴下句]|另外|顺便问一?下|那个|再就是)[,，。!！\s]+"
)
DENIES = "denies"
_REPEATED = re.compile(r"(.)\1{3,}")


def opening(text: str) -> tuple[bool, str]:
    """Return (whether the text opens with a denial, the text without its opening); a text that is all opening stays."""
    denies, rest = False, text
    for _ in range(3):
        denial = DENIAL.match(rest)
        found = denial or OPENING.match(rest)
        if found is None or len(rest) - found.end() < 4:
            break
        denies |= denial is not None
        rest = rest[found.end() :]
    return denies, rest


def normalise(text: str) -> str:
    """Return the text as every later component sees it; a text that holds nothing but fillers stays as it is.

    What stands for a hidden number says nothing of what is asked, so it goes.
    """
    plain = _REPEATED.sub(r"\1", simplify(text.replace(MASK, " ")))
    return FILLERS.sub("", plain).strip() or plain or "。"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class Normaliser(GraphComponent):
    """Sets the message's text to its normalised form."""

    @classmethod
    def create(
        cls, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> Normaliser:
        return cls()

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> Optional[str]:
        return fingerprint(__name__)

    def process(self, messages: List[Message]) -> List[Message]:
        for message in messages:
            text = message.get(TEXT)
            if text:
                denies, rest = opening(normalise(text))
                rest = neutralise(rest)  # a command that stood behind a filler (「请问/restart」) stands first only now
                message.set(TEXT, rest, add_to_output=True)
                message.set(DENIES, denies, add_to_output=True)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        self.process(training_data.training_examples)
        return training_data
