"""The account's menu: what a tapped button says to the bot, and the form in which Tencent takes the menu.

Source: developers.weixin.qq.com, page 「创建自定义菜单」(Creating_Custom-Defined_Menu): at most 3 buttons with at most 5
items each; names of at most 16 and 60 bytes, of which 4 and 8 characters are shown; keys of at most 128 bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import yaml

from bot.channels.wechat.lengths import size
from bot.errors import SettingsError
from bot.settings import ROOT

FILE = ROOT / "data" / "wechat" / "menu.yml"
MAX_BUTTONS, MAX_ITEMS, MAX_NAME, MAX_ITEM_NAME, MAX_KEY = 3, 5, 4, 8, 128


@dataclass(frozen=True)
class MenuItem:
    """key: what a tap pushes. question: the text that goes to the bot. service, aspect: what it asks for, if of the catalog."""

    name: str
    key: str
    question: str
    service: Optional[str] = None
    aspect: Optional[str] = None


@dataclass(frozen=True)
class Menu:
    """buttons: (name, items) as shown. examples: the questions that the greeting shows."""

    buttons: tuple[tuple[str, tuple[MenuItem, ...]], ...]
    examples: tuple[str, ...]

    def question(self, key: str) -> Optional[str]:
        """Return what a tap on the button with this key says; None for a key that the menu no longer has."""
        return next((item.question for _, items in self.buttons for item in items if item.key == key), None)

    def as_request(self) -> dict[str, Any]:
        """Return the body of POST /cgi-bin/menu/create."""
        return {
            "button": [
                {"name": name, "sub_button": [{"type": "click", "name": item.name, "key": item.key} for item in items]}
                for name, items in self.buttons
            ]
        }


def read_menu(file: Path = FILE) -> Menu:
    """Return the menu of a file. Raises SettingsError that names the button and the field."""
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or not isinstance(content.get("buttons"), list):
        raise SettingsError(f"{file.name}: `buttons`, a list, is needed")
    buttons = tuple((_name(block, MAX_NAME), _items(block)) for block in content["buttons"])
    if not 1 <= len(buttons) <= MAX_BUTTONS:
        raise SettingsError(f"{file.name}: {len(buttons)} buttons; Tencent takes 1 to {MAX_BUTTONS}")
    questions = {item.key: item.question for _, items in buttons for item in items}
    if len(questions) != sum(len(items) for _, items in buttons):
        raise SettingsError(f"{file.name}: two items have the same key")
    unknown = [key for key in content.get("examples", []) if key not in questions]
    if unknown:
        raise SettingsError(f"{file.name}: examples names {', '.join(map(str, unknown))}, which no item has as its key")
    return Menu(buttons, tuple(questions[key] for key in content.get("examples", [])))


def _items(block: dict[str, Any]) -> tuple[MenuItem, ...]:
    blocks = block.get("items")
    if not isinstance(blocks, list) or not 1 <= len(blocks) <= MAX_ITEMS:
        raise SettingsError(f"menu button «{block['name']}»: 1 to {MAX_ITEMS} items are needed")
    return tuple(_item(entry) for entry in blocks)


def _item(entry: Any) -> MenuItem:
    name = _name(entry, MAX_ITEM_NAME)
    service, aspect, question = entry.get("service"), entry.get("aspect"), entry.get("question")
    key = entry.get("key") or (f"{service}.{aspect}" if service and aspect else "")
    if not isinstance(key, str) or not key or size(key) > MAX_KEY:
        raise SettingsError(f"menu item «{name}»: service and aspect, or a key of at most {MAX_KEY} bytes, are needed")
    if not isinstance(question, str) or not question.strip():
        raise SettingsError(f"menu item «{name}», question: what the tap says to the bot is needed")
    return MenuItem(name, key, question, service, aspect)


def _name(entry: Any, most: int) -> str:
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(name, str) or not 1 <= len(name) <= most:
        raise SettingsError(f"menu: «{str(name)[:20]}» must be a name of 1 to {most} characters")
    return name
