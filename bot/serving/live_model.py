"""The model that answers: loaded only if it is the registered file, tried before it answers, exchanged while people talk.

A new promotion is noticed by the registry's time stamp, whoever made it and in whichever process; the first process that
follows one announces it to the others, as the time stamps of a network file system come late. The new model is loaded
and tried in a thread, beside the one in use; the exchange itself is one assignment between two messages. Turns under way
end with the model that they began with, and conversations go on, as their state is no part of a model.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Iterator, Optional

from bot.actions.conversation import knowledge
from bot.channels.turn import run_turn
from bot.errors import BotError, ModelError
from bot.models.registry import Contents, Model, Registry
from bot.serving.agent import LeanAgent, LeanProcessor
from bot.serving.conversations import ConversationStore
from bot.storage.shared import MemoryShared, Shared

logger = logging.getLogger(__name__)
POLL_SECONDS = 1.0
ANNOUNCED, DAY = "promotion", 86400.0  # where the last promotion is announced, and for how many seconds
RETRY_SECONDS = 60.0  # until a model that was refused is tried again; its file may have been put right
ASKED = 8  # services whose own names a model must understand before it answers
SWITCH_SECONDS = 0.0005  # how long loading may keep the interpreter from the turns beside it


class LiveModel:
    """Keeps an agent on the promoted model. `trouble`: why it answers with another one, None if all is well."""

    def __init__(self, registry: Registry, shared: Optional[Shared] = None) -> None:
        """shared: where processes announce promotions to each other; without it they see the files alone."""
        self._registry, self._shared = registry, MemoryShared() if shared is None else shared
        self._announced: Optional[str] = None
        self._threads = ThreadPoolExecutor(1, "model")
        self._stamp: tuple[int, ...] = ()
        self._tried_at = 0.0
        self._promotions = 0
        self._task: Optional[asyncio.Task[None]] = None
        self.trouble: Optional[str] = None
        self.model, self._processor = self._threads.submit(self._first).result()

    def install(self, agent: LeanAgent, store: Optional[ConversationStore] = None) -> None:
        """Let `agent` answer with the model; `store` writes its id to every turn."""
        self._agent, self._store = agent, store
        self._use(self.model, self._processor)
        del self._processor
        gc.collect()
        gc.freeze()  # a model is millions of objects that stay: no collection need look through them again

    def watch(self) -> None:
        """Look for promotions from now on; needs a running event loop."""
        self._task = asyncio.ensure_future(self._watch())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._threads.shutdown(wait=False)
        await self._shared.close()

    async def look(self) -> None:
        """Follow the registry if it has changed or is said to have, or if the promoted model was refused some time ago."""
        stamp, announced = self._registry.stamp(), await self._shared.get(ANNOUNCED)
        again = self.trouble is not None and time.monotonic() - self._tried_at > RETRY_SECONDS
        if stamp == self._stamp and announced in (None, self._announced) and not again:
            return
        contents = await self._in_thread(self._registry.read)
        self._stamp, self._announced = stamp, _course(contents)
        if contents.promoted is None or (len(contents.promotions) == self._promotions and not again):
            return
        self._promotions = len(contents.promotions)
        await self._shared.put(ANNOUNCED, self._announced, DAY)
        await self._follow(contents.promoted)

    async def _follow(self, model: Model) -> None:
        if model.id == self.model.id:
            self.trouble = None
            return
        begun, self._tried_at = time.monotonic(), time.monotonic()
        try:
            processor = await self._in_thread(load, self._registry, model)
        except ModelError as error:
            self.trouble = f"{error}; {self.model.id} serves on"
            logger.error("%s", self.trouble)
            if model.refused is None:
                await self._in_thread(self._note_refusal, model, str(error))
            return
        self._use(model, processor)
        gc.unfreeze()  # the model before it is garbage from here on
        self.trouble = None
        logger.warning("model %s answers from now on; loaded and tried in %.1f s", model.id, time.monotonic() - begun)

    def _use(self, model: Model, processor: LeanProcessor) -> None:
        self._agent.use(processor)
        self.model = model
        if self._store is not None:
            self._store.model = model.id

    def _first(self) -> tuple[Model, LeanProcessor]:
        """Return the promoted model, or the last good one before it. Raises ModelError if none can be loaded."""
        self._stamp = self._registry.stamp()
        contents = self._registry.read()
        self._promotions = len(contents.promotions)
        self._tried_at = time.monotonic()
        model, processor, self.trouble = first_good(self._registry, contents)
        return model, processor

    def _note_refusal(self, model: Model, why: str) -> None:
        try:
            self._registry.note(model.id, refused=why)
        except (BotError, OSError) as error:
            logger.error("cannot write to the registry of models: %s", error)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self.look()
            except Exception:
                logger.exception("cannot follow the registry of models")

    async def _in_thread(self, function: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)


def _course(contents: Contents) -> str:
    """Return what tells one state of the promotions from another."""
    return f"{len(contents.promotions)} {contents.promoted.id if contents.promoted else ''}"


def first_good(registry: Registry, contents: Contents) -> tuple[Model, LeanProcessor, Optional[str]]:
    """Return the first model that can serve, loaded, and what was wrong with the promoted one. Raises ModelError."""
    problems: list[str] = []
    for model in contents.fit_to_serve():
        if model.deleted:
            continue
        try:
            processor = load(registry, model)
        except ModelError as error:
            logger.error("%s", error)
            problems.append(str(error))
            continue
        return model, processor, f"{problems[0]}; {model.id} serves instead" if problems else None
    why = "; ".join(problems) or f"no model in {registry.folder} has been promoted"
    raise ModelError(f"{why}; `bot train` makes one, `bot restore` brings one back")


def load(registry: Registry, model: Model) -> LeanProcessor:
    """Return the model, loaded from the registered file and tried; run it in a thread. Raises ModelError that says why not."""
    path = registry.verified(model)
    with _in_small_slices():
        agent = LeanAgent()
        try:
            agent.load_model(path)
        except Exception as error:
            first = (str(error).strip().splitlines() or [""])[0]
            raise ModelError(f"model {model.id} cannot be loaded ({error.__class__.__name__}: {first[:200]})") from error
        asyncio.run(try_out(agent, model))
        assert isinstance(agent.processor, LeanProcessor)
        return agent.processor


async def try_out(agent: LeanAgent, model: Model) -> None:
    """Ask what every model must understand: services by their own names, and one whole turn. Raises ModelError."""
    base = knowledge()
    learned = [service for service in base.services if service in model.phrasings] or list(base.services)
    asked = learned[:: max(1, len(learned) // ASKED)][:ASKED]
    try:
        ranked = {service: (await agent.parse_message(base.services[service])).get("services", {}) for service in asked}
        kinds = [await _kind(agent, base.services[service]) for service in asked[:3]]
    except Exception as error:
        raise ModelError(f"model {model.id} fails when it is asked something ({error.__class__.__name__}: {error})") from error
    missed = [service for service in asked if service not in sorted(ranked[service], key=ranked[service].__getitem__)[-3:]]
    if 2 * len(missed) > len(asked):
        raise ModelError(f"model {model.id} does not understand the names of {', '.join(missed)}")
    if set(kinds) == {"fallback"}:
        raise ModelError(f"model {model.id} answers nothing to the names of {', '.join(asked[:3])}")


async def _kind(agent: LeanAgent, text: str) -> str:
    """Return what kind of reply a whole turn gives."""
    messages = await run_turn(agent.handle_message, f"try-out {text}", text, {}, channel="try-out")
    return next((said["custom"]["kind"] for said in messages if "custom" in said), "fallback")


@contextmanager
def _in_small_slices() -> Iterator[None]:
    """Let other threads have the interpreter often, and leave the clearing-up of a whole heap for later."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        sys.setswitchinterval(interval)
