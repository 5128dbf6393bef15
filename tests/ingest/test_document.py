from __future__ import annotations

import zipfile
from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from bot.errors import SourceError
from bot.ingest import information_form
from bot.ingest.document import load

TEXT = "\t养猫登记信息表\r\n\r\n\t序号\r\n\t1.1\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_reads_text_in_the_usual_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "form.TXT"
    path.write_bytes(TEXT.encode(encoding))
    assert load(path) == TEXT.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.pdf", b"%PDF-1.7", "only .txt and .docx"),
        ("a.doc", b"\xd0\xcf\x11\xe0", "only .txt and .docx"),
        ("a.txt", b"%PDF-1.7", "is a PDF"),
        ("a.txt", b"PK\x03\x04abc", "packed"),
        ("a.txt", b"\x00\x01\x02\xff" * 50, "UTF-8 or GB 18030"),
        ("a.txt", "登记".encode() + b"\x00\x01", "UTF-8 or GB 18030"),
        ("a.txt", b"", "no Chinese"),
        ("a.txt", b"Bonjour tout le monde", "no Chinese"),
        ("a.docx", b"no archive", "no Word document"),
        ("a.docx", b"", "no Word document"),
    ],
)
def test_refuses_other_files_with_a_clear_word(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(SourceError, match=message):
        load(path)


def test_refuses_missing_files_directories_and_large_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        load(tmp_path / "none.txt")
    (tmp_path / "dir.txt").mkdir()
    with pytest.raises(SourceError, match="cannot be read"):
        load(tmp_path / "dir.txt")
    path = tmp_path / "a.txt"
    path.write_text("登记" * 10, encoding="utf-8")
    monkeypatch.setattr("bot.ingest.document.LARGEST", 10)
    with pytest.raises(SourceError, match="at most"):
        load(path)


def test_refuses_an_archive_that_is_no_word_file(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("x.txt", "登记")
    with pytest.raises(SourceError, match="no Word document"):
        load(path)


def test_reads_a_word_file_in_the_shape_of_the_text_files(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("养猫登记信息表")
    rows = [
        ("序号", "1.1"),
        ("名称", "养猫登记"),
        ("法定依据", "《动物条例》"),
        ("实施机构", "中心"),
        ("运行流程", "申请\n审核"),
        ("运行要件", "身份证\t户口本"),
    ]
    table = document.add_table(rows=0, cols=2)
    for label, value in rows:
        cells = table.add_row().cells
        cells[0].text, cells[1].text = label, value
    path = tmp_path / "form.docx"
    document.save(str(path))
    text = load(path)
    assert "\t序号\n\t1.1\n\n\t名称\n\t养猫登记\n\n" in text
    (entry,) = information_form.read(text)
    assert (entry.number, entry.name, entry.heading, entry.problems) == ("1.1", "养猫登记", "养猫登记信息表", ())
    assert entry.fields == {"法定依据": "《动物条例》", "实施机构": "中心", "运行流程": "申请\n审核", "运行要件": "身份证 户口本"}


def test_merged_cells_of_a_word_table(tmp_path: Path) -> None:
    document = docx.Document()
    table = document.add_table(rows=3, cols=3)
    for row in range(3):
        for column in range(3):
            table.cell(row, column).text = f"格{row}{column}"
    table.cell(0, 0).merge(table.cell(0, 1)).text = "横"
    table.cell(1, 2).merge(table.cell(2, 2)).text = "竖"
    path = tmp_path / "merged.docx"
    document.save(str(path))
    assert load(path).strip("\n") == "\t横\n\t格02\n\n\t格10\n\t格11\n\t竖\n\n\t格20\n\t格21\n\t"


def test_text_boxes_of_a_word_file(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("流程图")
    box = (
        f'<w:r {nsdecls("w")} xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:AlternateContent>'
        "<mc:Choice><w:txbxContent><w:p><w:r><w:t>申请</w:t></w:r></w:p><w:p><w:r><w:t>审核</w:t></w:r></w:p></w:txbxContent></mc:Choice>"
        "<mc:Fallback><w:txbxContent><w:p><w:r><w:t>申请</w:t></w:r></w:p></w:txbxContent></mc:Fallback></mc:AlternateContent></w:r>"
    )
    paragraph._p.append(parse_xml(box))
    path = tmp_path / "chart.docx"
    document.save(str(path))
    assert load(path).startswith("流程图 (\n申请\n审核\n)\n")
