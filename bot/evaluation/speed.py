"""How long the model takes from a message to its ranking, and how large it is."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

ROUNDS = 3


async def measure(agent: Any, model: Path, texts: list[str]) -> dict[str, float]:
    """Return medians and the 95th percentile over all texts (each the best of three), in ms, and the archive's size in MB."""
    best = {text: float("inf") for text in texts}
    for _ in range(ROUNDS):
        for text in texts:
            begun = time.perf_counter()
            await agent.parse_message(text)
            best[text] = min(best[text], time.perf_counter() - begun)
    milliseconds = sorted(1e3 * seconds for seconds in best.values())
    return {
        "message → ranking, median (ms)": round(statistics.median(milliseconds), 2),
        "message → ranking, 95 % (ms)": round(milliseconds[int(0.95 * len(milliseconds))], 2),
        "model (MB)": round(model.stat().st_size / 1e6, 1),
    }
