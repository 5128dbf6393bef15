"""Check reviewed YAML against its source entry: take out every text of the item and show what is left over.

White space, punctuation, list markers (1. ① （一）) and full or half width do not count; a text may stand for every
place where the source has the same words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.ingest.entry import SourceEntry
from bot.knowledge.schema import Item

# Words of the item that are not the source's: everyday phrases, our notes, ids and switches.
_OWN = frozenset({"id", "aliases", "services", "phrases", "notes", "applicants", "about", "kind", "start", "end", "document"})
_NUMERAL = r"(?:[0-9]{1,2}|[一二三四五六七八九十]{1,3})"
MARKER = re.compile(
    rf"[①-⓿㈠-㈩❶-➓]|[（(]\s*{_NUMERAL}\s*[)）]"
    r"|(?<![0-9０-９A-Za-z.])[0-9０-９]{1,2}\s*(?:[、．)）]|\.(?![0-9]))(?![0-9])"
    r"|(?:(?<=\s)|^)[一二三四五六七八九十]{1,3}、"
)
_CONTENT_SYMBOLS = "%‰"
_SHORT = 2  # characters; a text this short counts only where it stands by itself


def leftovers(entry: SourceEntry, item: Item) -> dict[str, str]:
    """Return, by field label, the words of the entry that stand nowhere in the item; {} when nothing is left."""
    texts = {_letters(text).text for text in _strings(item.dict())} | {_letters(label).text for label in entry.fields}
    ordered = sorted(texts - {""}, key=lambda text: (-len(text), text))
    result = {}
    for label, raw in {"名称": entry.name, **entry.fields}.items():
        left = _left(raw, ordered)
        if left:
            result[label] = left
    return result


@dataclass(frozen=True)
class _Letters:
    """The characters of a text that count, and where each of them stands in the text."""

    text: str
    places: tuple[int, ...]
    # For each character: whether a separator or the edge of the text stands before it; one more for the end.
    edges: tuple[bool, ...]


def _letters(raw: str) -> _Letters:
    marked: set[int] = set()
    for found in MARKER.finditer(raw):
        marked.update(range(*found.span()))
    chars: list[str] = []
    places: list[int] = []
    edges: list[bool] = []
    edge = True
    for place, original in enumerate(raw):
        kept = "" if place in marked else "".join(
            char for char in unicodedata.normalize("NFKC", original).lower() if char.isalnum() or char in _CONTENT_SYMBOLS
        )  # fmt: skip
        if not kept:
            edge = True
        for char in kept:
            chars.append(char)
            places.append(place)
            edges.append(edge)
            edge = False
    return _Letters("".join(chars), tuple(places), (*edges, True))


def _left(raw: str, texts: list[str]) -> str:
    source = _letters(raw)
    covered = [False] * len(source.text)
    for text in texts:
        start = source.text.find(text)
        while start >= 0:
            end = start + len(text)
            if len(text) > _SHORT or (_closed(source, covered, start, start - 1) and _closed(source, covered, end, end)):
                covered[start:end] = [True] * len(text)
            start = source.text.find(text, start + 1)
    spans: list[str] = []
    begin = None
    for index, done in enumerate([*covered, True]):
        if not done and begin is None:
            begin = index
        elif done and begin is not None:
            spans.append(raw[source.places[begin] : source.places[index - 1] + 1])
            begin = None
    return " … ".join(spans)


def _closed(source: _Letters, covered: list[bool], border: int, neighbour: int) -> bool:
    """Tell whether a text may begin or end at `border`: at a separator, or beside words that are taken out already."""
    return source.edges[border] or not 0 <= neighbour < len(covered) or covered[neighbour]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            of_branch = key == "situations" and all(isinstance(one, str) for one in part)  # ids, no words
            if key not in _OWN and not of_branch:
                yield from _strings(part)
            if key == "heading" and part:  # 「首次申报：小微企业」 joins two headings that stand one within the other
                yield from re.split(r"[：:]", part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _strings(part)
