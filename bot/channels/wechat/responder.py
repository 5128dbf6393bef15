"""Decides what each kind of push is answered with. Knows neither HTTP nor how an answer reaches the resident."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Optional
from weakref import WeakValueDictionary

from bot.channels.wechat import messages
from bot.channels.wechat.accounts import Account
from bot.channels.wechat.kept import Kept
from bot.channels.wechat.lengths import page
from bot.channels.wechat.menu import Menu
from bot.channels.wechat.texts import Texts
from bot.text import squash

logger = logging.getLogger(__name__)
MAX_MESSAGE = 2000  # characters that a turn takes, as in bot.channels.turn
TURN_SECONDS = 60
MORE = frozenset({"继续", "继续看", "继续说", "下文", "看下文"})
Turn = Callable[[str, str, dict[str, Any]], Awaitable[list[dict[str, Any]]]]
Forget = Callable[[str], Any]


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


class Responder:
    """turn(resident, text, metadata): one turn with Rasa. sorry: what a failed turn says. jurisdictions: full names by id.

    forget(resident): deletes all that is stored of a resident; may be a coroutine function.
    """

    def __init__(
        self, turn: Turn, *, menu: Menu, texts: Texts, jurisdictions: Mapping[str, str], forget: Forget, sorry: str
    ) -> None:
        self._turn, self._menu, self._texts = turn, menu, texts
        self._jurisdictions, self._forget, self._sorry = jurisdictions, forget, sorry
        self._unsaid: Kept[Unsaid] = Kept(seconds=3600)
        self._places: Kept[str] = Kept(seconds=90 * 24 * 3600)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def respond(self, account: Account, message: messages.Message, resident: str) -> Answer:
        """Return the answer to a push. A resident's pushes are answered one after the other; never raises for a failed turn."""
        lock = self._locks.setdefault(resident, asyncio.Lock())
        async with lock:
            if isinstance(message, messages.Unsubscribe):
                return await self._unsubscribed(resident)
            if isinstance(message, messages.Subscribe):
                return self._greet(resident, message.scene)
            if isinstance(message, messages.Scan):
                return await self._scanned(account, resident, message.scene)
            if isinstance(message, messages.Click):
                question = self._menu.question(message.key)
                return await self._ask(account, resident, question) if question else self._greet(resident, "")
            if isinstance(message, messages.Text):
                return await self._text(account, resident, message.content)
            if isinstance(message, messages.Voice):
                if message.recognition:
                    return await self._text(account, resident, message.recognition)
                return Answer(resident, self._texts.voice)
            if isinstance(message, messages.Attachment):
                return Answer(resident, self._texts.unreadable)
            return Answer(resident, "")

    def said(self, answer: Answer) -> None:
        """Note that `answer` has reached the resident, so that 「继续」 gives what comes after it."""
        if answer.whole is not None and self._unsaid.get(answer.resident) is answer.whole:
            if answer.rest:
                self._unsaid.put(answer.resident, answer.rest)
            else:
                self._unsaid.drop(answer.resident)

    async def _text(self, account: Account, resident: str, text: str) -> Answer:
        if len(text) > MAX_MESSAGE:
            return Answer(resident, self._texts.too_long)
        if squash(text) in MORE:
            unsaid = self._unsaid.get(resident)
            return self._say(resident, unsaid) if unsaid else Answer(resident, self._texts.no_more)
        return await self._ask(account, resident, text)

    async def _ask(self, account: Account, resident: str, text: str, before: str = "") -> Answer:
        """Ask Rasa. before: a line that goes first, and stands alone where Rasa makes nothing of `text`."""
        self._unsaid.drop(resident)
        place = self._places.get(resident) or account.jurisdiction
        try:
            turn = self._turn(resident, text, {"jurisdiction": place} if place else {})
            replies = await asyncio.wait_for(turn, TURN_SECONDS)
        except Exception:
            logger.exception("account %s: a turn failed", account.id)
            replies = [{"text": self._sorry}]
        if before and any((reply.get("custom") or {}).get("kind") == "fallback" for reply in replies):
            replies = []
        said = "\n".join(filter(None, [before, *(reply.get("text", "") for reply in replies)]))
        return self._say(resident, Unsaid(said, _options(replies)))

    def _say(self, resident: str, whole: Unsaid) -> Answer:
        part = page(whole.text, self._texts.more, list(whole.options))
        self._unsaid.put(resident, whole)
        return Answer(resident, part.text, whole, Unsaid(part.rest, whole.options) if part.rest else None)

    def _greet(self, resident: str, scene: str) -> Answer:
        place = self._jurisdictions.get(scene)
        if place:
            self._places.put(resident, scene)
        lines = [self._texts.greeting, *(f"· {question}" for question in self._menu.examples)]
        lines += [self._texts.greeting_place.format(place=place)] if place else []
        text = page("\n".join(lines), self._texts.more, [(question, question) for question in self._menu.examples]).text
        return Answer(resident, text)

    async def _scanned(self, account: Account, resident: str, scene: str) -> Answer:
        """Set the place and say it in the conversation too, where another place may be remembered."""
        place = self._jurisdictions.get(scene)
        if not place:
            return self._greet(resident, "")
        self._places.put(resident, scene)
        return await self._ask(account, resident, f"我在{place}", self._texts.scanned.format(place=place))

    async def _unsubscribed(self, resident: str) -> Answer:
        self._unsaid.drop(resident)
        self._places.drop(resident)
        try:
            done = self._forget(resident)
            if inspect.isawaitable(done):
                await done
        except Exception:
            logger.exception("what is stored of resident %s was not deleted; delete it by hand", resident)
        return Answer(resident, "")


def _options(replies: list[dict[str, Any]]) -> tuple[tuple[str, str], ...]:
    """Return what the last reply with choices offers: its buttons, or else the options of its machine-readable form."""
    for reply in reversed(replies):
        custom = reply.get("custom") or {}
        found = [(button.get("title"), button.get("payload")) for button in reply.get("buttons") or ()]
        found = found or [(option.get("title"), option.get("value")) for option in custom.get("options") or ()]
        if found:
            return tuple((str(title), str(value or title)) for title, value in found if title)
    return ()
