"""Cuts a reply to what one WeChat text message takes, and adds the links that answer a question back by one tap.

Source: 「被动回复用户消息」: 2048 bytes of UTF-8; measured by others, 2048 fails silently and 2047 passes, so 2000 is taken.
The links (`weixin://bizmsgmenu`) come back as a text with the link's content; the text's own numbered lines stay, as the
links are no documented part of passive replies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LIMIT = 2000
_SENTENCE_END = re.compile(r"\n|[。！？；!?;](?![」』”’）)])|[。！？；!?;][」』”’）)]+")
_CLAUSE_END = re.compile(r"[，、：,:\s]")
_UNSAFE_IN_LINK = re.compile(r"[&\"'<>#?=%+\s]")


@dataclass(frozen=True)
class Page:
    """text: at most `limit` bytes. rest: what is still to be said, "" if nothing."""

    text: str
    rest: str = ""


def size(text: str) -> int:
    """Return the length of `text` in bytes of UTF-8."""
    return len(text.encode("utf-8"))


def cut(text: str, limit: int = LIMIT) -> Page:
    """Return as many whole sentences of `text` as `limit` bytes take, at least one character; `text + rest` is the whole.

    Where no sentence ends in the second half of the room, a clause's end will do, else the last whole character.
    """
    if size(text) <= limit:
        return Page(text)
    room = len(text.encode("utf-8")[:limit].decode("utf-8", "ignore"))
    head = text[: max(room, 1)]
    for ends in (_SENTENCE_END, _CLAUSE_END):
        places = [found.end() for found in ends.finditer(text[: len(head) + 1]) if len(head) // 2 < found.end() <= len(head)]
        if places:
            head = head[: places[-1]]
            break
    return Page(head, text[len(head) :])


def page(text: str, hint: str, options: list[tuple[str, str]], limit: int = LIMIT) -> Page:
    """Return the next message of a reply: cut, with `hint` where something is left, with links where nothing is.

    options: (title, what tapping says). A link that no longer fits is left out; the text lists the options anyway.
    """
    if size(text) <= limit:
        return Page(with_links(text, options, limit))
    part = cut(text, limit - size(hint) - 1)
    if not part.rest.strip():
        return Page(with_links(part.text.rstrip(), options, limit))
    return Page(f"{part.text.rstrip()}\n{hint}", part.rest.lstrip("\n"))


def with_links(text: str, options: list[tuple[str, str]], limit: int = LIMIT) -> str:
    """Return `text` and a line with a link for each option that fits into `limit` bytes."""
    lines = [text]
    room = limit - size(text)
    for number, (title, value) in enumerate(options, 1):
        link = _link(number, title, value)
        room -= size(link) + 1
        if room < 0:
            break
        lines.append(link)
    return "\n".join(lines)


def _link(number: int, title: str, value: str) -> str:
    """Return one link; a value that could end the link early is said by its number instead."""
    said = str(number) if _UNSAFE_IN_LINK.search(value) else value
    shown = re.sub(r"[<>]", "", title)
    return f'<a href="weixin://bizmsgmenu?msgmenucontent={said}&msgmenuid={number}">{shown}</a>'
