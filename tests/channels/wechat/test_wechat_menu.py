from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.channels.wechat.menu import read_menu
from bot.channels.wechat.texts import read_texts
from bot.errors import SettingsError
from bot.settings import ROOT


def test_every_button_asks_for_a_service_and_aspect_that_exist() -> None:
    services = {service["id"] for service in yaml.safe_load((ROOT / "knowledge" / "services.yml").read_text(encoding="utf-8"))}
    intents = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))["intents"]
    aspects = {next(iter(intent)).removeprefix("ask_") for intent in intents if next(iter(intent)).startswith("ask_")}
    items = [item for _, items in read_menu().buttons for item in items]
    assert {item.service for item in items if item.service} <= services
    assert {item.aspect for item in items if item.aspect} <= aspects
    assert sum(bool(item.service) for item in items) >= 10


def test_a_key_gives_its_question() -> None:
    menu = read_menu()
    assert menu.question("card_replace.materials") == "社保卡丢了补办要带什么材料"
    assert menu.question("gone") is None
    assert menu.question("card_replace.materials") in menu.examples


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("buttons: []", "0 buttons"),
        ("buttons: [{name: 五个字太长, items: [{name: a, key: k, question: q}]}]", "五个字太长"),
        ("buttons: [{name: a, items: []}]", "items"),
        ("buttons: [{name: a, items: [{name: b, question: q}]}]", "key"),
        ("buttons: [{name: a, items: [{name: b, key: k}]}]", "question"),
        ("buttons: [{name: a, items: [{name: b, key: k, question: q}, {name: c, key: k, question: q}]}]", "same key"),
        ("buttons: [{name: a, items: [{name: b, key: k, question: q}]}]\nexamples: [x]", "x"),
        ("[]", "buttons"),
    ],
)
def test_a_wrong_menu_is_refused_by_name(tmp_path: Path, content: str, named: str) -> None:
    file = tmp_path / "menu.yml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=named):
        read_menu(file)


def test_the_texts_are_complete_and_a_missing_one_is_named(tmp_path: Path) -> None:
    assert "{place}" in read_texts().greeting_place and "{place}" in read_texts().scanned and "继续" in read_texts().more
    file = tmp_path / "texts.yml"
    file.write_text("greeting: 你好", encoding="utf-8")
    with pytest.raises(SettingsError, match="no_more"):
        read_texts(file)
