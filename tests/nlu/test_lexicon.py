"""bot.nlu.lexicon: everyday words for official ones, kept as data."""

from __future__ import annotations

from pathlib import Path

from bot.nlu.lexicon import read_lexicon
from bot.settings import ROOT


def test_reads_phrases_and_the_official_words_themselves(tmp_path: Path) -> None:
    path = tmp_path / "everyday.yml"
    path.write_text("死亡: [走 了, 没了]\n失业: [4050, 下崗]\n", encoding="utf-8")
    assert read_lexicon(path) == {"走了": "死亡", "没了": "死亡", "4050": "失业", "下岗": "失业", "死亡": "死亡", "失业": "失业"}


def test_no_phrase_of_the_real_one_stands_for_two_official_words() -> None:
    from collections import Counter

    import yaml

    from bot.text import squash

    content = yaml.safe_load((ROOT / "data" / "lexicon" / "everyday.yml").read_text(encoding="utf-8"))
    times = Counter(squash(str(phrase)) for phrases in content.values() for phrase in phrases)
    assert [phrase for phrase, number in times.items() if number > 1] == []
