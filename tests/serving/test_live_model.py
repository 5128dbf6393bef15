"""bot.serving.live_model: a promotion is followed when the file shows it, and looked for when another process announces it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from bot.serving.lean_imports import import_rasa

import_rasa()

from bot.models.registry import Contents, Model, Promotion  # noqa: E402
from bot.serving import live_model  # noqa: E402
from bot.serving.live_model import ANNOUNCED, LiveModel  # noqa: E402
from bot.storage.shared import MemoryShared  # noqa: E402

FIRST = Model("first", "x", "x", 1, "2026-01-01T00:00:00", "test", {})
SECOND = replace(FIRST, id="second")


def contents(*promoted: Model) -> Contents:
    promotions = tuple(Promotion(model.id, "2026-01-01T00:00:00", "test", "person", "", None, ()) for model in promoted)
    return Contents({model.id: model for model in promoted}, promotions)


class Files:
    """A registry whose file system shows changes late: `stamp` is set by hand."""

    def __init__(self) -> None:
        self.now, self.time, self.reads = contents(FIRST), 1, 0

    def stamp(self) -> tuple[int, ...]:
        return (self.time,)

    def read(self) -> Contents:
        self.reads += 1
        return self.now


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Files:
    monkeypatch.setattr(live_model, "first_good", lambda registry, contents: (contents.promoted, object(), None))
    monkeypatch.setattr(live_model, "load", lambda registry, model: object())
    return Files()


def server(files: Files, shared: MemoryShared) -> LiveModel:
    live: Any = LiveModel(files, shared)  # type: ignore[arg-type]
    live.install(SimpleNamespace(use=lambda processor: None))
    return live


async def test_a_promotion_is_followed_when_the_time_stamp_changes(files: Files) -> None:
    live = server(files, MemoryShared())
    files.now = contents(FIRST, SECOND)
    await live.look()
    assert live.model.id == "first", "the file system does not show it yet"
    files.time = 2
    await live.look()
    assert live.model.id == "second"
    await live.close()


async def test_the_first_to_follow_announces_it_and_the_others_read_a_file_that_seems_unchanged(files: Files) -> None:
    shared, late = MemoryShared(), Files()
    near, far = server(files, shared), server(late, shared)
    files.now, files.time = contents(FIRST, SECOND), 2
    await near.look()
    await far.look()
    assert (near.model.id, far.model.id) == ("second", "first"), "told of it, but its file is still the old one"
    late.now = files.now
    await far.look()
    assert far.model.id == "second", "though its time stamp is the old one"
    reads = late.reads
    for _ in range(3):
        await far.look()
    assert late.reads == reads, "what is known already is not read again"


async def test_an_old_announcement_is_read_after_once(files: Files) -> None:
    shared = MemoryShared()
    await shared.put(ANNOUNCED, "1 first", 60)
    live = server(files, shared)
    for _ in range(3):
        await live.look()
    assert files.reads == 2 and live.model.id == "first", "at the start, and at the announcement"
