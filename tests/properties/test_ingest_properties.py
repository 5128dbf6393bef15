"""Whatever file is given to the importer, it makes drafts or says why not; it never breaks and never half writes."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import SourceError
from bot.ingest.document import load
from bot.ingest.draft import branches
from bot.ingest.run import ingest

pytestmark = pytest.mark.property
LABELS = ["运行要件", "办理材料", "办理流程", "受理条件", "设定依据", "法律依据", "责任事项", "职权名称", "职权编号", "实施主体", "承办机构",
          "公共服务事项信息表", "事项名称", "办理深度", "咨询电话", "监督电话", "收费标准", "备注", "序号", "服务事项", "服务内容", "流程图"]  # fmt: skip
CELLS = st.one_of(
    st.sampled_from(LABELS),
    st.sampled_from(
        [
            "1",
            "2.1",
            "一、",
            "（一）",
            "1.本人身份证原件",
            "2.代办人身份证；委托书",
            "单位：介绍信。",
            "咨询电话：022-63856609",
            "无",
            "",
        ]
    ),
    st.text(alphabet="社保卡办理材料流程本人代办单位，。；：、（）()0123456789.\n\t ", max_size=40),
)
DOCUMENTS = st.lists(
    st.lists(CELLS, min_size=1, max_size=6).map(lambda cells: "\t" + "\n\t".join(cells) + "\n\n"), min_size=1, max_size=20
).map("".join)


def is_handled(name: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / name, Path(folder) / "drafts"
        path.write_bytes(content)
        try:
            report = ingest(path, "somewhere", out)
        except SourceError as error:
            assert str(error) and not list(out.rglob("*.yml"))
            return
        assert report.text() and report.files
        for file in report.files:
            assert yaml.safe_load(file.read_text(encoding="utf-8"))["id"].startswith("somewhere-")


@given(DOCUMENTS)
def test_any_table_is_read_or_refused(text: str) -> None:
    is_handled("source.txt", text.encode())


@given(st.sampled_from([".txt", ".docx", ".pdf", ""]), st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(suffix: str, content: bytes) -> None:
    is_handled(f"source{suffix}", content)


@given(st.dictionaries(st.sampled_from(["word/document.xml", "[Content_Types].xml", "_rels/.rels", "x"]), st.binary(max_size=200)))
def test_any_packed_file_is_read_or_refused(parts: dict[str, bytes]) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    is_handled("source.docx", packed.getvalue())


@given(DOCUMENTS, st.data())
def test_a_published_source_with_a_line_changed_is_read_or_refused(text: str, data: st.DataObject) -> None:
    words = data.draw(st.permutations(text.split("\n\n")))
    is_handled("source.txt", "\n\n".join(words).encode("gb18030"))


@given(st.text(alphabet="材料本人代办单位；。，、1234.（一）\n ", max_size=300))  # a heading (：) with nothing below may go
def test_branches_lose_no_chinese_character(text: str) -> None:
    told = str(branches(text, "materials"))
    assert {char for char in text if "\u4e00" <= char <= "\u9fff"} <= set(told) | set("一本人代办单位")  # 「一、」 numbers


@given(st.binary(max_size=300))
def test_text_that_can_be_loaded_is_text(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.txt"
        path.write_bytes(content)
        try:
            text = load(path)
        except SourceError:
            return
        assert "\0" not in text and "\r" not in text
