"""Find what looks wrong in a source document, for the person who reviews it; says nothing about the reviewed YAML."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable

from bot.ingest.entry import SourceEntry

_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_HEADING_ENDS = ("", "信息表", "表", "办理", "工作", "流程图", "运行流程", "运行流程图")
_SAME_TEXT = 40  # characters two entries must share at least to be called the same; short cells repeat in every table


def findings(entries: Iterable[SourceEntry]) -> list[str]:
    """Return one sentence per oddity, in the order of the entries."""
    entries = list(entries)
    found: list[str] = []
    numbers = Counter(entry.number for entry in entries)
    for entry in entries:
        found += [f"{_title(entry)}: {problem}" for problem in _of_one(entry)]
        if numbers[entry.number] > 1:
            found.append(f"{_title(entry)}: {numbers[entry.number]} items have the number «{entry.number}»")
    return found + _same_text(entries)


def _of_one(entry: SourceEntry) -> list[str]:
    found = list(entry.problems)
    if not _NUMBER.fullmatch(entry.number):
        found.append(f"number lost or malformed: «{entry.number}»")
    if entry.heading and not _agree(entry):
        found.append(f"the heading says «{entry.heading}», the name «{entry.name}»")
    seen: dict[str, str] = {}
    for label, raw in entry.fields.items():
        text = squeeze(raw)
        if not text or text == "无":
            found.append(f"field «{label}» is empty" if not text else f"field «{label}» says only «无»")
        elif label not in entry.inherited and text != squeeze(entry.name):
            if text in seen and len(text) > 4:
                found.append(f"field «{label}» repeats field «{seen[text]}»")
            seen.setdefault(text, label)
    return found


def _agree(entry: SourceEntry) -> bool:
    plain = squeeze(re.sub(rf"^\s*(?:{re.escape(entry.number)}|[0-9]+\.[0-9]+)[、.．]?", "", entry.heading))
    return any(plain == squeeze(entry.name) + end for end in _HEADING_ENDS)


def _same_text(entries: list[SourceEntry]) -> list[str]:
    groups: dict[tuple[tuple[str, str], ...], list[SourceEntry]] = defaultdict(list)
    for entry in entries:
        own = squeeze(entry.name)
        fields = ((label, squeeze(raw)) for label, raw in entry.fields.items())
        text = tuple((label, "" if value == own else value) for label, value in fields)
        if sum(len(value) for _, value in text) >= _SAME_TEXT:
            groups[text].append(entry)
    return [
        f"{'; '.join(map(_title, same))}: the same text in every field but the name" for same in groups.values() if len(same) > 1
    ]


def squeeze(text: str) -> str:
    """Return the letters, digits and Chinese characters of `text` in one width."""
    return "".join(char for char in unicodedata.normalize("NFKC", text) if char.isalnum())


def _title(entry: SourceEntry) -> str:
    return f"{entry.number} {entry.name}"
