"""From values to the table: medians, ratios against the stock peer, targets; as text, Markdown and JSON."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from bench.measures import BOT, STOCK, Figures


@dataclass(frozen=True)
class Row:
    """limit, stretch: of the ratio. higher: whether the ratio is to be at least that (else at most)."""

    key: str
    title: str
    unit: str
    limit: Optional[float] = None
    stretch: Optional[float] = None
    higher: bool = False
    against: str = STOCK
    absolute: bool = False  # the value of the bot itself is compared, not its ratio to the peer
    side: str = BOT


ROWS = (
    Row("turns_per_s", "turns per second, 16 clients, persisted in SQLite", "1/s", 20, 40, higher=True),
    Row("turn_ms", "median turn, one client, persisted", "ms", 1 / 15, 1 / 30),
    Row("p99_ms", "99th percentile turn, 16 clients", "ms", 1 / 10, 1 / 20),
    Row("processor_ms", "processor time a turn, all processes", "ms"),
    Row("training_s", "training from nothing", "s", 1 / 9, 1 / 20),
    Row("training_processor_s", "training from nothing, processor time", "s"),
    Row("start_s", "start until the first answer", "s", 1 / 4, 1 / 8),
    Row("memory_mb", "resident memory (PSS), action server included", "MB", 0.6, 0.4),
    Row("turn_200", "turns 191-200 of a conversation against turns 1-10", "×", 1.2, 1.0, absolute=True),
    Row("tenfold_turn_ms", "ten times the catalog: median turn", "ms", 2.0, against=BOT, side="tenfold"),
    Row("tenfold_training_s", "ten times the catalog: training", "s", 12.0, against=BOT, side="tenfold"),
    Row("tenfold_training_processor_s", "ten times the catalog: training, processor time", "s", against=BOT, side="tenfold"),
)
STOPPABLE = ("training_s", "training_processor_s")


def summary(figures: Figures) -> list[dict[str, Any]]:
    """Return one entry a measured row: medians, ratio, whether the target and the stretch are met."""
    found = []
    for row in ROWS:
        sides = figures.values.get(row.key, {})
        if row.side not in sides:
            continue
        own = statistics.median(sides[row.side])
        peer = statistics.median(sides[row.against]) if row.against in sides else None
        ratio = own / peer if peer else None
        judged = own if row.absolute else ratio
        stopped = row.key in STOPPABLE and not figures.notes.get("stock_training", {}).get("ended", True)
        found.append(
            {
                "row": row.key,
                "title": row.title,
                "unit": row.unit,
                "rounds": len(sides[row.side]),
                "bot": own,
                "peer": peer,
                "peer_is": row.against,
                "spread": [min(sides[row.side]), max(sides[row.side])],
                "ratio": ratio,
                "peer_stopped": stopped,  # the peer was still training: it takes longer, and the ratio is smaller
                "target": row.limit,
                "stretch": row.stretch,
                "met": _met(judged, row.limit, row.higher, stopped),
                "stretch_met": _met(judged, row.stretch, row.higher, stopped),
            }
        )
    return found


def _met(value: Optional[float], limit: Optional[float], higher: bool, stopped: bool) -> Optional[bool]:
    """Tell whether the target is met; None if that is not known, as where the peer was stopped before it took long enough."""
    if value is None or limit is None:
        return None
    met = value >= limit if higher else value <= limit
    return met or (None if stopped else False)


def markdown(figures: Figures) -> str:
    """Return the table; ratios below one are written as 1/n."""
    lines = ["| figure | bot | stock Rasa | ratio | at least | stretch |", "|---|---|---|---|---|---|"]
    for entry in summary(figures):
        mark = {True: " ✓", False: " ✗", None: ""}
        name = {BOT: " (the real catalog)"}.get(entry["peer_is"], "")
        cells = [
            entry["title"],
            f"{_number(entry['bot'])} {entry['unit']}",
            ("> " if entry["peer_stopped"] else "") + f"{_number(entry['peer'])} {entry['unit']}{name}"
            if entry["peer"] is not None
            else "—",
            ("< " if entry["peer_stopped"] else "") + _ratio(entry["ratio"]),
            _ratio(entry["target"]) + mark[entry["met"]],
            _ratio(entry["stretch"]) + mark[entry["stretch_met"]],
        ]
        lines.append(f"| {' | '.join(cells)} |")
    rounds = max((entry["rounds"] for entry in summary(figures)), default=0)
    loads = f"{min(figures.loads)} to {max(figures.loads)}" if figures.loads else "not taken"
    lines += ["", f"Medians over {rounds} rounds, both under the same load; {os.cpu_count()} cores, load average {loads}."]
    return "\n".join(lines)


def _number(value: Optional[float]) -> str:
    if value is None:
        return "—"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _ratio(value: Optional[float]) -> str:
    if value is None:
        return "—"
    return f"1/{1 / value:.1f}" if 0 < value < 0.3 else f"{value:.2f}×" if value < 10 else f"{value:.0f}×"


def save(figures: Figures, folder: Path) -> Path:
    """Write bench-<time>.json and .md to `folder`; return the JSON's path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"bench-{time.strftime('%Y%m%d-%H%M%S')}.json"
    content = {
        "machine": {"cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version()},
        "loads": figures.loads,
        "summary": summary(figures),
        "notes": figures.notes,
        "values": figures.values,
    }
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    path.with_suffix(".md").write_text(markdown(figures) + "\n", encoding="utf-8")
    return path
