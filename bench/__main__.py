"""`make bench`: this bot and a stock Rasa peer built from the same phrasings, side by side under the same load.

Rows: serving (throughput, turn, tail, memory, turn 200), start, training, tenfold. The peer is trained with one epoch for
serving (an answer costs the same); `--stock-training` runs its training with all epochs once, as long as `--limit` lets it,
and keeps the figure for later tables.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from bench import measures, report
from bench.measures import BOT, STOCK, Figures
from bench.servers import STOCK_TRAINING, WORK, Server, environment, stock_project, timed_training, training_log
from bench.stock.build import build
from bot.settings import ROOT

PARTS = ("serving", "start", "training", "tenfold")
FULL_TRAINING = ROOT / "results" / "stock-training.json"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--training-rounds", type=int, default=3, help="of this bot's own training")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement of serving")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    parser.add_argument("--smoke", action="store_true", help="this bot alone, small: fails on errors, never on time")
    parser.add_argument("--stock-training", action="store_true", help="only: the peer's training with all its epochs")
    parser.add_argument("--limit", type=float, default=25, help="of that, in trainings of this bot; 0: to its end (hours)")
    options = parser.parse_args(arguments)
    if options.stock_training:
        return stock_training(options.limit)
    subprocess.run([sys.executable, "-m", "bot", "train"], cwd=ROOT, env=environment(PYTHONPATH=str(ROOT)), check=True)
    figures = smoke() if options.smoke else full(options)
    print(report.markdown(figures))
    print(f"\n{os.path.relpath(report.save(figures, options.results), ROOT)}")
    return 0


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def smoke() -> Figures:
    """One short round of this bot alone, and the peer's files made."""
    figures = Figures()
    build(WORK / "stock-smoke", epochs=1)
    short, long = measures.write_conversations(ROOT / "data")
    with measures.bot() as bot:
        measures.sanity(bot)
        figures.add("start_s", BOT, bot.start_seconds)
        measures.serving(figures, [bot], short, 0, 2.0)
        measures.growth(figures, [bot], long, 0)
        measures.memory(figures, [bot])
    return figures


def full(options: argparse.Namespace) -> Figures:
    figures = Figures()
    project = WORK / "stock"
    if {"serving", "start"} & set(options.only):
        stock_project(project)
    if FULL_TRAINING.is_file():
        figures.notes["stock_training"] = kept = json.loads(FULL_TRAINING.read_text(encoding="utf-8"))
        figures.add("training_s", STOCK, kept["seconds"])
        figures.add("training_processor_s", STOCK, kept["processor"])
    if "start" in options.only:
        measures.starts(figures, [measures.bot, lambda: measures.stock(project)], options.rounds, say)
    if "training" in options.only:
        measures.training(figures, options.training_rounds, say)
    short, long = measures.write_conversations(ROOT / "data")
    if "serving" in options.only:
        with measures.bot() as bot, measures.stock(project) as stock:
            both: list[Server] = [bot, stock]
            for server in both:
                measures.sanity(server)
                measures.ask(server.port, short, name="warm-up", seconds=options.seconds)
            for number in range(options.rounds):
                measures.serving(figures, both, short, number, options.seconds)
                measures.growth(figures, both, long, number)
                measures.memory(figures, both)
                measures.say_round(figures, number, options.rounds, say)
    if "tenfold" in options.only:
        with measures.bot() as bot:
            measures.tenfold(figures, bot, short, options.rounds, options.seconds, say)
    return figures


def stock_training(limit: float) -> int:
    """Train this bot, then the peer with all its epochs, for at most `limit` times as long; keep what both took."""
    project = WORK / "stock-full"
    size, before = build(project), os.getloadavg()
    own = measures.train_bot(ROOT)
    say(f"this bot: {own.seconds:.0f} s; the peer …")
    command = [sys.executable, "-m", "rasa", *STOCK_TRAINING]
    peer = timed_training(command, project, limit * own.seconds or None, PYTHONPATH=str(ROOT))
    epochs = re.findall(rb"Epochs:[^\r]*?(\d+)/\d+ \[", training_log().read_bytes())
    kept = {
        **peer._asdict(),
        "last_epoch": int(epochs[-1]) if epochs else 0,
        "bot": own._asdict(),
        "load": {"before": before, "after": os.getloadavg()},
        **size,
    }
    FULL_TRAINING.parent.mkdir(exist_ok=True)
    FULL_TRAINING.write_text(json.dumps(kept, indent=1), encoding="utf-8")
    print(FULL_TRAINING.read_text(encoding="utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
