"""The table: medians, ratios against the peer, targets met or missed."""

from __future__ import annotations

import json
from pathlib import Path

from bench.measures import BOT, STOCK, Figures
from bench.report import markdown, save, summary


def _figures(bot_rate: float) -> Figures:
    figures = Figures(loads=[0.5, 3.0])
    for _ in range(3):
        figures.add("turns_per_s", STOCK, 10.0)
    for value in (bot_rate, 1.0, 10_000.0):
        figures.add("turns_per_s", BOT, value)
    figures.add("turn_200", BOT, 1.3)
    figures.add("tenfold_turn_ms", BOT, 4.0)
    figures.add("tenfold_turn_ms", "tenfold", 6.0)
    return figures


def test_the_median_counts_and_targets_are_judged_by_ratio() -> None:
    entries = {entry["row"]: entry for entry in summary(_figures(250.0))}
    rate = entries["turns_per_s"]
    assert (rate["bot"], rate["peer"], rate["ratio"], rate["met"], rate["stretch_met"]) == (250.0, 10.0, 25.0, True, False)
    assert entries["turn_200"]["met"] is False, "a turn that grows is judged by itself, whatever the peer does"
    assert entries["tenfold_turn_ms"]["ratio"] == 1.5 and entries["tenfold_turn_ms"]["met"]
    assert summary(_figures(199.0))[0]["met"] is False


def test_what_was_not_measured_is_left_out_and_the_load_is_named(tmp_path: Path) -> None:
    table = markdown(_figures(250.0))
    assert "training" not in table and "load average 0.5 to 3.0" in table and "25× |" in table
    kept = json.loads(save(_figures(250.0), tmp_path).read_text(encoding="utf-8"))
    assert kept["values"]["turns_per_s"][STOCK] == [10.0] * 3


def test_a_peer_that_was_stopped_takes_longer_than_the_table_says() -> None:
    figures = Figures()
    figures.notes["stock_training"] = {"ended": False}
    figures.add("training_s", STOCK, 1000.0)
    figures.add("training_s", BOT, 80.0)
    (entry,) = summary(figures)
    assert (entry["peer_stopped"], entry["met"], entry["stretch_met"]) == (True, True, None), "1/12.5, perhaps far less"
    assert "> 1000 s | < 1/12.5 |" in markdown(figures)
    figures.notes["stock_training"] = {"ended": True}
    assert summary(figures)[0]["stretch_met"] is False and "> 1000" not in markdown(figures)
