"""Gives Rasa the training data through the project's own reader: Rasa's reads each YAML file three times, seven seconds each."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, List, Optional, Union

from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.training.phrasings import read_phrasings

_STORIES = re.compile(r"^(?:stories|rules):", re.MULTILINE)
_NLU = re.compile(r"^nlu:", re.MULTILINE)


class PhrasingImporter(RasaFileImporter):
    """Rasa's file importer with our own reader of phrasings. Named in config.yml, so `rasa train` uses it too."""

    def __init__(
        self,
        config_file: Optional[str] = None,
        domain_path: Optional[str] = None,
        training_data_paths: Optional[Union[List[str], str]] = None,
    ) -> None:
        paths = [training_data_paths] if isinstance(training_data_paths, str) else training_data_paths or []
        files = [file for path in map(Path, paths) for file in (sorted(path.rglob("*.yml")) if path.is_dir() else [path])]
        texts: Dict[str, str] = {str(file): file.read_text(encoding="utf-8") for file in files}
        super().__init__(config_file, domain_path, None)
        self._nlu_files = [file for file, text in texts.items() if _NLU.search(text)]
        self._story_files = [file for file, text in texts.items() if _STORIES.search(text)]

    def get_nlu_data(self, language: Optional[str] = "zh") -> TrainingData:
        """Return every phrasing with its intent and, as the intent's metadata, its service."""
        phrasings = [phrasing for file in self._nlu_files for phrasing in read_phrasings(Path(file))]
        return TrainingData(
            [Message.build(p.text, p.intent, intent_metadata={"service": p.service} if p.service else None) for p in phrasings]
        )
