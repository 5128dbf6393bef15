"""Load a source document as text: .txt as it is, .docx in the shape that the published .txt files have.

That shape: a table cell begins with a tab, its further lines have none, a row ends with a blank line; a cell merged
with the one above is empty, one merged with its neighbour is printed once; a text box (the boxes of a flow chart)
follows its paragraph as ` (`, its lines, `)`.
"""

from __future__ import annotations

import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
from docx.oxml.ns import qn

from bot.errors import SourceError

LARGEST = 20 * 1024 * 1024  # bytes of a file, and ten times that when unpacked
_SIGNATURES = ((b"%PDF", "a PDF"), (b"PK\x03\x04", "a packed file"), (b"\xd0\xcf\x11\xe0", "an old Word or Excel file"),
               (b"\x89PNG", "a picture"), (b"\xff\xd8\xff", "a picture"), (b"GIF8", "a picture"))  # fmt: skip


def load(path: Path | str) -> str:
    """Return the text of a .txt (UTF-8, GB 18030, UTF-16 with mark) or .docx file; raise SourceError otherwise."""
    path = Path(path)
    readers = {".txt": _load_txt, ".docx": _load_docx}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise SourceError(f"{path.name}: only .txt and .docx can be read; open it and save it as one of these")
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise SourceError(f"{path.name}: {size} bytes; a source document has at most {LARGEST}")
        text = reader(path)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror or error}") from error
    if not any("\u4e00" <= char <= "\u9fff" for char in text):
        raise SourceError(f"{path.name}: holds no Chinese text; expected a Chinese list of service items")
    return text


def _load_txt(path: Path) -> str:
    data = path.read_bytes()
    for signature, kind in _SIGNATURES:
        if data.startswith(signature):
            raise SourceError(f"{path.name}: is {kind} in spite of its name; save it as plain text or .docx")
    encodings = ("utf-16",) if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _is_readable(text):
            return text.replace("\r\n", "\n").replace("\r", "\n")
    raise SourceError(f"{path.name}: is no text in UTF-8 or GB 18030; save it anew as UTF-8")


def _is_readable(text: str) -> bool:
    """Tell whether `text` was decoded rightly: no control characters, hardly any unassigned or private ones."""
    kinds = [unicodedata.category(char) for char in text if char not in "\t\n\r\f\v"]
    return "Cc" not in kinds and sum(kind in ("Cn", "Co", "Cs") for kind in kinds) * 100 <= len(kinds)


def _load_docx(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as packed:
            if sum(part.file_size for part in packed.infolist()) > 10 * LARGEST:
                raise SourceError(f"{path.name}: unpacks to more than {10 * LARGEST} bytes")
        body = docx.Document(str(path)).element.body
    except SourceError:
        raise
    except OSError:
        raise
    except Exception as error:  # python-docx lets errors of zip, XML and packaging through as they are
        raise SourceError(f"{path.name}: is no Word document, or a damaged one; open it in Word and save it anew") from error
    return "\n".join(_blocks(body)) + "\n"


def _blocks(container: Any) -> Iterator[str]:
    """Yield the paragraphs and tables of a document body in order."""
    for element in container:
        if element.tag == qn("w:p"):
            yield _paragraph(element)
        elif element.tag == qn("w:tbl"):
            yield "\n" + "".join(_row(row) for row in _children(element, "w:tr"))
        elif element.tag in (qn("w:sdt"), qn("w:sdtContent"), qn("w:ins"), qn("w:customXml")):
            yield from _blocks(element)


def _row(row: Any) -> str:
    return "".join("\t" + _cell(cell) + "\n" for cell in _children(row, "w:tc")) + "\n"


def _cell(cell: Any) -> str:
    merged = cell.find(f"{qn('w:tcPr')}/{qn('w:vMerge')}")
    if merged is not None and merged.get(qn("w:val")) != "restart":
        return ""
    return "\n".join(line for block in _blocks(cell) for line in block.split("\n")).strip("\n")


def _children(element: Any, tag: str) -> Iterator[Any]:
    """Yield the children of that tag, also those inside content controls."""
    for child in element:
        if child.tag == qn(tag):
            yield child
        elif child.tag in (qn("w:sdt"), qn("w:sdtContent"), qn("w:ins"), qn("w:customXml")):
            yield from _children(child, tag)


def _paragraph(paragraph: Any) -> str:
    boxes: list[str] = []
    text = "".join(_runs(paragraph, boxes)).rstrip("\n")
    return text + "".join(f" (\n{box}\n)\n" for box in boxes)


def _runs(element: Any, boxes: list[str]) -> Iterator[str]:
    """Yield the text under `element`; put text boxes aside; leave out deleted text and the copy for old programs."""
    for child in element:
        if child.tag == qn("w:t"):
            yield child.text or ""
        elif child.tag in (qn("w:br"), qn("w:cr")):
            yield "\n"
        elif child.tag == qn("w:tab"):
            yield " "  # a tab would open a cell
        elif child.tag == qn("w:txbxContent"):
            boxes.append("\n".join(line for block in _blocks(child) for line in block.split("\n") if line.strip()))
        elif child.tag not in (
            qn("w:del"),
            qn("w:pPr"),
            qn("w:rPr"),
            "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
        ):
            yield from _runs(child, boxes)
