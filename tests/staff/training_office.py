"""The trainers' pages over copies of knowledge/ and data/, with a model that answers by the nearest phrasing."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz, process
from sanic import Sanic
from sqlalchemy import insert

from bot.knowledge.current import CurrentKnowledge
from bot.settings import ROOT, Settings
from bot.staff import site
from bot.storage.database import migrate, open_engine
from bot.storage.tables import correction, feedback, handoff, turn
from bot.storage.worker import DatabaseWorker
from bot.training.phrasings import read_phrasings

from .conftest import Office, running

_numbers = itertools.count()
SOME_SERVICES = ("card_replace", "card_loss", "card_apply", "retirement", "resident_medical_enrol", "disability_subsidies")


class NearestAgent:
    """Stands for the model: the services of the nearest phrasings."""

    def __init__(self, nlu: Path):
        self._phrasings = [p for p in read_phrasings(nlu) if p.service and p.service != "context"]
        self._texts = [p.text for p in self._phrasings]

    async def parse_message(self, text: str) -> dict[str, Any]:
        best = process.extract(text, self._texts, scorer=fuzz.ratio, limit=12)
        services: dict[str, float] = {}
        for _, score, index in best:
            services.setdefault(str(self._phrasings[index].service), score / 100)
        return {"services": services, "aspects": (self._phrasings[best[0][2]].intent[4:],)}


class TrainingOffice(Office):
    """Office with `folder`, which holds the copies."""

    folder: Path

    @property
    def nlu(self) -> Path:
        return self.folder / "data" / "nlu"

    def ask(self, question: str, kind: str = "answer", *, days: float = 0.1, times: int = 1, **more: Any) -> None:
        at = datetime.now(timezone.utc).replace(tzinfo=None) - timedelta(days=days)
        sure = {"confidence": 0.95, "margin": 0.9, "service": "card_replace", "item": "dagang-2.2", "aspect": "materials"}
        if kind == "fallback":
            sure = dict.fromkeys(sure)
        names = ("jurisdiction", "slot", "milliseconds")
        row = {"conversation_id": "web:a", "channel": "web", "question": question, "kind": kind, "model": "m1"}
        rows = [{**dict.fromkeys(names), **row, **sure, **more, "at": at - timedelta(minutes=n)} for n in range(times)]
        with self.engine.begin() as connection:
            connection.execute(insert(turn), rows)

    def vote(self, question: str, vote: str = "down", *, reason: str = "", item: str | None = None, days: float = 0.1) -> None:
        at = datetime.now(timezone.utc).replace(tzinfo=None) - timedelta(days=days)
        row = {"at": at, "conversation_id": "a", "vote": vote, "question": question, "reason": reason, "item": item}
        with self.engine.begin() as connection:
            connection.execute(insert(feedback).values(**row))

    def correct(self, question: str, service: str | None, note: str = "") -> None:
        at = datetime.now(timezone.utc).replace(tzinfo=None)
        with self.engine.begin() as connection:
            row = {"at": at, "account": "热线小王", "question": question, "service": service, "note": note}
            connection.execute(insert(correction).values(**row))

    def hand_over(self, question: str, days: float) -> None:
        at = datetime.now(timezone.utc).replace(tzinfo=None) - timedelta(days=days)
        row = {"at": at, "conversation_id": "web:a", "channel": "web", "reason": "asked", "question": question}
        with self.engine.begin() as connection:
            connection.execute(insert(handoff).values(**row))


@contextmanager
def training_office(folder: Path) -> Iterator[TrainingOffice]:
    """Serve the pages over copies made in `folder`."""
    shutil.copytree(ROOT / "knowledge", folder / "knowledge")
    (folder / "data" / "nlu" / "services").mkdir(parents=True)
    for path in (ROOT / "data" / "nlu").glob("*.yml"):
        shutil.copy(path, folder / "data" / "nlu" / path.name)
    for name in SOME_SERVICES:
        shutil.copy(ROOT / "data" / "nlu" / "services" / f"{name}.yml", folder / "data" / "nlu" / "services" / f"{name}.yml")
    url = f"sqlite:///{folder / 'bot.sqlite'}"
    engine = open_engine(url)
    migrate(engine)
    app = Sanic(f"training_{next(_numbers)}", configure_logging=False)
    app.config.update(REQUEST_MAX_SIZE=65536)
    app.ctx.settings = Settings(database_url=url, knowledge=folder / "knowledge", data=folder / "data")
    app.ctx.worker = DatabaseWorker(engine)
    app.ctx.knowledge = CurrentKnowledge(engine, folder / "knowledge")
    app.ctx.agent = NearestAgent(folder / "data" / "nlu")
    site.install(app)
    try:
        with running(app) as address:
            made = TrainingOffice(app, address, engine)
            made.folder = folder
            yield made
    finally:
        app.ctx.worker.close()
        engine.dispose()
