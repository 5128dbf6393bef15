"""Search as you type: the chat's own model plus what a half-typed query can match (names, aliases, pinyin, initials, numbers)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Optional

from pypinyin import Style, lazy_pinyin

from bot.knowledge.queries import Knowledge
from bot.knowledge.view import ItemView
from bot.text import clean, squash


async def search(agent: Any, knowledge: Knowledge, query: str, place: Optional[str], limit: int) -> list[dict[str, Any]]:
    """Return up to `limit` of {item, name, jurisdiction, confidence}, best first; for an empty query none."""
    query = clean(query)
    plain = squash(query)
    if not plain:
        return []
    services = (await agent.parse_message(query)).get("services", {})
    scores = {}
    for item in knowledge.items():
        if place is None or item.jurisdiction == place:
            model = max((services.get(service, 0.0) for service in item.services), default=0.0)
            scores[item.id] = max(model, match(item, plain))
    best = sorted((i for i in scores if scores[i] > 0), key=lambda i: -scores[i])[:limit]
    return [
        {
            "item": i,
            "name": knowledge.item(i).name,
            "jurisdiction": knowledge.item(i).jurisdiction,
            "confidence": round(scores[i], 4),
        }
        for i in best
    ]


def match(item: ItemView, plain: str) -> float:
    """Return how well the squashed query matches the item's names as typed so far, 0 to 0.98."""
    best = 0.0
    for name, letters, initials in _keys((item.name, *item.aliases)):
        if plain == name:
            return 0.98
        if name.startswith(plain):
            best = max(best, 0.8)
        elif plain in name:
            best = max(best, 0.6 + 0.2 * len(plain) / len(name))
        elif plain.isascii() and len(plain) >= 2 and (letters.startswith(plain) or initials.startswith(plain)):
            best = max(best, 0.75)
        elif plain.isascii() and len(plain) >= 3 and (plain in letters or plain in initials):
            best = max(best, 0.55)
    number = item.id.partition("-")[2]
    return max(best, 0.9 if plain in (squash(number), squash(item.id)) else 0.0)


@lru_cache(maxsize=4096)
def _keys(spelt: tuple[str, ...]) -> tuple[tuple[str, str, str], ...]:
    names = [squash(name) for name in spelt]
    return tuple((n, "".join(lazy_pinyin(n)), "".join(lazy_pinyin(n, style=Style.FIRST_LETTER))) for n in names)
