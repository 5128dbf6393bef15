"""The knowledge base that a process answers from, exchanged as a whole when the files or the database have changed."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Optional

from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from bot.knowledge import database
from bot.knowledge.queries import Knowledge

logger = logging.getLogger(__name__)
CHECK_SECONDS = 5.0  # how often a process asks the database whether another one has built it anew


class CurrentKnowledge:
    """`get` never waits for a change: the new knowledge base is read and warmed elsewhere and then takes the old one's place."""

    def __init__(self, engine: Engine, folder: Path):
        """Build the tables if the files are newer. Raises KnowledgeError for wrong YAML."""
        self._engine, self._folder = engine, folder
        self._changing = threading.Lock()
        self._stop = threading.Event()
        self._thread: Optional[threading.Thread] = None
        database.ensure(engine, folder)
        self._digest = database.built_digest(engine)
        self._knowledge = Knowledge(engine)

    def get(self) -> Knowledge:
        return self._knowledge

    def rebuild(self) -> None:
        """Take over what the files say now; returns when every later `get` has it. Raises KnowledgeError for wrong YAML."""
        with self._changing:
            database.ensure(self._engine, self._folder)
            self._take()

    def look(self) -> bool:
        """Take over what another process has built, if it has; tell whether."""
        if database.built_digest(self._engine) == self._digest:
            return False
        with self._changing:
            return self._take()

    def watch(self, seconds: float = CHECK_SECONDS) -> None:
        """Look every `seconds` from now on, in a thread of its own, until `close`."""
        self._thread = threading.Thread(target=self._watch, args=(seconds,), name="knowledge", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self, seconds: float) -> None:
        while not self._stop.wait(seconds):
            try:
                if self.look():
                    logger.warning("took over the knowledge base that another process has built")
            except SQLAlchemyError as error:
                logger.error("the knowledge base cannot be looked at: %s", error.__class__.__name__)

    def _take(self) -> bool:
        digest = database.built_digest(self._engine)
        if digest == self._digest:
            return False
        fresh = Knowledge(self._engine)
        fresh.warm()
        self._knowledge, self._digest = fresh, digest
        return True
