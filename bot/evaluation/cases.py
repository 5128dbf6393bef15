"""The held-out sets: three JSON-lines files in one folder, and every text that an evaluation may say."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from bot.errors import BotError
from bot.text import clean

Record = dict[str, Any]
FILES = ("questions", "out_of_scope", "dialogues")
# How the resident of a question answers when asked who will come.
ANSWERS: dict[Optional[str], str] = {"self": "我本人办理", "agent": "我替别人代办", "unit": "单位办理", None: "我本人办理"}


@dataclass(frozen=True)
class Cases:
    """questions: each with `q`, `jurisdiction`, `items`, `aspect`, `must` …; out_of_scope: `q`, `kind`; dialogues: `turns`."""

    questions: list[Record]
    out_of_scope: list[Record]
    dialogues: list[Record]

    def texts(self, places: list[str]) -> list[str]:
        """Return all that an evaluation says, cleaned as a channel does, without repetition; places: names of all."""
        said = [record["q"] for record in (*self.questions, *self.out_of_scope)]
        said += [turn["user"] for record in self.dialogues for turn in record["turns"]]
        return list(dict.fromkeys(clean(text) or "。" for text in (*said, *ANSWERS.values(), *places)))


def read_cases(folder: Path) -> Cases:
    """Return the held-out sets of `folder`. Raises BotError that names a file that is missing or malformed."""
    sets = []
    for name in FILES:
        path = folder / f"{name}.jsonl"
        try:
            lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
            sets.append([json.loads(line) for line in lines])
        except FileNotFoundError as error:
            raise BotError(f"{folder} needs {name}.jsonl") from error
        except json.JSONDecodeError as error:
            raise BotError(f"{path}: a line is not JSON: {error}") from error
    return Cases(*sets)


def cases_version(folder: Path) -> str:
    """Return a hash of the three files."""
    total = hashlib.sha256()
    for name in FILES:
        total.update((folder / f"{name}.jsonl").read_bytes())
    return total.hexdigest()[:12]
