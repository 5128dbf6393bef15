"""The knowledge base in a real PostgreSQL: built, read back, built again."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.knowledge import database
from bot.knowledge.queries import Knowledge
from bot.settings import ROOT
from bot.storage.database import open_engine

pgserver = pytest.importorskip("pgserver")


def test_the_whole_catalog_lives_in_postgresql(tmp_path: Path) -> None:
    server = pgserver.get_server(tmp_path / "data")
    try:
        engine = open_engine(server.get_uri())
        assert database.ensure(engine, ROOT / "knowledge") == 179
        assert database.ensure(engine, ROOT / "knowledge") == 179
        item = Knowledge(engine).item("dagang-2.2")
        assert item.name == "社保卡补换卡" and len(item.requirements) > 3
        engine.dispose()
    finally:
        server.cleanup()
