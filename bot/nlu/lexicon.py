"""Read data/lexicon: everyday phrase -> official word."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import yaml

from bot.text import squash


@lru_cache(maxsize=4)
def read_lexicon(path: Path) -> dict[str, str]:
    """Return everyday phrase -> official word, both squashed. An official word stands for itself too."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    pairs = {squash(phrase): official for official, phrases in content.items() for phrase in map(str, phrases)}
    return {**pairs, **{squash(official): official for official in content}}
