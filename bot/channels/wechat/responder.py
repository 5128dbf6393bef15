"""Decides what each kind of push is answered with. Knows neither HTTP nor how an answer reaches the resident."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from weakref import WeakValueDictionary

from bot.channels.wechat import messages
from bot.channels.wechat.accounts import Account
from bot.channels.wechat.answer import Answer, Unsaid
from bot.channels.wechat.kept import Kept
from bot.channels.wechat.lengths import page
from bot.channels.wechat.menu import Menu
from bot.channels.wechat.texts import Texts
from bot.storage.shared import Shared, lease
from bot.text import squash

logger = logging.getLogger(__name__)
MAX_MESSAGE = 2000  # characters that a turn takes, as in bot.channels.turn
TURN_SECONDS = 60
MORE = frozenset({"继续", "继续看", "继续说", "下文", "看下文"})
Turn = Callable[[str, str, dict[str, Any]], Awaitable[list[dict[str, Any]]]]
Forget = Callable[[str], Awaitable[None]]


class Responder:
    """turn(resident, text, metadata): one turn with Rasa. sorry: what a failed turn says. jurisdictions: full names by id.

    forget(resident): deletes all that is stored of a resident elsewhere. shared: what is kept of
    residents, the same for all processes of the server.
    """

    def __init__(
        self,
        turn: Turn,
        *,
        menu: Menu,
        texts: Texts,
        jurisdictions: Mapping[str, str],
        forget: Forget,
        sorry: str,
        shared: Shared,
    ) -> None:
        self._turn, self._menu, self._texts = turn, menu, texts
        self._jurisdictions, self._forget, self._sorry = jurisdictions, forget, sorry
        self._shared, self._kept = shared, Kept(shared)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def respond(self, account: Account, message: messages.Message, resident: str) -> Answer:
        """Return the answer to a push. A resident's pushes are answered one after the other; never raises for a failed turn."""
        lock = self._locks.setdefault(resident, asyncio.Lock())
        async with lock, lease(self._shared, f"turn:{resident}"):
            if isinstance(message, messages.Unsubscribe):
                return await self._unsubscribed(resident)
            if isinstance(message, messages.Subscribe):
                return await self._greet(resident, message.scene)
            if isinstance(message, messages.Scan):
                return await self._scanned(account, resident, message.scene)
            if isinstance(message, messages.Click):
                question = self._menu.question(message.key)
                return await self._ask(account, resident, question) if question else await self._greet(resident, "")
            if isinstance(message, messages.Text):
                return await self._text(account, resident, message.content)
            if isinstance(message, messages.Voice):
                if message.recognition:
                    return await self._text(account, resident, message.recognition)
                return Answer(resident, self._texts.voice)
            if isinstance(message, messages.Attachment):
                return Answer(resident, self._texts.unreadable)
            return Answer(resident, "")

    async def said(self, answer: Answer) -> None:
        """Note that `answer` has reached the resident, so that 「继续」 gives what comes after it."""
        if answer.whole is not None and await self._kept.unsaid(answer.resident) == answer.whole:
            await self._kept.put_unsaid(answer.resident, answer.rest)

    async def _text(self, account: Account, resident: str, text: str) -> Answer:
        if len(text) > MAX_MESSAGE:
            return Answer(resident, self._texts.too_long)
        if squash(text) in MORE:
            unsaid = await self._kept.unsaid(resident)
            return await self._say(resident, unsaid) if unsaid else Answer(resident, self._texts.no_more)
        return await self._ask(account, resident, text)

    async def _ask(self, account: Account, resident: str, text: str, before: str = "") -> Answer:
        """Ask Rasa. before: a line that goes first, and stands alone where Rasa makes nothing of `text`."""
        await self._kept.put_unsaid(resident, None)
        place = await self._kept.place(resident) or account.jurisdiction
        try:
            turn = self._turn(resident, text, {"jurisdiction": place} if place else {})
            replies = await asyncio.wait_for(turn, TURN_SECONDS)
        except Exception:
            logger.exception("account %s: a turn failed", account.id)
            replies = [{"text": self._sorry}]
        if before and any((reply.get("custom") or {}).get("kind") == "fallback" for reply in replies):
            replies = []
        said = "\n".join(filter(None, [before, *(reply.get("text", "") for reply in replies)]))
        return await self._say(resident, Unsaid(said, _options(replies)))

    async def _say(self, resident: str, whole: Unsaid) -> Answer:
        part = page(whole.text, self._texts.more, list(whole.options))
        await self._kept.put_unsaid(resident, whole)
        return Answer(resident, part.text, whole, Unsaid(part.rest, whole.options) if part.rest else None)

    async def _greet(self, resident: str, scene: str) -> Answer:
        place = self._jurisdictions.get(scene)
        if place:
            await self._kept.put_place(resident, scene)
        lines = [self._texts.greeting, *(f"· {question}" for question in self._menu.examples)]
        lines += [self._texts.greeting_place.format(place=place)] if place else []
        text = page("\n".join(lines), self._texts.more, [(question, question) for question in self._menu.examples]).text
        return Answer(resident, text)

    async def _scanned(self, account: Account, resident: str, scene: str) -> Answer:
        """Set the place and say it in the conversation too, where another place may be remembered."""
        place = self._jurisdictions.get(scene)
        if not place:
            return await self._greet(resident, "")
        await self._kept.put_place(resident, scene)
        return await self._ask(account, resident, f"我在{place}", self._texts.scanned.format(place=place))

    async def _unsubscribed(self, resident: str) -> Answer:
        try:
            await self._kept.forget(resident)
            await self._forget(resident)
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
