"""Which item the words of a message point at: by the classifier, by names spelt out or shared, by reference back."""

from __future__ import annotations

import re
from typing import Optional
from weakref import WeakKeyDictionary

from bot.dialogue.message import (
    WHAT_IF,
)
from bot.dialogue.state import ASK_ITEM_BELOW, NAMED_PART, RIVAL_SHARE, TWIN_OVERLAP, State, Understanding
from bot.knowledge.queries import MAX_NAME_PART, Knowledge
from bot.knowledge.view import ItemView
from bot.replies import COMMON_WORDS
from bot.text import squash

_TWINS: WeakKeyDictionary[Knowledge, dict[str, tuple[str, ...]]] = WeakKeyDictionary()


def overlap(text: str, name: str) -> float:
    """Return the share of the character pairs of `text` that stand in `name`."""
    name, pairs = squash(name), _pairs(text)
    return sum(pair in name for pair in pairs) / len(pairs) if pairs else 0.0


def grounded(text: str, item: ItemView) -> int:
    """Return how many telling character pairs of `text` stand in what the source says of `item`."""
    return len((_pairs(text) - COMMON_WORDS) & item.pairs)


def named(text: str, state: State, knowledge: Knowledge) -> tuple[int, tuple[str, ...]]:
    """Return (length, items): the items in the known place whose names share the longest part with a vague text, if two
    to five do; else ()."""
    spoken = squash(text)
    for length in range(MAX_NAME_PART, 1, -1):
        parts = {spoken[start : start + length] for start in range(len(spoken) - length + 1)} - COMMON_WORDS
        matching = {item.id for part in parts for item in knowledge.by_name_part.get(part, ())}
        found = [
            item
            for item in matching
            if item not in state.denied and state.jurisdiction in (None, knowledge.item(item).jurisdiction)
        ]
        if found:
            found.sort(key=knowledge.position.__getitem__)
            one_place = len({i.partition("-")[0] for i in found}) == 1
            return length, tuple(found) if 2 <= len(found) <= 5 and one_place else ()
    return 0, ()


def spelt_out(text: str, state: State, knowledge: Knowledge) -> Optional[str]:
    """Return the item in the known place whose official name makes up most of the question, else None."""
    if state.jurisdiction is None:
        return None
    spoken = squash(text)
    starts = {spoken[n : n + length] for length in range(1, MAX_NAME_PART + 1) for n in range(len(spoken) - length + 1)}
    found = [
        item
        for start in starts & knowledge.by_name_start.keys()
        for item in knowledge.by_name_start[start]
        if item.jurisdiction == state.jurisdiction and item.id not in state.denied and item.spelt.partition("|")[0] in spoken
    ]
    longest = min(found, key=lambda item: (-len(item.name), knowledge.position[item.id]), default=None)
    return longest.id if longest and len(squash(longest.name)) * 5 >= len(spoken) * 2 else None


def sibling_of(said: Understanding, in_hand: Optional[ItemView], ranking: list[str], knowledge: Knowledge) -> Optional[str]:
    """Return the neighbouring item that a follow-up names by the word in which it differs (「那终止呢」), else None."""
    if in_hand is None or not WHAT_IF.match(said.text):
        return None
    words = _pairs(said.text)
    for item in dict.fromkeys((*ranking[:3], *twins_of(in_hand, knowledge))):
        other = knowledge.item(item)
        if item != in_hand.id and (words - _common(in_hand, other)) & _pairs(other.spelt) - _pairs(in_hand.spelt):
            return item
    return None


def twins_of(item: ItemView, knowledge: Knowledge) -> tuple[str, ...]:
    """Return the items of the same place whose names differ from its name in a word or two only."""
    known = _TWINS.setdefault(knowledge, {})
    if item.id not in known:
        known[item.id] = tuple(
            other.id
            for other in knowledge.items()
            if other.jurisdiction == item.jurisdiction and other.id != item.id and overlap(item.name, other.name) >= TWIN_OVERLAP
        )
    return known[item.id]


def equally_named(text: str, item: str, knowledge: Knowledge, denied: tuple[str, ...]) -> tuple[str, ...]:
    """Return the twins of `item` that the text names as fully by a part of their names (「文化中心几点开门」: of the
    street or of the community?); () if a word of the text tells them apart."""
    chosen, spoken = knowledge.item(item), squash(text)
    if any(name in spoken for name in chosen.spelt.split("|")):
        return ()
    parts = {spoken[start : start + NAMED_PART] for start in range(len(spoken) - NAMED_PART + 1)}
    own = _pairs(chosen.spelt)
    found = []
    for twin in twins_of(chosen, knowledge):
        other = knowledge.item(twin)
        shared = any(part in chosen.spelt and part in other.spelt for part in parts)
        tells_apart = _pairs(text) & (own ^ _pairs(other.spelt))
        if shared and not tells_apart and twin not in denied and not same_services(item, twin, knowledge):
            found.append(twin)
    return tuple(found)


def rivals_of(item: str, candidates: tuple[tuple[str, float], ...], knowledge: Knowledge) -> tuple[str, ...]:
    """Return up to three candidates of its place that come so close to `item` that the resident must say which."""
    scores = {one: score for one, score in candidates if one.partition("-")[0] == item.partition("-")[0]}
    leaders = sorted(scores, key=scores.__getitem__, reverse=True)[:5]
    total = sum(scores.values()) or 1.0
    if scores.get(item, 0.0) / total >= ASK_ITEM_BELOW:
        return ()
    close = [one for one in leaders if one != item and scores[one] > RIVAL_SHARE * scores.get(item, 0.0)]
    return tuple(one for one in close[:3] if not same_services(one, item, knowledge))


def _pairs(text: str) -> set[str]:
    spoken = squash(text)
    return {spoken[i : i + 2] for i in range(len(spoken) - 1)}


def _common(one: ItemView, other: ItemView) -> set[str]:
    """Words that say nothing here: common ones, unless it is by them that the two names differ."""
    return COMMON_WORDS - (_pairs(one.name) ^ _pairs(other.name))


def alike(state: State, denied: tuple[str, ...], knowledge: Knowledge) -> list[str]:
    """Return the items of the denied one's place whose names resemble its name most."""
    wrong = knowledge.item(state.item or denied[-1])
    alike = {
        i.id: overlap(wrong.name, i.name) for i in knowledge.items() if i.jurisdiction == wrong.jurisdiction and i.id not in denied
    }
    return [item for item in sorted(alike, key=alike.__getitem__, reverse=True)[:3] if alike[item] > 0]


_POINTING = re.compile(
    r"(?:刚才|刚刚|刚|之前|前面)(?:那个|的|说的|问的)?([\u4e00-\u9fff]{1,2})|那(?:个|张|件|项|种)([\u4e00-\u9fff]{1,2})|([\u4e00-\u9fff]{2})那个"
)


def _pointed_at(state: State, said: Understanding, knowledge: Knowledge) -> Optional[str]:
    """Return the earlier item that 「那个卡」「调解那个」「刚才那个审查」 points back at, None if there is none."""
    in_hand = knowledge.item(state.item).name if state.item else ""
    for found in _POINTING.finditer(said.text):
        word = next(group for group in found.groups() if group)
        for part in (word, word[:1]):
            for item in state.past:
                if part in knowledge.item(item).name and part not in in_hand and part not in "个的办证":
                    return item
    return None


def item_score(item: ItemView, services: dict[str, float]) -> float:
    return max(services.get(service, 0.0) for service in item.services)


def item_scores(state: State, said: Understanding, knowledge: Knowledge) -> dict[str, float]:
    """Probability-like score of every item that may be meant: in the known place, not denied; context counts a little."""
    refers_back = re.search("刚才|刚刚|前面|之前|头先|还是那", said.text)
    pointed = _pointed_at(state, said, knowledge)
    scores: dict[str, float] = {pointed: 1.0} if pointed else {}
    for service, probability in said.services.items():
        for item in knowledge.items_of.get(service, ()):
            if item in state.denied:
                continue
            if item == state.item:
                probability_here = min(1.0, probability * 1.5 + 0.02)
            elif item == pointed:
                probability_here = 1.0
            elif item in state.past:
                probability_here = min(1.0, probability * (2.5 if refers_back else 1.3))
            else:
                probability_here = probability
            if state.jurisdiction in (None, item.partition("-")[0]) and probability_here > scores.get(item, 0.0):
                scores[item] = probability_here
    return scores


def top(scores: dict[str, float]) -> tuple[tuple[str, float], ...]:
    best = sorted(scores, key=scores.__getitem__, reverse=True)[:8]
    return tuple((item, round(scores[item], 4)) for item in best)


def service_of(item: str, knowledge: Knowledge) -> str:
    return knowledge.item(item).services[0]


def places_of(service: str, hints: tuple[str, ...], knowledge: Knowledge) -> tuple[str, ...]:
    places = tuple(dict.fromkeys(item.partition("-")[0] for item in knowledge.items_of[service]))
    places = tuple(place for place in knowledge.jurisdictions if place in places)
    return tuple(place for place in places if place in hints) or places


def is_here(service: str, place: str, knowledge: Knowledge) -> bool:
    return any(item.partition("-")[0] == place for item in knowledge.items_of[service])


def same_services(one: str, other: str, knowledge: Knowledge) -> bool:
    return set(knowledge.item(one).services) == set(knowledge.item(other).services)
