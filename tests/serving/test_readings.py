"""What the pipeline says of a short message is kept; whoever changes it changes a copy."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest

from bot.serving.lean_imports import import_rasa

import_rasa()

from rasa.core.channels.channel import UserMessage  # noqa: E402

from bot.serving import agent  # noqa: E402
from bot.serving.agent import LeanProcessor  # noqa: E402


class Pipeline:
    """Stands for a processor: counts what it had to read."""

    def __init__(self) -> None:
        self.readings: OrderedDict[Any, bytes] = OrderedDict()
        self.read: list[str] = []

    def _parse_message_with_graph(self, message: UserMessage, tracker: Any, only_output_properties: bool) -> dict[str, Any]:
        self.read.append(message.text or "")
        return {"text": message.text, "entities": [{"entity": "applicant", "value": "self"}]}

    async def parse(self, text: str) -> dict[str, Any]:
        return await LeanProcessor.parse_message(self, UserMessage(text))  # type: ignore[arg-type]


async def test_a_short_message_is_read_once_and_a_long_one_each_time() -> None:
    pipeline, long = Pipeline(), "我妈的社保卡掉了" * 3
    for text in ("本人", long, "本人", long):
        assert (await pipeline.parse(text))["text"] == text
    assert pipeline.read == ["本人", long, long]


async def test_a_changed_reading_changes_no_other() -> None:
    pipeline = Pipeline()
    for _ in range(3):
        found = await pipeline.parse("本人")
        assert found["entities"] == [{"entity": "applicant", "value": "self"}]
        found["entities"].clear()


async def test_the_least_recently_said_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent, "MAX_PARSED", 2)
    pipeline = Pipeline()
    for text in ("本人", "单位", "本人", "代办", "本人", "单位"):
        await pipeline.parse(text)
    assert pipeline.read == ["本人", "单位", "代办", "单位"]
