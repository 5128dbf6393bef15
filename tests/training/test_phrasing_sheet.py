"""bot.training.phrasing_sheet: out to a spreadsheet and back, without running anything on the way."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from bot.errors import RequestError
from bot.training.phrasing_editor import Add, Delete, Located, Replace, apply
from bot.training.phrasing_file import Label
from bot.training.phrasing_sheet import HEAD, as_sheet, read_sheet
from bot.training.phrasings import Phrasing, read_phrasings

SERVICES = {"card_replace": "社保卡补换", "card_loss": "社保卡挂失"}
MATERIALS = Label("ask_materials", "card_replace")
OLD = "补卡 户口本"


def changed(content: bytes, change: Any) -> bytes:
    book = load_workbook(io.BytesIO(content))
    change(book.active)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def sheet_of(*rows: tuple) -> bytes:
    book = Workbook()
    for row in (HEAD, *rows):
        book.active.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def rewritten(content: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Return the sheet with the XML of its cells changed."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name.endswith("sheet1.xml") else old.read(name))
    return file.getvalue()


def test_an_untouched_sheet_asks_for_nothing(nlu: Path) -> None:
    assert read_sheet(as_sheet(read_phrasings(nlu), SERVICES), SERVICES) == []


def test_a_row_can_change_move_delete_and_add(nlu: Path) -> None:
    content = as_sheet([p for p in read_phrasings(nlu) if p.service == "card_replace"], SERVICES)

    def change(sheet: Any) -> None:
        rows = {row[2].value: row for row in sheet.iter_rows(min_row=2)}
        rows[OLD][2].value = "补卡要不要户口本"
        rows["换卡要不要把坏的旧卡交回去"][0].value = "社保卡挂失"
        rows["补卡 户口本"][1].value = "办理流程"
        rows["社保咖磁条消磁刷不了，换一张要拿啥子"][2].value = None
        sheet.append(["社保卡挂失", "电话", "挂失打哪个电话呀"])
        sheet.append(["", "范围外", "天上的星星几颗"])

    edits = read_sheet(changed(content, change), SERVICES)
    assert edits == [
        Replace(Located(MATERIALS, OLD), Located(Label("ask_process", "card_replace"), "补卡要不要户口本")),
        Replace(
            Located(MATERIALS, "换卡要不要把坏的旧卡交回去"),
            Located(Label("ask_materials", "card_loss"), "换卡要不要把坏的旧卡交回去"),
        ),
        Delete(Located(MATERIALS, "社保咖磁条消磁刷不了，换一张要拿啥子")),
        Add(Label("ask_phone", "card_loss"), "挂失打哪个电话呀"),
        Add(Label("out_of_scope"), "天上的星星几颗"),
    ]
    assert len(apply(nlu, edits, set(SERVICES))) == 5


@pytest.mark.parametrize("text", ["=1+1", "+86", "-1", "@SUM(A1)", '=HYPERLINK("http://x","y")'])
def test_words_that_look_like_a_formula_stay_words(text: str) -> None:
    content = as_sheet([Phrasing(text, "ask_materials", "card_replace", Path("x"))], SERVICES)
    cell = load_workbook(io.BytesIO(content)).active["C2"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == (text, "s", True)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (("没这个服务", "材料", "带啥"), "第 2 行：没有服务"),
        (("社保卡补换", "月亮", "带啥"), "没有类别"),
        (("", "办理材料", "带啥"), "要有服务"),
        (("社保卡补换", "闲聊", "带啥"), "不属于任何服务"),
        (("=A1", "办理材料", "带啥"), "有公式"),
        (("社保卡补换", "办理材料", "=1+1"), "有公式"),
    ],
)
def test_a_row_that_cannot_be_meant_is_named(row: tuple, why: str) -> None:
    with pytest.raises(RequestError, match=why):
        read_sheet(sheet_of(row), SERVICES)


def test_what_is_no_sheet_is_refused() -> None:
    with pytest.raises(RequestError, match="第一行"):
        read_sheet(changed(sheet_of(), lambda sheet: sheet.delete_rows(1)), SERVICES)
    for content in (b"", b"hello", b"PK\x03\x04broken"):
        with pytest.raises(RequestError, match="xlsx"):
            read_sheet(content, SERVICES)
    with pytest.raises(RequestError, match="xlsx"):
        read_sheet(rewritten(sheet_of(), lambda xml: xml.replace(b"</sheetData>", b"</sheet>")), SERVICES)


def test_a_small_file_that_unpacks_to_much_is_refused() -> None:
    with pytest.raises(RequestError, match="太大"):
        read_sheet(rewritten(sheet_of(), lambda xml: xml.replace(b"</sheetData>", b" " * 20_000_000 + b"</sheetData>")), SERVICES)
