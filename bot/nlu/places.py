"""Place names in a text, from knowledge/jurisdictions.yml."""

from __future__ import annotations

import re
from functools import lru_cache

import yaml

from bot.settings import ROOT


@lru_cache(maxsize=1)
def place_pattern() -> re.Pattern[str]:
    """Return what matches any name or hint of a place, the longest first."""
    places = yaml.safe_load((ROOT / "knowledge" / "jurisdictions.yml").read_text(encoding="utf-8"))
    words = {word.lower() for place in places for word in (*place["names"], *place.get("hints", ()), place["name"])}
    return re.compile("|".join(sorted(map(re.escape, words), key=len, reverse=True)))


def without_places(text: str) -> str:
    """Return `text` without the names of places; a text that is nothing but a place stays."""
    return place_pattern().sub("", text) or text
