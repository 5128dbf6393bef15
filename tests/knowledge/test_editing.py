"""bot.knowledge.editing and current: an edit is checked, written with its history, and answered from at once."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Iterator

import pytest
from sqlalchemy.engine import Engine

from bot.errors import NotFoundError
from bot.knowledge import catalog
from bot.knowledge.current import CurrentKnowledge
from bot.knowledge.editing import Opened, RefusedError, StaleError, history, open_item, preview, save
from bot.replies import Known, answer
from bot.settings import ROOT
from bot.storage.database import migrate, open_engine

ITEM = "dagang-2.2"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "knowledge", tmp_path / "knowledge"))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_engine(f"sqlite:///{tmp_path / 'bot.sqlite'}")
    migrate(opened)
    yield opened
    opened.dispose()


def opened(folder: Path) -> Opened:
    return open_item(folder, ITEM, [ITEM])


def with_phone(start: Opened, value: str) -> dict:
    contact = {**start.content["contacts"][0], "value": value}
    return {**start.content, "contacts": [contact]}


def phone_of(current: CurrentKnowledge) -> str:
    base = current.get()
    return answer(base.item(ITEM), ("phone",), Known(), place="大港", contact="12345").text


def test_an_edit_is_written_remembered_and_answered_from_at_once(folder: Path, engine: Engine) -> None:
    current = CurrentKnowledge(engine, folder)
    assert "63856609" in phone_of(current)
    start = opened(folder)
    (change,) = save(engine, folder, start, with_phone(start, "63850000"), "小李")
    assert (change.before, change.after) == ("电话｜监督方式：63856609", "电话｜监督方式：63850000")
    current.rebuild()
    assert "63850000" in phone_of(current) and "63856609" not in phone_of(current)
    assert catalog.load(folder).items
    with engine.connect() as connection:
        (row,) = history(connection, ITEM)
    assert (row.account, row.item, row.field, row.after) == ("小李", ITEM, "联系方式", change.after)


def test_another_process_notices(folder: Path, engine: Engine) -> None:
    here, there = CurrentKnowledge(engine, folder), CurrentKnowledge(open_engine(str(engine.url)), folder)
    there.watch(seconds=0.05)
    try:
        start = opened(folder)
        save(engine, folder, start, with_phone(start, "63850000"), "小李")
        here.rebuild()
        deadline = time.monotonic() + 5
        while "63850000" not in phone_of(there):
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        there.close()


def test_the_second_editor_is_told_and_the_first_ones_words_stay(folder: Path, engine: Engine) -> None:
    first = second = opened(folder)
    save(engine, folder, first, with_phone(first, "63850001"), "甲")
    text = opened(folder).text
    with pytest.raises(StaleError):
        save(engine, folder, second, with_phone(second, "63850002"), "乙")
    assert opened(folder).text == text and "63850001" in text


def test_what_does_not_fit_is_refused_and_nothing_is_written(folder: Path, engine: Engine) -> None:
    start = opened(folder)
    wrong = {**start.content, "materials": [{"situations": ["no_such"], "texts": ["x"]}]}
    with pytest.raises(RefusedError, match="no_such"):
        save(engine, folder, start, wrong, "甲")
    with pytest.raises(RefusedError):
        preview(wrong, CurrentKnowledge(engine, folder).get())
    assert opened(folder).text == start.text
    with engine.connect() as connection:
        assert history(connection) == []


def test_saving_without_a_change_leaves_no_trace(folder: Path, engine: Engine) -> None:
    start = opened(folder)
    assert save(engine, folder, start, dict(start.content), "甲") == []
    with engine.connect() as connection:
        assert history(connection) == []


def test_only_items_of_the_catalog_are_opened(folder: Path) -> None:
    for name in ("../secret", "dagang-../../etc/passwd", "dagang-99.9", ""):
        with pytest.raises(NotFoundError):
            open_item(folder, name, [ITEM])


def test_the_preview_is_what_the_answer_will_be(folder: Path, engine: Engine) -> None:
    current = CurrentKnowledge(engine, folder)
    start = opened(folder)
    new = with_phone(start, "63850000")
    shown = preview(new, current.get())
    assert "63856609" in phone_of(current)
    save(engine, folder, start, new, "甲")
    current.rebuild()
    for aspect in ("phone", "materials", "process", "legal_basis", "general"):
        texts = [
            answer(base.item(ITEM), (aspect,), Known("agent"), place="大港", contact=base.contact(base.item(ITEM), None)).text
            for base in (shown, current.get())
        ]
        assert texts[0] == texts[1]
