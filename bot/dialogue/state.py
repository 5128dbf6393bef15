"""What a conversation has established, one understood message, and the thresholds that decide between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

OUT_OF_SCOPE, CONTEXT = "out_of_scope", "context"
ASKABLE = ("jurisdiction", "item", "situation", "applicant")
GIVE_UP_AFTER = 2  # fallbacks in a row; then a human is named first
MAX_ASKED = 2  # the same question goes back at most twice

# Thresholds on calibrated probabilities, chosen on the held-out questions (docs/evaluation.md).
OUT_OF_SCOPE_FROM = 0.4
CERTAINLY_OUTSIDE = 0.98
SWITCH_FROM = 0.4
ASK_ITEM_BELOW = 0.5
VAGUE_BELOW = 0.65
RIVAL_SHARE = 0.38
ELSEWHERE_FROM = 0.7
ELSEWHERE_HERE_BELOW = 0.05
ASK_AFTER_DENIAL = 0.2
VAGUE_LENGTH = 12  # characters; a short question that names a common part of several items is asked back
NAMED_PART = 4  # characters of a name that name it
TWIN_OVERLAP = 0.5  # share of a name's character pairs that the names of two twins have in common


@dataclass(frozen=True)
class Understanding:
    """One message as the pipeline understood it. `services`: probability of each service, of out_of_scope and context."""

    text: str
    intent: str
    services: dict[str, float]
    aspects: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    place_hints: tuple[str, ...] = ()
    applicant: Optional[str] = None
    denies: bool = False
    sure: float = 1.0  # probability of the intent
    foreign: tuple[str, ...] = ()  # words of matters outside our scope: 「发票」 in 「发票去哪领」


@dataclass(frozen=True)
class State:
    """What a conversation has established. `missing` is what must be asked, "nothing" if it can be answered.

    Besides ASKABLE it may be "unknown" (not ours, or not understood) and "elsewhere" (no such item in this place).
    """

    missing: str = "nothing"
    jurisdiction: Optional[str] = None
    item: Optional[str] = None
    service: Optional[str] = None
    applicant: Optional[str] = None
    situations: tuple[str, ...] = ()
    aspects: tuple[str, ...] = ("general",)
    options: tuple[str, ...] = ()
    candidates: tuple[tuple[str, float], ...] = ()
    denied: tuple[str, ...] = ()
    past: tuple[str, ...] = ()
    asked: dict[str, int] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    failures: int = 0
    question: str = ""
