from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.cli import main
from bot.errors import SourceError
from bot.ingest import run

FORM = (
    "\t{name}信息表\n\n\t序号\n\t{number}\n\n\t名称\n\t{name}\n\n\t法定依据\n\t《动物条例》\n\n\t实施机构\n\t中心\n\n"
    "\t运行流程\n\t申请—审核\n\n\t运行要件\n\t1.身份证；2.户口本\n\n\t责任事项\n\t{name}\n\n\t监督方式\n\t12345\n\n\n"
)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "form.txt"
    path.write_text(FORM.format(name="养猫登记", number="1.1") + FORM.format(name="养狗登记", number="1.1"), encoding="utf-8")
    return path


def test_writes_one_draft_per_item_and_a_report(document: Path, tmp_path: Path) -> None:
    report = run.ingest(document, "test", tmp_path / "out")
    assert report.reader == "information_form"
    assert sorted(path.name for path in (tmp_path / "out" / "test").iterdir()) == ["1.1.yml", "1.1_2.yml", "report.txt"]
    assert yaml.safe_load(report.files[1].read_text(encoding="utf-8"))["name"] == "养狗登记"
    assert report.leftovers == {}
    assert any("1.1" in finding for finding in report.findings)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["test"]


def test_overwrites_nothing(document: Path, tmp_path: Path) -> None:
    run.ingest(document, "test", tmp_path / "out")
    with pytest.raises(SourceError, match="exists already"):
        run.ingest(document, "test", tmp_path / "out")
    for place in (run.KNOWLEDGE, run.KNOWLEDGE / "new"):
        with pytest.raises(SourceError, match="reviewed"):
            run.ingest(document, "test", place)


def test_writes_all_or_nothing(document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Path.write_text

    def full_disk(path: Path, *arguments: object, **options: object) -> int:
        if path.name == "1.1_2.yml":
            raise OSError(28, "No space left on device")
        return whole(path, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "write_text", full_disk)
    with pytest.raises(SourceError, match="No space"):
        run.ingest(document, "test", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_refuses_an_unknown_kind_and_a_bad_jurisdiction(document: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("今天天气很好", encoding="utf-8")
    with pytest.raises(SourceError, match="no known kind"):
        run.ingest(other, "test", tmp_path / "out")
    with pytest.raises(SourceError, match="jurisdiction"):
        run.ingest(document, "../test", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_command_line(document: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ingest", str(document), "--jurisdiction", "test", "--out", str(tmp_path / "out")]) == 0
    assert "2 drafts" in capsys.readouterr().out
    assert main(["ingest", str(document), "--jurisdiction", "test", "--out", str(tmp_path / "out")]) == 2
    assert "exists already" in capsys.readouterr().err
