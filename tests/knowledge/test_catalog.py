"""bot.knowledge.catalog: what does not fit is named by file, item and field."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.errors import KnowledgeError
from bot.knowledge import catalog
from bot.settings import ROOT


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "knowledge"
    shutil.copytree(ROOT / "knowledge", copy)
    return copy


def problem(folder: Path) -> str:
    with pytest.raises(KnowledgeError) as error:
        catalog.load(folder)
    return str(error.value)


def test_every_item_of_the_five_places_is_there() -> None:
    items = catalog.load(ROOT / "knowledge").items
    count = {place: sum(i.id.startswith(f"{place}-") for i in items) for place in ("dagang", "dagu", "yuzhong", "hebei", "gaoxin")}
    assert count == {"dagang": 69, "dagu": 5, "yuzhong": 53, "hebei": 24, "gaoxin": 28}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("name: 社保卡补换卡", "nam: 社保卡补换卡", ["item dagang-2.2", "field name", "field nam"]),
        ("services: [card_replace, card_loss]", "services: [card_swap]", ["field services", "card_swap"]),
        ("applicants: [agent]", "applicants: [friend]", ["applicants", "dagang-2.2"]),
        ("id: dagang-2.2", "id: dagang-2.3", ["field id", "dagang-2.2"]),
        ("document: dagang", "document: elsewhere", ["source.document", "elsewhere"]),
    ],
)
def test_a_wrong_field_is_named(folder: Path, old: str, new: str, expected: list[str]) -> None:
    path = folder / "dagang" / "2.2.yml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    message = problem(folder)
    assert "2.2.yml" in message
    for part in expected:
        assert part in message


@pytest.mark.parametrize("content", ["a: [", "", "- just\n- a list", "\xff".encode("latin-1").decode("latin-1") * 3 + ": :"])
def test_a_malformed_file_is_named(folder: Path, content: str) -> None:
    (folder / "dagu" / "1.1.yml").write_text(content, encoding="utf-8")
    assert "1.1.yml" in problem(folder)


def test_bytes_that_are_no_text_are_named(folder: Path) -> None:
    (folder / "dagu" / "1.1.yml").write_bytes(b"\xff\xfe\x00")
    assert "not UTF-8" in problem(folder)
