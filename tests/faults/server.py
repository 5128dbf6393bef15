"""The real server with faults that a test can switch on while it runs: `python -m tests.faults.server`.

The file named by FAULTS holds JSON: {"clock": seconds that the clock is ahead, "raise": name of an action that fails,
"slow": seconds that each turn waits before it is stored}.
"""

from __future__ import annotations

import asyncio
import datetime as clock
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from bot.errors import BotError
from bot.serve import serve
from bot.settings import read_settings

FILE = Path(os.environ["FAULTS"])
real_time = time.time


def faults() -> dict[str, Any]:
    return json.loads(FILE.read_text(encoding="utf-8"))


class JumpingClock(clock.datetime):
    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return super().now(tz) + clock.timedelta(seconds=faults().get("clock", 0))


def inject() -> None:
    from bot.actions.answer import ActionAnswer
    from bot.serving.conversations import ConversationStore

    time.time = lambda: real_time() + faults().get("clock", 0)
    for name, module in list(sys.modules.items()):
        if name.startswith("bot.") and getattr(module, "datetime", None) is clock.datetime:
            module.datetime = JumpingClock  # type: ignore[attr-defined]
    answer, save = ActionAnswer.run, ConversationStore.save

    def run(self: ActionAnswer, dispatcher: Any, tracker: Any, domain: Any) -> Any:
        if faults().get("raise") == self.name():
            raise RuntimeError("this action fails")
        return answer(self, dispatcher, tracker, domain)

    async def save_late(self: ConversationStore, tracker: Any) -> None:
        await asyncio.sleep(faults().get("slow", 0))
        await save(self, tracker)

    ActionAnswer.run, ConversationStore.save = run, save_late  # type: ignore[method-assign]


if __name__ == "__main__":
    from bot.serving.lean_imports import import_rasa

    import_rasa()
    inject()
    try:
        serve(read_settings())
    except BotError as error:
        sys.exit(f"bot: {error}")
