"""bot.serving.profile: own time of nested spans, memory that is counted once."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest

from bot.serving.lean_imports import import_rasa

import_rasa()

from bot.serving.profile import Part, Profile, _Meter, held_bytes, table  # noqa: E402


async def test_a_span_leaves_out_the_time_of_those_inside_it() -> None:
    meter = _Meter()
    meter.turns.append({})

    async def inner() -> None:
        await asyncio.sleep(0.05)

    with meter.span("outer"):
        time.sleep(0.02)
        await meter.wrap_async("inner", inner)()
        meter.wrap("quick", lambda: None)()
    spent = meter.turns[0]
    assert set(spent) == {"outer", "inner", "quick"}
    assert spent["inner"] >= 0.05 and spent["outer"] >= 0.02 and spent["quick"] < 0.02
    assert sum(spent.values()) == pytest.approx(spent["outer"] + spent["inner"] + spent["quick"])


def test_memory_is_counted_once_and_views_count_as_what_they_show() -> None:
    class Holder:
        def __init__(self) -> None:
            self.array = np.zeros(1_000_000, dtype=np.float64)
            self.view = self.array[:10]
            self.itself = self

    one, two, seen = Holder(), Holder(), set[int]()
    two.array = one.array
    two.view = one.array[5:9]
    assert 8_000_000 <= held_bytes(one, seen) < 8_010_000
    assert held_bytes(two, seen) < 10_000, "the array is the first one's"


def test_the_table_names_every_part_and_the_whole() -> None:
    shown = table(Profile([Part("Tokenizer", 2.0, 1.0, 20.0, 5.0), Part("store: write", 1.0, 3.0, None, 1.0)], 3.0, 4.0, 6.0, ""))
    assert [line.split()[0] for line in shown.splitlines() if not line.startswith("-")] == ["part", "Tokenizer", "store:", "turn"]
    assert " 25%" in shown and " 75%" in shown and "20.0" in shown
