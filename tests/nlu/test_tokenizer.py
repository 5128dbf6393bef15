"""bot.nlu.tokenizer: the catalog's words stay whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.evaluation.pipeline import Pipeline


def _words(small: Pipeline, text: str) -> list[str]:
    from rasa.shared.nlu.training_data.message import Message

    return [token.text for token in small.components["CatalogTokenizer"].tokenize(Message({"text": text}), "text")]


def test_words_of_catalog_and_lexicon_stay_whole(small: Pipeline) -> None:
    assert "补社保卡" in _words(small, "我想补社保卡")
    assert "大岗街道" in _words(small, "大岗街道怎么走")
    assert "厂子黄了" in _words(small, "厂子黄了咋整")


def test_tokens_cover_the_text_with_right_offsets(small: Pipeline) -> None:
    from rasa.shared.nlu.training_data.message import Message

    text = "我妈的卡折了, 去哪补?"
    tokens = small.components["CatalogTokenizer"].tokenize(Message({"text": text}), "text")
    assert "".join(token.text for token in tokens) == text
    assert all(text[token.start : token.end] == token.text for token in tokens)


def test_only_short_words_of_chinese_characters_go_into_the_dictionary(few_items: Path, tmp_path: Path) -> None:
    from bot.nlu.tokenizer import catalog_words

    lexicon = tmp_path / "lexicon.yml"
    lexicon.write_text("死亡: [走了, 一个长得不像话的说法啊]\n", encoding="utf-8")
    words = catalog_words(few_items, lexicon)
    assert {"走了", "死亡", "社保卡补换卡"} <= set(words)
    assert "一个长得不像话的说法啊" not in words and all(2 <= len(word) <= 8 for word in words)


def test_a_tokenizer_has_its_own_words_on_top_of_a_dictionary_that_stays_as_it_is(tmp_path: Path) -> None:
    from bot.nlu.tokenizer import CatalogTokenizer, _dictionary

    lexicon = tmp_path / "lexicon.yml"
    lexicon.write_text("死亡: [呱叽啦里]\n", encoding="utf-8")
    config = CatalogTokenizer.get_default_config()
    one, other = CatalogTokenizer({**config, "lexicon": str(lexicon)}), CatalogTokenizer(config)
    assert list(one._jieba.cut("他呱叽啦里的")) == ["他", "呱叽啦里", "的"]
    assert "呱叽啦里" not in other._jieba.FREQ and "呱叽啦里" not in _dictionary().FREQ
    assert list(_dictionary().cut("他呱叽啦里的", HMM=False)) == list(other._jieba.cut("他呱叽啦里的", HMM=False))
