"""Train a model with Rasa and register it as a candidate; tell which files it learned from."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
import tarfile
import tempfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, Optional

import yaml

from bot.errors import BotError, ModelError
from bot.models.registry import Model, Registry
from bot.nlu.catalog_words import knowledge_digest
from bot.nlu.fingerprint import fingerprint
from bot.observability.logs import configure_logging
from bot.settings import ROOT, Settings
from bot.training.packing import quick_packing
from bot.training.phrasings import read_phrasings
from bot.training.progress import Tell, silent
from bot.training.stages import timed_stages

CONFIGURATION = ("config.yml", "domain.yml")
PARTS = ("nlu", "rules", "stories", "lexicon")  # of the folder of training data
_LETTERS = str.maketrans("0123456789", "ghijklmnop")  # digits in an id would be masked as somebody's telephone
_WORK = ".training-"  # folders of trainings under way; what a killed one left is removed by the next
_COMPONENT = re.compile(r"(Starting to train|Finished training|Restored) component '(\w+)'")


def data_version(settings: Settings) -> str:
    """Return a hash over everything that decides what a training gives.

    Of knowledge/ that is only what the pipeline reads: an edited phone number or note asks for no training.
    """
    total = hashlib.sha256(knowledge_digest(settings.knowledge, settings.data / "lexicon").encode())
    for module in _modules("importers", "pipeline"):
        total.update(fingerprint(module).encode())
    for folder, names in ((ROOT, CONFIGURATION), (settings.data, PARTS)):
        for name in names:
            path = folder / name
            for file in [path] if path.is_file() else sorted(f for f in path.rglob("*") if f.suffix in (".yml", ".py", ".txt")):
                total.update(file.relative_to(folder).as_posix().encode())
                total.update(file.read_bytes())
    return total.hexdigest()[:12].translate(_LETTERS)


def train(settings: Settings, *, by: str, tell: Tell = silent, stages: Optional[dict[str, float]] = None) -> Model:
    """Train a candidate. Raises BotError if Rasa could not; then no file is left behind.

    One training at a time may run in a folder of models; bot.training.job sees to it. stages: a dict that fills with the
    seconds that each step took.
    """
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    settings.models.mkdir(parents=True, exist_ok=True)
    for left in settings.models.glob(f"{_WORK}*"):
        shutil.rmtree(left, ignore_errors=True)
    tell("read", 0.0)
    phrasings = Counter(p.service for p in read_phrasings(settings.data / "nlu") if p.service not in (None, "context"))
    version = data_version(settings)
    tell("load", 0.05, f"{sum(phrasings.values())}")
    from bot.serving.lean_imports import import_rasa

    import_rasa(training=True)
    from rasa.model_training import train as rasa_train

    configure_logging()
    with tempfile.TemporaryDirectory(prefix=_WORK, dir=settings.models) as folder:
        with _told(tell), quick_packing(), timed_stages() as seconds:
            result = rasa_train(
                domain=str(ROOT / "domain.yml"),
                config=str(ROOT / "config.yml"),
                training_files=[str(settings.data / part) for part in ("nlu", "rules", "stories")],
                output=folder,
                fixed_model_name=version,
            )
        if result.model is None or result.code != 0:
            raise BotError("training failed; the log above says where")
        if stages is not None:
            stages.update(seconds)
        tell("register", 0.98)
        counts = {str(service): count for service, count in sorted(phrasings.items(), key=str)}
        return Registry(settings.models).add(Path(result.model), data_version=version, by=by, phrasings=counts)


def imported(registry: Registry, file: Path, *, by: str) -> Model:
    """Register a copy of a model file that was trained elsewhere. Raises ModelError if it is no Rasa model.

    Its data version is the end of its name (as `bot train` gives it), else «imported».
    """
    if not file.is_file() or not tarfile.is_tarfile(file):
        raise ModelError(f"{file} is no model: a .tar.gz file as `bot train` writes it is needed")
    with tarfile.open(file) as archive:
        if "metadata.json" not in {name.rpartition("/")[2] for name in archive.getnames()}:
            raise ModelError(f"{file} is no Rasa model: it has no metadata.json")
    version = re.search(r"([a-p]{12})\.tar\.gz$", file.name)
    with tempfile.TemporaryDirectory(prefix=_WORK, dir=registry.folder) as folder:
        copy = Path(shutil.copy(file, folder))
        return registry.add(copy, data_version=version[1] if version else "imported", by=by)


def _configuration() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8")))


def _modules(*parts: str) -> list[str]:
    """Return the modules that config.yml names."""
    config = _configuration()
    return [entry["name"].rpartition(".")[0] for part in parts for entry in config[part]]


@contextmanager
def _told(tell: Tell) -> Iterator[None]:
    """Turn Rasa's log of the components that it trains into progress."""
    config = _configuration()
    names = [entry["name"].rpartition(".")[2] for part in ("pipeline", "policies") for entry in config[part]]

    finished: set[str] = set()

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found = _COMPONENT.search(record.getMessage())
            if found is None or found[2] not in names:
                return
            if found[1].startswith("Starting"):
                tell("train", 0.2 + 0.78 * len(finished) / len(names), found[2])
            else:
                finished.add(found[2])

    log, handler = logging.getLogger("rasa.engine.training.hooks"), Handler()
    before = log.level, log.propagate
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    tell("train", 0.2)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.level, log.propagate = before
