"""The knowledge base in a real PostgreSQL: built, read back, built again."""

from __future__ import annotations

from bot.knowledge import database
from bot.knowledge.queries import Knowledge
from bot.settings import ROOT
from bot.storage.database import open_engine


def test_the_whole_catalog_lives_in_postgresql(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    assert database.ensure(engine, ROOT / "knowledge") == 179
    assert database.ensure(engine, ROOT / "knowledge") == 179
    item = Knowledge(engine).item("dagang-2.2")
    assert item.name == "社保卡补换卡" and len(item.requirements) > 3
    engine.dispose()
