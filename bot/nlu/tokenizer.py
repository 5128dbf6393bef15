"""jieba with the catalog's own words: names and aliases of items and services, lexicon entries, places."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Dict, List, Optional

import jieba
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.catalog_words import catalog_words
from bot.nlu.fingerprint import fingerprint
from bot.settings import ROOT


class Word(Token):
    """A token whose fingerprint costs nothing: the training cache asks for it some 400,000 times."""

    def fingerprint(self) -> str:
        return f"{self.start}{self.text}"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class CatalogTokenizer(Tokenizer):
    """Config: `knowledge` and `lexicon`, paths from the project's root."""

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        return {
            "knowledge": "knowledge",
            "lexicon": "data/lexicon/everyday.yml",
            "intent_tokenization_flag": False,
            "intent_split_symbol": "_",
            "token_pattern": None,
            "prefix_separator_symbol": None,
        }

    @staticmethod
    def supported_languages() -> Optional[List[str]]:
        return ["zh"]

    def __init__(self, config: Dict[str, Any]) -> None:
        super().__init__(config)
        base = _dictionary()
        self._jieba = jieba.Tokenizer()
        self._jieba.FREQ, self._jieba.total, self._jieba.initialized = dict(base.FREQ), base.total, True
        for word in catalog_words(ROOT / config["knowledge"], ROOT / config["lexicon"]):
            self._jieba.add_word(word)

    @classmethod
    def create(
        cls, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> CatalogTokenizer:
        return cls(config)

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> Optional[str]:
        """Make the training cache see an edited catalog or lexicon."""
        words = catalog_words(
            ROOT / config.get("knowledge", "knowledge"), ROOT / config.get("lexicon", "data/lexicon/everyday.yml")
        )
        return fingerprint(__name__, words)

    def tokenize(self, message: Message, attribute: str) -> List[Token]:
        return [Word(word, start) for word, start, _ in self._jieba.tokenize(message.get(attribute))]


@lru_cache(maxsize=1)
def _dictionary() -> jieba.Tokenizer:
    """Return jieba's own dictionary, read once: no other thread runs while its half a million words are read, and a model
    is exchanged while people talk.

    jieba keeps a marshalled cache of it; in the system's temporary folder anyone could replace it.
    """
    folder = ROOT / ".cache" / "jieba"
    folder.mkdir(parents=True, exist_ok=True)
    base = jieba.Tokenizer()
    base.tmp_dir = str(folder)
    base.initialize()
    return base
