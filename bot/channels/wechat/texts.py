"""What the WeChat channel itself says to residents, from data/wechat/texts.yml."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import yaml

from bot.errors import SettingsError
from bot.settings import ROOT

FILE = ROOT / "data" / "wechat" / "texts.yml"


@dataclass(frozen=True)
class Texts:
    """greeting_place and scanned hold {place}. more ends a cut reply; wait stands for an answer that takes too long."""

    greeting: str
    greeting_place: str
    scanned: str
    unreadable: str
    voice: str
    too_long: str
    too_often: str
    more: str
    wait: str
    no_more: str
    busy: str


def read_texts(file: Path = FILE) -> Texts:
    """Return the channel's texts. Raises SettingsError that names a missing, empty or unknown text."""
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    names = {field.name for field in fields(Texts)}
    if not isinstance(content, dict) or set(content) != names:
        raise SettingsError(f"{file.name} must hold exactly these texts: {', '.join(sorted(names))}")
    empty = [name for name, text in content.items() if not isinstance(text, str) or not text.strip()]
    if empty:
        raise SettingsError(f"{file.name}: {', '.join(empty)} must be a text")
    return Texts(**content)
