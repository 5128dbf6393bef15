"""bot.knowledge.database and queries: the database says what the YAML says, or stays as it was."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.errors import KnowledgeError, NotFoundError
from bot.knowledge import catalog, database
from bot.knowledge.queries import Knowledge
from bot.settings import ROOT
from bot.storage.database import open_engine


def test_every_text_of_the_yaml_comes_back(knowledge: Knowledge) -> None:
    for item in catalog.load(ROOT / "knowledge").items:
        view = knowledge.item(item.id)
        for section in ("materials", "steps", "duties", "eligibility", "remarks"):
            written = [(s.text, set(b.applicants), set(b.situations)) for b in getattr(item, section) for s in b.texts]
            read = [(r.text, set(r.applicants), set(r.situations)) for r in view.requirements if r.section == section]
            assert read == written
        assert [s.text for s in view.legal_basis] == [s.text for b in item.legal_basis for s in b.texts]
        assert [c.value for c in view.contacts] == [c.value for c in item.contacts]


def test_an_unknown_item_is_not_found(knowledge: Knowledge) -> None:
    with pytest.raises(NotFoundError, match="dagang-99"):
        knowledge.item("dagang-99")


def test_wrong_yaml_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "knowledge"
    shutil.copytree(ROOT / "knowledge", folder)
    engine = open_engine(f"sqlite:///{tmp_path / 'bot.sqlite'}")
    assert database.ensure(engine, folder) == 179
    (folder / "dagu" / "1.1.yml").write_text("id: dagu-1.1", encoding="utf-8")
    with pytest.raises(KnowledgeError):
        database.ensure(engine, folder)
    assert Knowledge(engine).item("dagu-1.1").name == "就失业登记"


def test_ensure_builds_again_only_when_the_files_changed(tmp_path: Path) -> None:
    folder = tmp_path / "knowledge"
    shutil.copytree(ROOT / "knowledge", folder)
    engine = open_engine(f"sqlite:///{tmp_path / 'bot.sqlite'}")
    database.ensure(engine, folder)
    path = folder / "dagu" / "1.1.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("name: 就失业登记", "name: 就业失业登记"), encoding="utf-8")
    database.ensure(engine, folder)
    assert Knowledge(engine).item("dagu-1.1").name == "就业失业登记"
