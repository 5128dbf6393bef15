"""What each part of one turn costs: time, the memory that it holds, the memory that it takes for the turn."""

from __future__ import annotations

import functools
import gc
import statistics
import sys
import tempfile
import time
import tracemalloc
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import numpy as np

from bot.actions.conversation import knowledge
from bot.channels.turn import run_turn
from bot.serving.agent import LeanAgent
from bot.serving.conversations import ConversationStore
from bot.storage.database import migrate, open_engine
from bot.storage.worker import DatabaseWorker

REST = "Rasa's own bookkeeping"
_NO_MEMORY_OF_ITS_OWN = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.CodeType, types.FrameType)


@dataclass(frozen=True)
class Part:
    """first_ms: in the first turn of its kind, ms: in later ones (median). held_mb: of the loaded model or data, None if
    there is none. turn_kb: the most that it had allocated at once during a turn.
    """

    name: str
    first_ms: float
    ms: float
    held_mb: Optional[float]
    turn_kb: float


@dataclass(frozen=True)
class Profile:
    """parts: in the order in which the turn came to them. reply: the turn's last text."""

    parts: list[Part]
    first_ms: float
    ms: float
    turn_kb: float
    reply: str


class _Meter:
    """Times spans that may lie in one another; a span's own time leaves out those inside it."""

    def __init__(self) -> None:
        self.turns: list[dict[str, float]] = []
        self.memory: dict[str, float] = {}
        self._inside: list[float] = []  # seconds of the spans inside each open one

    @contextmanager
    def span(self, name: str) -> Iterator[None]:
        self._inside.append(0.0)
        before = _allocated(reset=True)
        begun = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - begun
            own = spent - self._inside.pop()
            if self._inside:
                self._inside[-1] += spent
            if self.turns:
                self.turns[-1][name] = self.turns[-1].get(name, 0.0) + own
            if tracemalloc.is_tracing():
                self.memory[name] = max(self.memory.get(name, 0.0), tracemalloc.get_traced_memory()[1] - before)

    def wrap(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.span(name):
                return function(*args, **kwargs)

        return timed

    def wrap_async(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def timed(*args: Any, **kwargs: Any) -> Any:
            with self.span(name):
                return await function(*args, **kwargs)

        return timed


async def profile_turn(
    agent: LeanAgent, question: str, *, jurisdiction: Optional[str] = None, before: tuple[str, ...] = (), repeats: int = 30
) -> Profile:
    """Return what the turn `question` costs after the turns `before`, each time in a new conversation.

    Conversations go to an SQLite file of their own, which is removed; the bot's database is only read.
    """
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'profile.sqlite'}")
        migrate(engine)
        worker = DatabaseWorker(engine)
        try:
            return await _profile(agent, worker, question, {"jurisdiction": jurisdiction} if jurisdiction else {}, before, repeats)
        finally:
            worker.close()
            engine.dispose()


async def _profile(
    agent: LeanAgent, worker: DatabaseWorker, question: str, metadata: dict[str, Any], before: tuple[str, ...], repeats: int
) -> Profile:
    meter, processor = _Meter(), agent.processor
    knowledge().warm()
    store = ConversationStore(worker, agent.domain)
    agent.tracker_store = processor.tracker_store = store
    components: dict[str, Any] = {}

    def node(name: str, node: Any) -> Any:
        title = name.removeprefix("run_").rpartition(".")[2].rstrip("0123456789")
        components[title] = node._component
        return meter.wrap(title, node)

    processor.graph_runner.instrument(node)
    for name, action in processor._actions.items():
        action.run = meter.wrap_async(name, action.run)
    store.retrieve = meter.wrap_async("store: read", store.retrieve)  # type: ignore[method-assign]
    store.save = meter.wrap_async("store: write", store.save)  # type: ignore[method-assign]

    async def turn(sender: str) -> str:
        for text in before:
            await run_turn(agent.handle_message, sender, text, metadata, channel="rest")
        meter.turns.append({})
        processor.readings.clear()  # what is measured is a message that was never read before
        with meter.span(REST):
            messages = await run_turn(agent.handle_message, sender, question, metadata, channel="rest")
        return str(messages[-1]["text"])

    for number in range(repeats + 1):
        reply = await turn(f"profile-{number}")
    tracemalloc.start()
    try:
        await turn("profile-memory")
    finally:
        tracemalloc.stop()
    del meter.turns[-1]
    return _summary(meter, components, reply)


def _summary(meter: _Meter, components: dict[str, Any], reply: str) -> Profile:
    first, later = meter.turns[0], meter.turns[1:]
    seen: set[int] = set()
    held = {name: held_bytes(component, seen) / 2**20 for name, component in components.items()}
    names = [name for name in first if name != REST] + [REST]
    parts = [
        Part(
            name,
            first.get(name, 0.0) * 1e3,
            statistics.median(turn.get(name, 0.0) for turn in later) * 1e3,
            held.get(name),
            meter.memory.get(name, 0.0) / 1024,
        )
        for name in names
    ]
    totals = [sum(turn.values()) * 1e3 for turn in meter.turns]
    peak = max(meter.memory.values(), default=0.0) / 1024
    return Profile(parts, totals[0], statistics.median(totals[1:]), peak, reply)


def held_bytes(thing: Any, seen: set[int]) -> int:
    """Return the bytes of everything that `thing` refers to and that is not in `seen` yet, which it then is."""
    total, waiting = 0, [thing]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, _NO_MEMORY_OF_ITS_OWN):
            continue
        seen.add(id(one))
        if isinstance(one, np.ndarray):
            if isinstance(one.base, np.ndarray):
                waiting.append(one.base)
            else:
                total += one.nbytes + 112
            continue
        total += sys.getsizeof(one, 0)
        waiting.extend(gc.get_referents(one))
    return total


def _allocated(*, reset: bool = False) -> float:
    if not tracemalloc.is_tracing():
        return 0.0
    now = tracemalloc.get_traced_memory()[0]
    if reset:
        tracemalloc.reset_peak()
    return now


def table(profile: Profile) -> str:
    """Return the profile as lines of text."""
    head = f"{'part':34}{'first ms':>10}{'ms':>9}{'share':>8}{'holds MB':>10}{'takes kB':>10}"
    lines = [head, "-" * len(head)]
    for part in profile.parts:
        held = f"{part.held_mb:.1f}" if part.held_mb is not None else ""
        share = part.ms / profile.ms if profile.ms else 0.0
        lines.append(f"{part.name:34}{part.first_ms:10.2f}{part.ms:9.2f}{share:8.0%}{held:>10}{part.turn_kb:10.0f}")
    held_in_all = sum(part.held_mb or 0.0 for part in profile.parts)
    lines.append("-" * len(head))
    lines.append(f"{'turn':34}{profile.first_ms:10.2f}{profile.ms:9.2f}{1:8.0%}{held_in_all:10.1f}{profile.turn_kb:10.0f}")
    return "\n".join(lines)
