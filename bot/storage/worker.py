"""One thread that talks to the database, so that the event loop never waits for a disk or a lock."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from concurrent.futures import Future
from typing import Any, Callable, Optional

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

logger = logging.getLogger(__name__)
Job = Callable[[Connection], Any]
MAX_BATCH = 64
MAX_WAITING = 20_000  # jobs; beyond that the database has been gone for long and new ones fail at once


class DatabaseWorker:
    """Runs jobs one after the other in a thread of its own; jobs that wait together share one transaction.

    A job is a function of an open connection. What it returns is the answer, what it raises comes back to the caller.
    If a shared transaction fails, each of its jobs is tried once more by itself, so that one bad job harms no other.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._jobs: queue.Queue[Optional[tuple[Job, Future[Any]]]] = queue.Queue(MAX_WAITING)
        self._thread = threading.Thread(target=self._work, name="database", daemon=True)
        self._thread.start()

    async def run(self, job: Job) -> Any:
        """Return what `job` returns, its transaction being committed. Raises what the database raises; queue.Full."""
        return await asyncio.wrap_future(self.submit(job))

    def submit(self, job: Job) -> Future[Any]:
        """Put `job` in line; the future is done when its transaction is committed. Raises queue.Full."""
        answer: Future[Any] = Future()
        self._jobs.put_nowait((job, answer))
        return answer

    @property
    def waiting(self) -> int:
        """How many jobs wait for the thread."""
        return self._jobs.qsize()

    def close(self) -> None:
        """Finish what waits, then end the thread."""
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        open_ = True
        while open_:
            batch = [self._jobs.get()]
            while len(batch) < MAX_BATCH:
                try:
                    batch.append(self._jobs.get_nowait())
                except queue.Empty:
                    break
            open_ = None not in batch
            jobs = [pair for pair in batch if pair is not None]
            if jobs:
                self._commit(jobs)

    def _commit(self, jobs: list[tuple[Job, Future[Any]]]) -> None:
        try:
            with self._engine.begin() as connection:
                answers = [job(connection) for job, _ in jobs]
        except Exception as error:
            if len(jobs) > 1:
                for pair in jobs:
                    self._commit([pair])
                return
            if isinstance(error, SQLAlchemyError):
                logger.error("the database refused a job: %s", error.__class__.__name__)
            jobs[0][1].set_exception(error)
            return
        for (_, future), answer in zip(jobs, answers):
            if not future.cancelled():
                future.set_result(answer)
