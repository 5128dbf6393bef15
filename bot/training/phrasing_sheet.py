"""Phrasings as a spreadsheet and back: what a row changes is told by its hidden copy of the words as they were."""

from __future__ import annotations

import io
import zipfile
from typing import Any, Iterable, Iterator, Mapping

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils.exceptions import InvalidFileException

from bot.errors import RequestError
from bot.training.labels import ASPECTS, FOLLOW_UPS, OTHERS, find_intent, find_service, service_name
from bot.training.phrasing_editor import Add, Delete, Edit, Located, Replace
from bot.training.phrasing_file import Label
from bot.training.phrasings import Phrasing

HEAD = ("服务", "类别", "问法", "原来的问法", "原来的位置")
MOST_ROWS = 50_000
MOST_BYTES = 5_000_000
_UNPACKED = 20_000_000  # bytes; a small file that unpacks to more is refused. 18,000 phrasings take 11 MB


def as_sheet(phrasings: Iterable[Phrasing], services: Mapping[str, str]) -> bytes:
    """Return an .xlsx with one row a phrasing. Words that look like a formula are kept as words."""
    book = Workbook()
    sheet = book.active
    sheet.title = "问法"
    sheet.append(list(HEAD))
    for cell, width in zip(sheet[1], (28, 14, 70, 40, 28)):
        cell.font = Font(bold=True)
        sheet.column_dimensions[cell.column_letter].width = width
    sheet.freeze_panes = "A2"
    for letter in "DE":
        sheet.column_dimensions[letter].hidden = True
    for number, phrasing in enumerate(phrasings, 2):
        label = Label(phrasing.intent, phrasing.service)
        service = service_name(phrasing.service, services) if phrasing.service else ""
        names = {**ASPECTS, **OTHERS}
        values = (service, names.get(phrasing.intent, phrasing.intent), phrasing.text, phrasing.text, label.spelt)
        for column, value in enumerate(values, 1):
            cell = sheet.cell(number, column)
            cell.value = value
            cell.data_type = "s"  # a text, also where it begins with «=»
            cell.quotePrefix = True
            cell.alignment = Alignment(wrap_text=column == 3, vertical="top")
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def read_sheet(content: bytes, services: Mapping[str, str]) -> list[Edit]:
    """Return the edits that an .xlsx asks for.

    A row without its old words is an addition; one with empty words deletes; changed words, service or kind change the
    phrasing. Raises RequestError that names every row that cannot be meant.
    """
    rows = _rows(content)
    head = [_text(cell) for cell in next(rows, ())]
    columns = {name: head.index(name) for name in HEAD if name in head}
    missing = [name for name in HEAD[:3] if name not in columns]
    if missing:
        raise RequestError(f"第一行要有「{'」「'.join(HEAD[:3])}」，缺「{'」「'.join(missing)}」。可以先导出一份照着改。")
    edits: list[Edit] = []
    problems: list[str] = []
    for number, row in enumerate(rows, 2):
        if number > MOST_ROWS + 1:
            raise RequestError(f"最多 {MOST_ROWS} 行")
        cells = {name: _text(row[index]) if index < len(row) else "" for name, index in columns.items()}
        if any(row[index].data_type == "f" for index in columns.values() if index < len(row)):
            problems.append(f"第 {number} 行有公式")
        elif any(cells.values()):
            try:
                edit = _edit(cells, services)
            except RequestError as error:
                problems.append(f"第 {number} 行：{error}")
            else:
                edits += [edit] if edit is not None else []
    if problems:
        shown = "；".join(problems[:10])
        raise RequestError(f"没有导入。{shown}{f'；还有 {len(problems) - 10} 行有问题' if len(problems) > 10 else ''}")
    return edits


def _edit(cells: dict[str, str], services: Mapping[str, str]) -> Edit | None:
    text, old_text, old_place = cells["问法"], cells.get("原来的问法", ""), cells.get("原来的位置", "")
    old = Located(Label.read(old_place), old_text) if old_text and old_place else None
    if not text:
        return Delete(old) if old is not None else None
    service = find_service(cells["服务"], services) if cells["服务"] else None
    if cells["服务"] and service is None:
        raise RequestError(f"没有服务「{cells['服务'][:30]}」")
    intent = find_intent(cells["类别"])
    if intent is None:
        raise RequestError(f"没有类别「{cells['类别'][:30]}」；有的是 {'、'.join((*ASPECTS.values(), *OTHERS.values()))}")
    if (service is None) is (intent in ASPECTS):
        raise RequestError(
            f"类别「{cells['类别']}」{'要有服务，追问写「' + FOLLOW_UPS + '」' if service is None else '不属于任何服务，服务一栏要空着'}"
        )
    new = Located(Label(intent, service), text)
    if old is None:
        return Add(new.label, new.text)
    return Replace(old, new) if new != old else None


def _rows(content: bytes) -> Iterator[Any]:
    if len(content) > MOST_BYTES:
        raise RequestError(f"文件太大，最多 {MOST_BYTES // 1_000_000} MB")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _UNPACKED:
                raise RequestError("文件展开后太大")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        yield from book.worksheets[0].iter_rows()
    except RequestError:
        raise
    except (zipfile.BadZipFile, InvalidFileException, SyntaxError, KeyError, ValueError, IndexError, OSError, TypeError) as error:
        raise RequestError("这不是 .xlsx 表格，或者文件坏了") from error


def _text(cell: Any) -> str:
    return "" if cell.value is None else str(cell.value).strip()
