"""bot.training.train.data_version: what asks for a new training, and what does not."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bot.nlu import fingerprint
from bot.settings import ROOT, Settings
from bot.training.train import data_version

CARD = "knowledge/dagang/2.2.yml"
PHRASINGS = "data/nlu/services/card_replace.yml"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for name in ("knowledge", "data"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return replace(Settings(), knowledge=tmp_path / "knowledge", data=tmp_path / "data")


@pytest.mark.parametrize(
    ("file", "old", "new", "asks"),
    [
        (CARD, "63856609", "63850000", False),
        (CARD, "来源没有写明领卡的具体时间", "领卡时间没有写明", False),
        (CARD, "津人社局发〔2009〕41号", "津人社局发〔2010〕1号", False),
        (CARD, "党群服务中心", "政务服务大厅", False),
        (CARD, "换社保卡", "换新社保卡", True),
        (CARD, "办卡人身份证原件及复印件", "办卡人的照片", True),
        ("knowledge/jurisdictions.yml", "大岗街道", "大刚街道", True),
        (PHRASINGS, "补卡 户口本", "补卡 户口簿", True),
        ("data/lexicon/documents.txt", "身份证", "身份证件", True),
    ],
)
def test_only_what_the_pipeline_reads_asks_for_a_training(settings: Settings, file: str, old: str, new: str, asks: bool) -> None:
    before = data_version(settings)
    path = settings.data.parent / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert (data_version(settings) != before) is asks


@pytest.mark.parametrize(
    ("module", "asks"),
    [
        ("nlu/linear.py", True),
        ("text.py", True),
        ("training/phrasings.py", True),
        ("settings.py", False),
        ("replies.py", False),
        ("cli.py", False),
    ],
)
def test_only_code_that_trains_asks_for_a_training(monkeypatch: pytest.MonkeyPatch, module: str, asks: bool) -> None:
    before, read = data_version(Settings()), fingerprint.read
    monkeypatch.setattr(fingerprint, "read", lambda path: read(path) + (b"#" if path == ROOT / "bot" / module else b""))
    assert (data_version(Settings()) != before) is asks


def test_the_version_of_a_copy_is_that_of_the_original(settings: Settings) -> None:
    assert data_version(settings) == data_version(Settings())
