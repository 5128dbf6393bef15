"""One thread that talks to the database, so that the event loop never waits for a disk or a lock."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Callable, Optional

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bot.errors import StorageError

logger = logging.getLogger(__name__)
Job = Callable[[Connection], Any]
MAX_BATCH = 64
MAX_WAITING = 20_000  # jobs; beyond that the database has been gone for long and new ones fail at once


@dataclass
class _Waiting:
    job: Job
    answer: asyncio.Future[Any]
    writes: bool
    result: Any = None
    error: Optional[Exception] = None


class DatabaseWorker:
    """Runs jobs one after the other in a thread of its own; jobs that wait together share one transaction.

    A job is a function of an open connection. What it returns is the answer, what it raises comes back to the caller.
    If a shared transaction fails, each of its jobs is tried once more by itself, so that one bad job harms no other.
    If the database itself fails, every job that waits gets a StorageError at once: its resident has waited long enough.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._jobs: queue.Queue[Optional[_Waiting]] = queue.Queue(MAX_WAITING)
        self._refused = 0  # jobs since the database failed
        self._fails_since = 0.0
        self.trouble: Optional[str] = None  # why the database fails, None since something was written again
        self.failed_at = 0.0  # when it failed last, in seconds of time.monotonic
        self._thread = threading.Thread(target=self._work, name="database", daemon=True)
        self._thread.start()

    async def run(self, job: Job, *, writes: bool = True) -> Any:
        """Return what `job` returns, its transaction being committed. Raises StorageError, and what the job raises.

        writes: False if the job's success does not show that the database takes writes.
        """
        return await self.submit(job, writes=writes)

    def submit(self, job: Job, *, writes: bool = True) -> asyncio.Future[Any]:
        """Put `job` in line; the future, of the running event loop, is done when the job's transaction is committed.

        Raises StorageError if the line is full.
        """
        waiting = _Waiting(job, asyncio.get_running_loop().create_future(), writes)
        try:
            self._jobs.put_nowait(waiting)
        except queue.Full:
            raise StorageError(f"{MAX_WAITING} jobs wait for the database already") from None
        return waiting.answer

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
            batch = self._take([self._jobs.get()], MAX_BATCH)
            open_ = None not in batch
            jobs = _wanted(batch)
            if jobs and (outage := self._commit(jobs)):
                rest = self._take([], MAX_WAITING)
                open_ = open_ and None not in rest
                self._refuse([*jobs, *_wanted(rest)], outage)

    def _take(self, batch: list[Optional[_Waiting]], limit: int) -> list[Optional[_Waiting]]:
        while len(batch) < limit:
            try:
                batch.append(self._jobs.get_nowait())
            except queue.Empty:
                break
        return batch

    def _commit(self, jobs: list[_Waiting]) -> Optional[Exception]:
        """Run `jobs` in one transaction and answer them. Return the fault, nothing being answered, if the database failed."""
        try:
            with self._engine.begin() as connection:
                for waiting in jobs:
                    waiting.result = waiting.job(connection)
        except Exception as error:
            if is_outage(error):
                return error
            if len(jobs) == 1:
                jobs[0].error = error
                _answer(jobs)
                return None
            for waiting in jobs:
                if outage := self._commit([waiting]):
                    self._refuse([waiting], outage)
            return None
        if self.trouble and any(waiting.writes for waiting in jobs):
            spent = time.monotonic() - self._fails_since
            logger.warning("the database works again after %.0f s; %d jobs were refused", spent, self._refused)
            self.trouble, self._refused = None, 0
        _answer(jobs)
        return None

    def _refuse(self, jobs: list[_Waiting], error: Exception) -> None:
        reason = f"the database fails: {getattr(error, 'orig', None) or error}".strip().splitlines()[0]
        self.failed_at = time.monotonic()
        if not self.trouble:
            self._fails_since = self.failed_at
            logger.error("%s", reason)
        self._engine.dispose()  # connections to a file or server that was replaced never work again
        self.trouble = reason
        self._refused += len(jobs)
        for waiting in jobs:
            waiting.error = StorageError(reason)
        _answer(jobs)


def is_outage(error: Exception) -> bool:
    """Tell whether the database failed (locked, full, damaged, gone) rather than one job."""
    if isinstance(error, OperationalError):
        return getattr(error.orig, "pgcode", None) not in ("40001", "40P01")  # clashed with another process: a second try helps
    broken = isinstance(error, DBAPIError) and error.connection_invalidated
    return broken or type(error) is DatabaseError or isinstance(error, PoolTimeoutError)


def _wanted(batch: list[Optional[_Waiting]]) -> list[_Waiting]:
    """Leave out the jobs that nobody waits for any more."""
    return [waiting for waiting in batch if waiting is not None and not waiting.answer.cancelled()]


def _answer(jobs: list[_Waiting]) -> None:
    """Hand each job's result or error to its event loop; a loop is woken once for all of its jobs."""
    by_loop: defaultdict[asyncio.AbstractEventLoop, list[_Waiting]] = defaultdict(list)
    for waiting in jobs:
        by_loop[waiting.answer.get_loop()].append(waiting)
    for loop, own in by_loop.items():
        try:
            loop.call_soon_threadsafe(_deliver, own)
        except RuntimeError:  # the loop is closed: nobody waits there any more
            logger.debug("%d jobs ended after their event loop", len(own))


def _deliver(jobs: list[_Waiting]) -> None:
    for waiting in jobs:
        if waiting.answer.done():  # given up meanwhile
            continue
        if waiting.error is not None:
            waiting.answer.set_exception(waiting.error)
        else:
            waiting.answer.set_result(waiting.result)
