"""Conversations for the load: what residents say, in their own words, from the phrasings; the same on every run."""

from __future__ import annotations

import random
from pathlib import Path

from bot.training.phrasings import read_phrasings

PLACES = ("大港街道", "大沽", "渝中区", "河北区", "高新区")
LONG_CYCLE = 10


def conversations(folder: Path, count: int = 400, seed: int = 7) -> list[list[str]]:
    """Return conversations of eight turns: two matters asked about, places, people, follow-ups, something foreign, thanks.

    Half of the questions are put a little differently from the phrasing in `folder` (data/nlu).
    """
    chance = random.Random(seed)
    found = read_phrasings(folder)
    asked = [p.text for p in found if p.service not in (None, "context")]
    follow_ups = [p.text for p in found if p.service == "context"]
    foreign = [p.text for p in found if p.intent == "out_of_scope"]
    thanks = [p.text for p in found if p.intent == "thanks"]
    people = [p.text for p in found if p.intent == "inform_applicant"]

    def question(texts: list[str]) -> str:
        text = chance.choice(texts)
        return text if chance.random() < 0.5 else f"请问{text}"

    return [
        [
            question(asked),
            chance.choice(PLACES),
            chance.choice(follow_ups),
            question(asked),
            chance.choice(people),
            chance.choice(follow_ups),
            question(foreign),
            chance.choice(thanks),
        ]
        for _ in range(count)
    ]


def long_conversation(folder: Path, turns: int = 200) -> list[str]:
    """Return one conversation in which the same ten messages come again and again."""
    first, second = conversations(folder, 2, seed=11)
    cycle = [*first, *second][:LONG_CYCLE]
    return [cycle[n % LONG_CYCLE] for n in range(turns)]
