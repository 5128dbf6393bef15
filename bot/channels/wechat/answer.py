"""What the channel says to a resident, in a form that other processes of the server can read too."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Optional


@dataclass(frozen=True)
class Unsaid:
    """A reply, or the rest of one, that has not reached the resident. options: (title, what tapping says)."""

    text: str
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Answer:
    """text: one message for `resident` (the openid's hash), "" for none. whole: what it is the beginning of. rest: the rest."""

    resident: str
    text: str
    whole: Optional[Unsaid] = None
    rest: Optional[Unsaid] = None


def write_unsaid(unsaid: Unsaid) -> str:
    return json.dumps(asdict(unsaid), ensure_ascii=False)


def read_unsaid(text: str) -> Unsaid:
    return _unsaid(json.loads(text))


def write_answer(answer: Answer) -> str:
    return json.dumps(asdict(answer), ensure_ascii=False)


def read_answer(text: str) -> Answer:
    content = json.loads(text)
    whole, rest = (_unsaid(content[name]) if content[name] else None for name in ("whole", "rest"))
    return Answer(content["resident"], content["text"], whole, rest)


def _unsaid(content: dict[str, Any]) -> Unsaid:
    return Unsaid(content["text"], tuple((title, value) for title, value in content["options"]))
