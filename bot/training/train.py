"""Train the model with Rasa, and tell whether the trained one is still that of the files."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Callable

from bot.errors import BotError
from bot.serve import newest_model, quieten
from bot.settings import ROOT, Settings

TRAINED_ON = ("config.yml", "domain.yml", "data", "knowledge", "bot/nlu", "bot/text.py")


def data_version() -> str:
    """Return a hash over everything that decides what a training gives."""
    total = hashlib.sha256()
    for name in TRAINED_ON:
        path = ROOT / name
        for file in [path] if path.is_file() else sorted(f for f in path.rglob("*") if f.suffix in (".yml", ".py", ".txt")):
            total.update(file.relative_to(ROOT).as_posix().encode())
            total.update(file.read_bytes())
    return total.hexdigest()[:12]


def model_is_current(settings: Settings) -> bool:
    model = newest_model(settings.models)
    return model is not None and data_version() in model.name


def train(settings: Settings, *, progress: Callable[[str], None] = lambda text: None) -> Path:
    """Train and return the model's path. Raises BotError if Rasa could not; then no file is left behind."""
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    progress("loading Rasa")
    from rasa.model_training import train as rasa_train

    quieten()
    progress("training: reading the phrasings, then the classifiers, then rules and stories")
    version = data_version()
    settings.models.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.models) as folder:
        result = rasa_train(
            domain=str(ROOT / "domain.yml"),
            config=str(ROOT / "config.yml"),
            training_files=[str(ROOT / "data" / part) for part in ("nlu", "rules", "stories")],
            output=folder,
            fixed_model_name=f"{version}",
        )
        if result.model is None or result.code != 0:
            raise BotError("training failed; the log above says where")
        target = settings.models / f"{version}.tar.gz"
        os.replace(result.model, target)
    os.utime(target)
    progress("done")
    return target
