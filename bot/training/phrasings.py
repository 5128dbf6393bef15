"""Read data/nlu: the one place that knows the form of the phrasings' files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Optional

import yaml

from bot.errors import KnowledgeError
from bot.text import squash

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # PyYAML without libyaml
    from yaml import SafeLoader as Loader  # type: ignore[assignment]


@dataclass(frozen=True)
class Phrasing:
    """One training example. service: whose, "context" for a bare follow-up, None for acts of dialogue and out of scope."""

    text: str
    intent: str
    service: Optional[str]
    file: Path

    @cached_property
    def plain(self) -> str:
        """What the text says without marks and spaces."""
        return squash(self.text)


def read_phrasings(folder: Path) -> list[Phrasing]:
    """Return all phrasings under `folder` (or of one file); a file that has not changed is not read again.

    Raises KnowledgeError that names file and block for a malformed one.
    """
    paths = [folder] if folder.is_file() else sorted(folder.rglob("*.yml"))
    stats = [(path, path.stat()) for path in paths]
    return [phrasing for path, stat in stats for phrasing in _read_file(path, stat.st_mtime_ns, stat.st_size)]


@lru_cache(maxsize=1024)
def _read_file(path: Path, changed: int, size: int) -> tuple[Phrasing, ...]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise KnowledgeError(f"{path}: not an NLU file: {error}") from error
    return parse(text, path)


def parse(text: str, path: Path) -> tuple[Phrasing, ...]:
    """Return the phrasings of a file that holds `text`. Raises KnowledgeError that names `path` and the block."""
    found = []
    try:
        blocks = yaml.load(text, Loader)["nlu"]  # noqa: S506
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise KnowledgeError(f"{path}: not an NLU file: {error}") from error
    for number, block in enumerate(blocks, 1):
        if not isinstance(block, dict) or "intent" not in block or not isinstance(block.get("examples"), str):
            raise KnowledgeError(f"{path}: block {number}: needs intent and examples")
        service = (block.get("metadata") or {}).get("service")
        for line in block["examples"].splitlines():
            if line.strip():
                if not line.startswith("- "):
                    raise KnowledgeError(f"{path}: block {number} ({block['intent']}): «{line[:40]}» does not begin with «- »")
                found.append(Phrasing(line[2:].strip(), block["intent"], service, path))
    return tuple(found)
