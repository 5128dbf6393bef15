"""One turn of a conversation, the same for every channel: check, clean, ask Rasa, collect the reply."""

from __future__ import annotations

import logging
import time
from typing import Any, Awaitable, Callable, Optional

from rasa.core.channels.channel import CollectingOutputChannel, UserMessage

from bot.channels.conversations import conversation_id
from bot.errors import RequestError, StorageError
from bot.observability.metrics import TURNS_RUNNING, count_turn
from bot.text import clean

logger = logging.getLogger(__name__)
MAX_MESSAGE = 2000
MAX_SENDER = 128
Handler = Callable[[UserMessage], Awaitable[Any]]
SORRY = "抱歉，系统出了点问题，这句话没能处理。请稍后再试，或拨打政务服务便民热线 12345。"


class TurnOutput(CollectingOutputChannel):
    """Collects a turn's messages; each keeps its text, buttons and custom together and is not split at blank lines."""

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        kept = {key: message[key] for key in ("text", "buttons", "custom") if message.get(key)}
        await self._persist_message({"recipient_id": recipient_id, **kept})


def check_sender(body: Any) -> str:
    """Return who a program says is speaking. Raises RequestError that says what would be right."""
    if not isinstance(body, dict):
        raise RequestError('the body must be a JSON object such as {"sender": "abc", "message": "补社保卡要带什么"}')
    sender = body.get("sender")
    if not isinstance(sender, str) or not sender.strip() or len(sender) > MAX_SENDER or "\0" in sender:
        raise RequestError(f"field sender: a text of 1 to {MAX_SENDER} characters is needed")
    return sender


def check(body: Any, jurisdictions: Any) -> tuple[str, str, dict[str, Any]]:
    """Return (sender, message, metadata) of a request body. Raises RequestError that says what would be right."""
    sender = check_sender(body)
    message, metadata = body.get("message"), body.get("metadata")
    if not isinstance(message, str):
        raise RequestError("field message: a text is needed")
    if not message.strip():
        raise RequestError("field message: the text is empty; write what the resident asks")
    if len(message) > MAX_MESSAGE:
        raise RequestError(f"field message: {len(message)} characters; at most {MAX_MESSAGE} are taken")
    if metadata is None:
        metadata = {}
    if not isinstance(metadata, dict):
        raise RequestError('field metadata: an object is needed, such as {"jurisdiction": "dagang"}')
    place = metadata.get("jurisdiction")
    if place is not None and not (isinstance(place, str) and place in jurisdictions):
        raise RequestError(f"field metadata.jurisdiction: «{str(place)[:40]}» is unknown; known are {', '.join(jurisdictions)}")
    return sender, message, {"jurisdiction": place} if place else {}


async def run_turn(handler: Handler, sender: str, message: str, metadata: dict[str, Any], *, channel: str) -> list[dict[str, Any]]:
    """Return the messages of one turn; never an empty list, and after a fault the one honest sentence."""
    begun = time.perf_counter()
    output = TurnOutput()
    known = {**metadata, "received": begun}
    text = clean(message) or "。"
    with TURNS_RUNNING.track_inprogress():
        try:
            await handler(UserMessage(text, output, conversation_id(channel, sender), input_channel=channel, metadata=known))
        except StorageError:  # logged where it began
            output.messages.clear()
        except Exception:
            logger.exception("a turn failed")
            output.messages.clear()
    kind = next((said["custom"]["kind"] for said in output.messages if "custom" in said), "failure")
    count_turn(channel, kind, time.perf_counter() - begun)
    return [{**said, "recipient_id": sender} for said in output.messages] or [failure(sender)]


def failure(sender: str, contact: Optional[str] = None) -> dict[str, Any]:
    """Return the one honest sentence for a fault inside a turn."""
    empty = {"item": None, "service": None, "jurisdiction": None, "applicant": None, "situation": None, "slot": None}
    custom: dict[str, Any] = {
        "kind": "fallback",
        **empty,
        "aspect": "general",
        "not_in_source": False,
        "options": [],
        "candidates": [],
        "source": None,
    }
    return {"recipient_id": sender, "text": contact or SORRY, "custom": custom}
