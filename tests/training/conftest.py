"""A database with turns, votes and corrections, in SQLite and in a real PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Optional

import pgserver
import pytest
from sqlalchemy import delete, insert
from sqlalchemy.engine import Engine

from bot.settings import ROOT
from bot.storage.database import migrate, open_engine
from bot.storage.tables import correction, feedback, metadata, turn

NOW = datetime(2026, 5, 20, 9, 30)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def any_engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("training")
    server = pgserver.get_server(folder / "postgres") if request.param == "postgresql" else None
    engine = open_engine(server.get_uri() if server else f"sqlite:///{folder / 'bot.sqlite'}")
    migrate(engine)
    yield engine
    engine.dispose()
    if server:
        server.cleanup()


@pytest.fixture
def engine(any_engine: Engine) -> Engine:
    with any_engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
    return any_engine


class Log:
    """Writes what residents did."""

    def __init__(self, engine: Engine):
        self._engine = engine

    def ask(self, question: str, kind: str = "answer", *, at: datetime = NOW, times: int = 1, **more: Any) -> None:
        sure = {"confidence": 0.95, "margin": 0.9, "service": "card_replace", "item": "dagang-2.2", "aspect": "materials"}
        if kind == "fallback":
            sure = dict.fromkeys(sure)
        row = {"at": at, "conversation_id": "web:a", "channel": "web", "question": question, "kind": kind, "model": "m1"}
        keys = ("jurisdiction", "slot", "milliseconds")
        self._add(turn, {**dict.fromkeys(keys), **row, **sure, **more}, times)

    def vote(
        self, question: str, vote: str = "down", *, at: datetime = NOW, reason: str = "", item: Optional[str] = None, who: str = "a"
    ) -> None:
        row = {"at": at, "conversation_id": who, "vote": vote, "question": question, "reason": reason, "item": item}
        self._add(feedback, row, 1)

    def correct(self, question: str, service: Optional[str], *, at: datetime = NOW, note: str = "") -> None:
        self._add(correction, {"at": at, "account": "热线小王", "question": question, "service": service, "note": note}, 1)

    def _add(self, table: Any, row: dict[str, Any], times: int) -> None:
        with self._engine.begin() as connection:
            connection.execute(insert(table), [{**row, "at": row["at"] + timedelta(seconds=n)} for n in range(times)])


@pytest.fixture
def log(engine: Engine) -> Log:
    return Log(engine)


@pytest.fixture
def nlu(tmp_path: Path) -> Path:
    """A small copy of data/nlu."""
    target = tmp_path / "nlu"
    (target / "services").mkdir(parents=True)
    for name in ("services/card_replace.yml", "services/card_loss.yml", "out_of_scope.yml", "followups.yml", "dialogue.yml"):
        shutil.copy(ROOT / "data" / "nlu" / name, target / name)
    return target
