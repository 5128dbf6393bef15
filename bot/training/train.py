"""Train the model with Rasa, and tell whether the trained one is still that of the files."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Callable, Optional

import yaml

from bot.errors import BotError
from bot.nlu.catalog_words import knowledge_digest
from bot.nlu.fingerprint import fingerprint
from bot.observability.logs import configure_logging
from bot.serve import newest_model
from bot.settings import ROOT, Settings
from bot.training.stages import timed_stages

CONFIGURATION = ("config.yml", "domain.yml")
PARTS = ("nlu", "rules", "stories", "lexicon")  # of the folder of training data


def data_version(settings: Settings) -> str:
    """Return a hash over everything that decides what a training gives.

    Of knowledge/ that is only what the pipeline reads: an edited phone number or note asks for no training.
    """
    total = hashlib.sha256(knowledge_digest(settings.knowledge, settings.data / "lexicon").encode())
    for module in _components():
        total.update(fingerprint(module).encode())
    for folder, names in ((ROOT, CONFIGURATION), (settings.data, PARTS)):
        for name in names:
            path = folder / name
            for file in [path] if path.is_file() else sorted(f for f in path.rglob("*") if f.suffix in (".yml", ".py", ".txt")):
                total.update(file.relative_to(folder).as_posix().encode())
                total.update(file.read_bytes())
    return total.hexdigest()[:12]


def _components() -> list[str]:
    """Return the modules that config.yml names."""
    config = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))
    return [entry["name"].rpartition(".")[0] for part in ("importers", "pipeline") for entry in config[part]]


def model_is_current(settings: Settings) -> bool:
    model = newest_model(settings.models)
    return model is not None and data_version(settings) in model.name


def train(
    settings: Settings, *, progress: Callable[[str], None] = lambda text: None, stages: Optional[dict[str, float]] = None
) -> Path:
    """Train and return the model's path. Raises BotError if Rasa could not; then no file is left behind.

    stages: a dict that fills with the seconds that each step took.
    """
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    progress("loading Rasa")
    from bot.serving.lean_imports import import_rasa

    import_rasa(training=True)
    from rasa.model_training import train as rasa_train

    configure_logging()
    progress("training: reading the phrasings, then the classifiers, then rules and stories")
    version = data_version(settings)
    settings.models.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.models) as folder, timed_stages() as seconds:
        result = rasa_train(
            domain=str(ROOT / "domain.yml"),
            config=str(ROOT / "config.yml"),
            training_files=[str(settings.data / part) for part in ("nlu", "rules", "stories")],
            output=folder,
            fixed_model_name=f"{version}",
        )
        if result.model is None or result.code != 0:
            raise BotError("training failed; the log above says where")
        target = settings.models / f"{version}.tar.gz"
        os.replace(result.model, target)
    os.utime(target)
    if stages is not None:
        stages.update(seconds)
    progress("done")
    return target
