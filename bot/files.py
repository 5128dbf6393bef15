"""Write text files that are the record: one writer at a time, and after a crash the old text or the new one, never half."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from bot.errors import BotError

_STEP = 0.02  # seconds between two tries for the lock
_SUFFIX = ".part"


class BusyError(BotError):
    """Another writer held the folder for too long."""


@contextmanager
def locked(folder: Path, *, seconds: float = 10.0) -> Iterator[None]:
    """Hold the folder against other writers, of this process and of others on this machine; readers never wait.

    The lock ends with the process that holds it. Raises BusyError if it is not free within `seconds`.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise BusyError(f"{folder} is being written by somebody else; try again in a moment") from None
                time.sleep(_STEP)
        yield
    finally:
        os.close(handle)


def write(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Replace the file's text in one step that survives a power cut; leftovers of writers that died are removed.

    mode: of a new file; one that is there keeps its own.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f".{path.name}.*{_SUFFIX}"):
        left.unlink(missing_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=_SUFFIX, dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, path.stat().st_mode & 0o777 if path.exists() else mode)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
