"""Pure: which of an item's situations a text names, by the source's word, its everyday phrases, or loosely."""

from __future__ import annotations

from functools import lru_cache

from pypinyin import lazy_pinyin

from bot.knowledge.view import ItemView
from bot.text import squash


def match_situations(item: ItemView, text: str, *, loose: bool = False) -> tuple[str, ...]:
    """Return the ids of the situations of `item` that `text` names, in source order; () if none.

    A phrase that is part of a longer matched phrase of another situation does not count. With `loose` (the bot has
    just asked), the situation whose words share most character pairs with the text is taken when no phrase matches.
    """
    if not item.situations:
        return ()
    spoken, sounds = squash(text), " ".join(lazy_pinyin(squash(text)))
    found = []
    for situation in item.situations:
        for phrase in (situation.name, *situation.phrases):
            phrase = squash(phrase)
            if phrase and (phrase in spoken or (len(phrase) >= 3 and _sound(phrase) in sounds)):
                found.append((phrase, situation.id))
    kept = {s for phrase, s in found if not any(phrase != other and phrase in other and s != t for other, t in found)}
    if not kept and loose:
        kept = _closest(item, spoken)
    return tuple(s.id for s in item.situations if s.id in kept)


def _closest(item: ItemView, spoken: str) -> set[str]:
    pairs = {spoken[i : i + 2] for i in range(len(spoken) - 1)}
    scores = {}
    for situation in item.situations:
        texts = [r.text for r in item.requirements if situation.id in r.situations]
        words = squash(" ".join((situation.name, *situation.phrases, *texts)))
        scores[situation.id] = sum(pair in words for pair in pairs)
    best = max(scores.values(), default=0)
    leaders = {s for s, score in scores.items() if score == best}
    if len(leaders) > 1:
        leaders = {s.id for s in item.situations if s.id in leaders and squash(s.name)[:2] in spoken}
    return leaders if best >= 1 and len(leaders) == 1 else set()


@lru_cache(maxsize=8192)
def _sound(phrase: str) -> str:
    return " ".join(lazy_pinyin(phrase))
