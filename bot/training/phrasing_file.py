"""One file of phrasings as lines: change a phrasing and leave every other byte as it was."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Optional

from bot.errors import KnowledgeError

# The order in which the aspects stand in a file.
ORDER = (
    "ask_materials",
    "ask_process",
    "ask_agency",
    "ask_where",
    "ask_phone",
    "ask_legal_basis",
    "ask_eligibility",
    "ask_time",
    "ask_online",
    "ask_amount",
    "ask_general",
)
HEAD = 'version: "3.1"\nnlu:\n'
_INTENT = re.compile(r"- intent: (\S+)\s*$")
_SERVICE = re.compile(r"\s+service: (\S+)\s*$")
_PHRASING = re.compile(r"(\s+)- (.*)$")


@dataclass(frozen=True)
class Label:
    """What a phrasing means. service: None for acts of dialogue and out of scope, "context" for a bare follow-up."""

    intent: str
    service: Optional[str] = None

    @property
    def spelt(self) -> str:
        return f"{self.service or ''}/{self.intent}"

    @classmethod
    def read(cls, spelt: str) -> Label:
        service, _, intent = spelt.partition("/")
        return cls(intent, service or None)


@dataclass
class _Block:
    label: Label
    phrasings: dict[int, str]  # line -> text
    after: int  # the line behind its last one


class PhrasingFile:
    """The text of one file under data/nlu. `text` is what to write back."""

    def __init__(self, text: str):
        """Raises KnowledgeError for a file that is not in the form of data/nlu (see `HEAD` and `_block`)."""
        self._lines = text.split("\n")
        self._blocks: list[_Block] = []
        self._scan()

    @property
    def text(self) -> str:
        return "\n".join(self._lines)

    def labels(self) -> list[Label]:
        return [block.label for block in self._blocks]

    def phrasings(self, label: Label) -> list[str]:
        return [text for block in self._blocks if block.label == label for text in block.phrasings.values()]

    def add(self, label: Label, text: str) -> None:
        """Put the phrasing behind the others of its label; the block is made if it is missing, in the order of the aspects."""
        own = [block for block in self._blocks if block.label == label]
        if own:
            self._lines.insert(own[-1].after, f"    - {text}")
        else:
            place = self._place_of(label)
            self._lines[place:place] = _block(label, text)
        self._scan()

    def replace(self, label: Label, old: str, new: str) -> bool:
        """Put `new` where `old` stands; tell whether it was there."""
        line = self._find(label, old)
        if line is None:
            return False
        indent = self._lines[line][: self._lines[line].index("- ")]
        self._lines[line] = f"{indent}- {new}"
        self._scan()
        return True

    def remove(self, label: Label, text: str) -> bool:
        """Take the phrasing out, and its block with the last one; tell whether it was there."""
        line = self._find(label, text)
        if line is None:
            return False
        block = next(b for b in self._blocks if line in b.phrasings)
        if len(block.phrasings) == 1:
            start = max(n for n in range(line) if _INTENT.match(self._lines[n]))
            del self._lines[start : block.after]
        else:
            del self._lines[line]
        self._scan()
        return True

    def _find(self, label: Label, text: str) -> Optional[int]:
        return next((n for b in self._blocks if b.label == label for n, own in b.phrasings.items() if own == text), None)

    def _place_of(self, label: Label) -> int:
        """Return the line before which a new block goes."""
        rank = ORDER.index(label.intent) if label.intent in ORDER else len(ORDER)
        place = next((n + 1 for n, line in enumerate(self._lines) if line.startswith("nlu:")), len(self._lines))
        for block in self._blocks:
            if (ORDER.index(block.label.intent) if block.label.intent in ORDER else len(ORDER)) <= rank:
                place = block.after
        return place

    def _scan(self) -> None:
        self._blocks = []
        block: Optional[_Block] = None
        in_examples = False
        for number, line in enumerate(self._lines):
            if found := _INTENT.match(line):
                block, in_examples = _Block(Label(found[1]), {}, number + 1), False
                self._blocks.append(block)
            elif block is None:
                continue
            elif re.match(r"\s+examples: \|\s*$", line):
                in_examples, block.after = True, number + 1
            elif in_examples and (found := _PHRASING.match(line)):
                block.phrasings[number] = found[2].strip()
                block.after = number + 1
            elif found := _SERVICE.match(line):
                block.label, block.after = Label(block.label.intent, found[1]), number + 1
            elif line.strip() and not re.match(r"\s+metadata:\s*$|\s*#", line):
                raise KnowledgeError(f"line {number + 1}: «{line[:40]}» is not in the form of data/nlu")


def _block(label: Label, text: str) -> list[str]:
    metadata = ["  metadata:", f"    service: {label.service}"] if label.service else []
    return [f"- intent: {label.intent}", *metadata, "  examples: |", f"    - {text}"]
