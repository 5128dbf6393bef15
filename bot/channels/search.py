"""Search as you type, for /api/search and the hotline alike: the chat's own model plus what a half-typed query can match.

Beside the model count names and aliases (also in pinyin, initials, mixed with characters, half words, words apart), the
numbers of items, phone numbers and addresses, and the documents that an item's materials name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Optional

from pypinyin import lazy_pinyin

from bot.knowledge.queries import Knowledge
from bot.knowledge.view import ItemView
from bot.text import clean, fold, squash

_NUMBER = re.compile(r"[0-9]{1,2}(?:\.[0-9]{0,2})?")
_DOCUMENT = r"([^的吗呢?？，,。]{2,12}?)"
_NEEDS = r"(?:需要|要用|要|得|用|凭|提交|出示|提供)(?:到|带|上|交|提交|提供|出示)?"
_ASKS_WHICH = re.compile(
    rf"(?:请问|查一下|查查|查)?(?:有)?(?:哪些|哪个|哪几个|哪几项|什么|啥)(?:事项|事情|业务|项目|事)?(?:都|会|还)?{_NEEDS}{_DOCUMENT}(?:的|吗|呢|啊)?[?？]?"
    rf"|{_NEEDS}{_DOCUMENT}的?(?:事项|事情|业务|事)(?:有哪些|有什么|有啥|都有哪些)?[?？]?"
)
_SAME_DOCUMENT = (
    ("户口本", "户口簿", "户口册"),
    ("社保卡", "社会保障卡"),
    ("身份证", "居民身份证"),
    ("照片", "相片"),
    ("残疾证", "残疾人证"),
)
ELSEWHERE = 0.3  # share of its score that an item of another place keeps when the query names a place


class Typed:
    """A query as typed so far, folded once for all items."""

    def __init__(self, query: str) -> None:
        self.text = fold(query).lower()
        self.plain = squash(clean(query))
        self.words = [squash(word) for word in self.text.split()]
        self.digits = re.sub(r"[^0-9]", "", self.text)
        self.is_number = bool(self.digits) and not re.search(r"[^\W\d_]", self.text)
        self.documents = _spellings(self.plain)


@dataclass(frozen=True)
class Hit:
    """An item that was found. why: the words of the item that matched where it is not its name; "" else."""

    item: ItemView
    confidence: float
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        shown = self.item
        return {"item": shown.id, "name": shown.name, "jurisdiction": shown.jurisdiction, "confidence": round(self.confidence, 4)}


async def search(agent: Any, knowledge: Knowledge, query: str, place: Optional[str], limit: int) -> list[Hit]:
    """Return up to `limit` hits, best first; for an empty query none."""
    if not squash(query):
        return []
    return rank(knowledge, query, await agent.parse_message(clean(query)), place, limit)


def rank(knowledge: Knowledge, query: str, parsed: dict[str, Any], place: Optional[str], limit: int) -> list[Hit]:
    """Return up to `limit` hits, best first; `parsed` is what the chat's model understood of the query.

    What the words match and what the model believes are taken as two independent witnesses.
    """
    asked, rest = _without_place(knowledge, query)
    typed = [Typed(query)] if rest == query else [Typed(query), Typed(rest)]
    services = parsed.get("services") or {}
    wanted = asked_document(rest)
    if wanted and any(_material(item, wanted) for item in knowledge.items()):
        services = {}  # the question is after a document, not a matter: the items stay in the order of the sources
    else:
        wanted = ()
    hits = []
    for item in knowledge.items():
        if place is not None and item.jurisdiction != place:
            continue
        model = max((services.get(service, 0.0) for service in item.services), default=0.0)
        if wanted:
            why = _material(item, wanted)
            matched = 0.9 if why else 0.0
        else:
            matched, why = max((match(item, one) for one in typed), key=lambda found: found[0])
        score = 1 - (1 - model) * (1 - matched)
        if place is None and asked is not None and item.jurisdiction != asked:
            score *= ELSEWHERE
        if score > 0:
            hits.append(Hit(item, score, why if matched > model else ""))
    hits.sort(key=lambda hit: -hit.confidence)
    return hits[:limit]


def match(item: ItemView, typed: Typed) -> tuple[float, str]:
    """Return how well the query matches the item as typed so far, 0 to 0.98, and what it matched if not the name."""
    best, why = _name(item, typed), ""
    for score, words in (_item_number(item, typed), _contact(item, typed), _bare_document(item, typed)):
        if score > best:
            best, why = score, words
    return best, why


def _name(item: ItemView, typed: Typed) -> float:
    plain, best = typed.plain, 0.0
    if not plain:
        return best
    sounded = len(plain) >= 2 and re.search("[a-z]", plain)
    for name, syllables in _keys((item.name, *item.aliases)):
        if plain == name:
            return 0.98
        share = len(plain) / len(name)
        if name.startswith(plain):
            best = max(best, 0.75 + 0.15 * share)
        elif plain in name:
            best = max(best, 0.6 + 0.2 * share)
        elif sounded:
            best = max(best, _sound(plain, name, syllables))
        elif len(typed.words) > 1 and all(word in name for word in typed.words):
            best = max(best, 0.7)
        elif len(plain) >= 3 and share <= 1 and _in_order(plain, name):
            best = max(best, 0.3 + 0.3 * share)
    return best


def _sound(plain: str, name: str, syllables: tuple[str, ...]) -> float:
    """Return how well a query typed in pinyin, initials or a mixture with characters fits the name, 0 to 0.8."""
    if _spells(plain, name, syllables):
        return 0.75
    if len(plain) >= 3 and any(_spells(plain, name[start:], syllables[start:]) for start in range(1, len(name))):
        return 0.55
    return 0.0


def _spells(typed: str, name: str, syllables: tuple[str, ...]) -> bool:
    """Tell whether `typed` spells the beginning of `name`, each character by itself, its syllable or its initial."""
    if not typed:
        return True
    if not name:
        return False
    syllable = syllables[0]
    if typed[0] == name[0] and _spells(typed[1:], name[1:], syllables[1:]):
        return True
    if typed[0] != syllable[0]:
        return False
    if syllable.startswith(typed):
        return True
    if typed.startswith(syllable) and _spells(typed[len(syllable) :], name[1:], syllables[1:]):
        return True
    return _spells(typed[1:], name[1:], syllables[1:])


def _in_order(part: str, name: str) -> bool:
    rest = iter(name)
    return all(character in rest for character in part)


def _item_number(item: ItemView, typed: Typed) -> tuple[float, str]:
    text, number = typed.text.replace("。", "."), item.id.partition("-")[2]
    if text == item.id:
        return 0.97, f"编号 {number}"
    if not _NUMBER.fullmatch(text):
        return 0.0, ""
    if text == number:
        return 0.95, f"编号 {number}"
    return (0.7, f"编号 {number}") if number.startswith(text if "." in text else f"{text}.") else (0.0, "")


def _contact(item: ItemView, typed: Typed) -> tuple[float, str]:
    for contact in item.contacts:
        own, words = re.sub(r"[^0-9]", "", contact.value), f"{contact.label} {contact.value}"
        if contact.kind == "phone" and typed.is_number and len(typed.digits) >= 4 and typed.digits in own:
            return (0.96 if typed.digits == own else 0.85), words
        if contact.kind == "address" and len(typed.plain) >= 2 and typed.plain in squash(contact.value):
            return 0.5, words
    return 0.0, ""


def _bare_document(item: ItemView, typed: Typed) -> tuple[float, str]:
    if len(typed.plain) < 2 or typed.plain.isascii():
        return 0.0, ""
    found = _material(item, typed.documents)
    return (0.45, found) if found else (0.0, "")


def asked_document(query: str) -> tuple[str, ...]:
    """Return the spellings of the document in 「哪些事项要户口本」, () if the query asks no such thing."""
    found = _ASKS_WHICH.fullmatch(fold(query))
    what = squash(next(filter(None, found.groups()), "")) if found else ""
    return _spellings(what) if len(what) >= 2 and what not in ("材料", "什么", "什么材料", "手续", "资料") else ()


def _spellings(document: str) -> tuple[str, ...]:
    same = [(old, new) for group in _SAME_DOCUMENT for old in group for new in group if old in document and old != new]
    return (document, *dict.fromkeys(document.replace(old, new) for old, new in same))


def _material(item: ItemView, spellings: tuple[str, ...]) -> str:
    """Return the first of the item's materials that names the document, "" if none does."""
    texts = tuple(statement.text for statement in item.requirements if statement.section == "materials")
    return next((text for text, plain in zip(texts, _squashed(texts)) if any(one in plain for one in spellings)), "")


def _without_place(knowledge: Knowledge, query: str) -> tuple[Optional[str], str]:
    """Return (place, rest): the one place that the query names, and the query without its name."""
    text = fold(query)
    found = {place.id: name for place in knowledge.jurisdictions.values() for name in sorted(place.names, key=len) if name in text}
    if len(found) != 1:
        return None, query
    ((place, name),) = found.items()
    return place, text.replace(name, " ").strip(" 的，,") or query


@lru_cache(maxsize=4096)
def _keys(spelt: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    names = [squash(name) for name in spelt]
    return tuple(
        (name, tuple(syllable for part in re.findall(r"[\x00-\x7f]+|[^\x00-\x7f]+", name) for syllable in _syllables(part)))
        for name in names
    )


def _syllables(part: str) -> list[str]:
    """Return the syllable of each character; letters and digits stand for themselves."""
    return list(part) if part.isascii() else lazy_pinyin(part)


@lru_cache(maxsize=4096)
def _squashed(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(squash(text) for text in texts)
