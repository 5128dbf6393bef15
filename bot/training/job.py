"""One training at a time in a folder of models: in a process of its own, with its progress where every process can read it.

models/training/ holds the lock, events.jsonl (the last training's progress, one event a line) and log.txt (its output).
The lock ends with the process that trains, so a killed training is seen as what it is and the next one may begin.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Iterator, Optional

from bot.errors import BotError
from bot.files import BusyError, locked
from bot.models.registry import Model, utc_now
from bot.settings import ROOT, Settings
from bot.training.progress import Tell, part, silent
from bot.training.promotion import Assessment, assess
from bot.training.train import train

_STARTS = 30.0  # seconds that a started process may take until it holds the lock
NICENESS = 15  # the server that answers residents goes first


@dataclass(frozen=True)
class Status:
    """events: of the last training, each with at, seconds, stage, share, detail, by; [] if there was none."""

    running: bool
    events: list[dict[str, Any]]

    @property
    def last(self) -> Optional[dict[str, Any]]:
        return self.events[-1] if self.events else None

    @property
    def died(self) -> bool:
        """Tell whether the last training ended without a word: killed, or the machine went down."""
        return not self.running and self.last is not None and self.last["stage"] not in ("done", "failed")


def folder_of(settings: Settings) -> Path:
    folder = settings.models / "training"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def status(settings: Settings) -> Status:
    """Return what the last training says of itself, and whether it still runs."""
    folder = folder_of(settings)
    events = _read(folder / "events.jsonl")
    try:
        with locked(folder, seconds=0):
            running = False
    except BusyError:
        running = True
    if not running and events and events[-1]["stage"] == "start":
        running = (utc_now() - datetime.fromisoformat(events[-1]["at"])).total_seconds() < _STARTS
    return Status(running, events)


def run(
    settings: Settings,
    *,
    by: str,
    evaluate: bool = False,
    nice: bool = False,
    tell: Tell = silent,
    stages: Optional[dict[str, float]] = None,
) -> Model:
    """Train in this process; with `evaluate` also compare the candidate with the promoted model.

    nice: let the server that answers residents go first. stages: a dict that fills with the seconds of each step.
    Raises BusyError while another training runs, BotError.
    """
    if nice:
        os.nice(NICENESS)
    with _recorded(settings, by, tell) as record:
        model = train(settings, by=by, tell=part(record, 0.0, 0.8 if evaluate else 1.0), stages=stages)
        if evaluate:
            assess(settings, model, part(record, 0.8, 1.0))
        record("done", 1.0, model.id)
    return model


def assess_recorded(settings: Settings, model: Model, *, by: str, tell: Tell = silent) -> Assessment:
    """Compare a model with the promoted one in this process, with its progress kept. Raises BusyError, BotError."""
    with _recorded(settings, by, tell) as record:
        found = assess(settings, model, record)
        record("done", 1.0, model.id)
    return found


def run_apart(settings: Settings, *, by: str, tell: Tell = silent) -> None:
    """Train in a process of its own and wait for it: training imports what serving does without. Raises BotError."""
    with (folder_of(settings) / "log.txt").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 (this program itself)
            _command("train", "--force", "--events", "--by", by),
            env=_environment(settings),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
        )
    assert process.stdout is not None
    problem = "its process was killed"
    for line in process.stdout:
        event = _event(line)
        if event is None:
            continue
        tell(event["stage"], event["share"], event["detail"])
        if event["stage"] == "failed":
            problem = event["detail"]
    if process.wait() != 0:
        raise BotError(f"the training failed: {problem}; {folder_of(settings) / 'log.txt'} has its output")


def start(settings: Settings, *, by: str, only_evaluate: Optional[Model] = None) -> None:
    """Begin a training with evaluation, or an evaluation, that outlives this process. Raises BusyError while another one runs."""
    folder = folder_of(settings)
    what = ("evaluate", only_evaluate.id) if only_evaluate else ("train", "--force", "--evaluate")
    if status(settings).running:
        raise BusyError("a training is running already")
    with locked(folder, seconds=2):
        (folder / "events.jsonl").write_text(_line("start", 0.0, "", by, 0.0), encoding="utf-8")
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 (this program itself; `by` is one argument, no shell reads it)
            _command(*what, "--nice", "--by", by),
            env=_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    threading.Thread(target=process.wait, daemon=True).start()


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "bot", *arguments]


def _environment(settings: Settings) -> dict[str, str]:
    folders = {"MODELS": settings.models, "DATA": settings.data, "KNOWLEDGE": settings.knowledge, "HELDOUT": settings.heldout}
    paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return {**os.environ, **{name: str(folder.absolute()) for name, folder in folders.items()}, "PYTHONPATH": paths}


@contextmanager
def _recorded(settings: Settings, by: str, tell: Tell) -> Iterator[Tell]:
    """Hold the lock of trainings and keep their events."""
    begun = time.monotonic()
    folder = folder_of(settings)
    with locked(folder, seconds=2), (folder / "events.jsonl").open("w", encoding="utf-8") as events:

        def record(stage: str, share: float, detail: str = "") -> None:
            events.write(_line(stage, share, detail, by, time.monotonic() - begun))
            events.flush()
            tell(stage, share, detail)

        record("start", 0.0)
        try:
            yield record
        except BaseException as error:
            record("failed", 1.0, str(error).strip().splitlines()[0] if str(error).strip() else error.__class__.__name__)
            raise


def _line(stage: str, share: float, detail: str, by: str, seconds: float) -> str:
    event = {"at": utc_now().isoformat(), "seconds": round(seconds, 1), "stage": stage, "share": round(share, 3), "detail": detail}
    return json.dumps({**event, "by": by}, ensure_ascii=False) + "\n"


def _read(path: Path) -> list[dict[str, Any]]:
    """Return the events; a line that is still being written is left out."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [event for line in lines if (event := _event(line)) is not None]


def _event(line: str) -> Optional[dict[str, Any]]:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "stage" in event else None
