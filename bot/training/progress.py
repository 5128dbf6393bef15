"""How a training tells what it does: one event a step, kept as a line of JSON."""

from __future__ import annotations

from typing import Protocol

STAGES = {  # in the order of a training with evaluation
    "start": "starting",
    "read": "reading the phrasings",
    "load": "loading Rasa",
    "train": "training",
    "register": "registering the model",
    "evaluate": "asking the held-out questions",
    "done": "done",
    "failed": "failed",
}


class Tell(Protocol):
    """stage: one of STAGES. share: how much is behind us, 0 to 1. detail: a component, a count, a model's id, an error."""

    def __call__(self, stage: str, share: float, detail: str = "") -> None: ...


def silent(stage: str, share: float, detail: str = "") -> None:
    """Tell nobody."""


def part(tell: Tell, begin: float, end: float) -> Tell:
    """Return a Tell whose 0 to 1 is `begin` to `end` of the whole."""

    def scaled(stage: str, share: float, detail: str = "") -> None:
        tell(stage, begin + (end - begin) * share, detail)

    return scaled
