"""What is measured, row by row; each function returns one list of values a round for the bot and for the stock peer."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

from bench import catalog
from bench.conversations import LONG_CYCLE, conversations, long_conversation
from bench.servers import BASE, WORK, Bot, Server, Stock, Training, answer, environment, timed_training
from bot.settings import ROOT

BOT, STOCK = "bot", "stock"
Say = Callable[[str], None]


@dataclass
class Figures:
    """values[row][side]: one value a round. loads: the machine's load average before each round."""

    values: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    loads: list[float] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)

    def add(self, row: str, side: str, value: float) -> None:
        self.values.setdefault(row, {}).setdefault(side, []).append(value)

    def load(self) -> None:
        self.loads.append(round(os.getloadavg()[0], 2))


def ask(port: int, file: Path, *, name: str, clients: int = 1, seconds: float = 5.0, once: bool = False) -> dict[str, Any]:
    """Return what the load generator measured. Raises RuntimeError if a turn failed: a wrong answer is no fast answer."""
    command = [sys.executable, "-m", "bench.client", str(port), str(file), "--clients", str(clients), "--seconds", str(seconds)]
    command += ["--name", name, *(["--once"] if once else [])]
    done = subprocess.run(command, cwd=ROOT, env=environment(PYTHONPATH=str(ROOT)), capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:])
    result: dict[str, Any] = json.loads(done.stdout)
    if result["errors"] or not result["turns"]:
        raise RuntimeError(f"port {port}: {result['errors']} turns failed, {result['turns']} did not")
    return result


def write_conversations(folder: Path) -> tuple[Path, Path]:
    """Return the files of the everyday conversations and of the long one."""
    WORK.mkdir(parents=True, exist_ok=True)
    short, long = WORK / f"conversations-{folder.parent.name}.json", WORK / "long.json"
    short.write_text(json.dumps(conversations(folder / "nlu")), encoding="utf-8")
    long.write_text(json.dumps([long_conversation(ROOT / "data" / "nlu")]), encoding="utf-8")
    return short, long


def serving(figures: Figures, servers: list[Server], short: Path, number: int, seconds: float) -> None:
    """One round of everyday conversations: each server with one client, then each with sixteen."""
    figures.load()
    for server in servers:
        alone = ask(server.port, short, name=f"one-{number}", seconds=seconds)
        figures.add("turn_ms", server.name, statistics.median(alone["latencies"]) * 1e3)
    for server in servers:
        before = server.processor()
        many = ask(server.port, short, name=f"many-{number}", clients=16, seconds=seconds)
        figures.add("processor_ms", server.name, (server.processor() - before) / many["turns"] * 1e3)
        figures.add("turns_per_s", server.name, many["turns"] / many["seconds"])
        figures.add("p99_ms", server.name, statistics.quantiles(many["latencies"], n=100)[98] * 1e3)
        share = many["processor"] / many["seconds"]
        shares = figures.notes.setdefault("load_generator_share_of_a_core", {})
        shares[server.name] = max(round(share, 3), shares.get(server.name, 0.0))


def growth(figures: Figures, servers: list[Server], long: Path, number: int) -> None:
    """One round of one conversation of 200 turns: its last ten turns against its first ten, which say the same."""
    for server in servers:
        times = ask(server.port, long, name=f"long-{number}", seconds=600, once=True)["latencies"]
        ratio = statistics.median(times[-LONG_CYCLE:]) / statistics.median(times[:LONG_CYCLE])
        figures.add("turn_200", server.name, ratio)


def memory(figures: Figures, servers: list[Server]) -> None:
    for server in servers:
        sizes = server.memory()
        figures.add("memory_mb", server.name, sum(size["pss"] for size in sizes.values()))
        figures.notes.setdefault("memory_mb", {})[server.name] = {
            name: {kind: round(value) for kind, value in size.items()} for name, size in sizes.items()
        }


def starts(figures: Figures, make: list[Callable[[], Server]], rounds: int, say: Say) -> None:
    """From the command to the first answer, the model being there; one server after the other."""
    for number in range(rounds):
        figures.load()
        for one in make:
            with one() as server:
                figures.add("start_s", server.name, server.start_seconds)
        say(f"start {number + 1}/{rounds}: " + _last(figures, "start_s"))


def training(figures: Figures, rounds: int, say: Say) -> None:
    """Training from nothing, nothing cached; the peer's is measured once by `--stock-training`."""
    for number in range(rounds):
        figures.load()
        done = train_bot(ROOT)
        figures.add("training_s", BOT, done.seconds)
        figures.add("training_processor_s", BOT, done.processor)
        say(f"training {number + 1}/{rounds}: {done.seconds:.0f} s, {done.processor:.0f} s of processor time")


def train_bot(root: Path) -> Training:
    """Return what `bot train` takes on the project in `root`; the model lies in its folder `models-bench`."""
    command = [sys.executable, "-m", "bot", "train", "--force"]
    return timed_training(command, root, PYTHONPATH=str(root), MODELS=str(WORK / f"models-{root.name}"))


def tenfold(figures: Figures, bot: Server, short: Path, rounds: int, seconds: float, say: Say) -> None:
    """The same bot with ten times the catalog, beside the real one: a turn, and training from nothing."""
    project = WORK / "tenfold"
    figures.notes["tenfold"] = catalog.write(project)
    say(f"ten times the catalog: {figures.notes['tenfold']}; training …")
    for side, root in (("tenfold", project), (BOT, ROOT)):
        done = train_bot(root)
        figures.add("tenfold_training_s", side, done.seconds)
        figures.add("tenfold_training_processor_s", side, done.processor)
    own = write_conversations(project / "data")[0]
    variables = {"MODELS": str(WORK / f"models-{project.name}")}
    with Bot(BASE + 4, WORK / "tenfold-server", root=project, **variables) as large:
        figures.notes["tenfold"]["memory_mb"] = round(sum(size["pss"] for size in large.memory().values()))
        for number in range(rounds):
            for side, port, file in ((BOT, bot.port, short), ("tenfold", large.port, own)):
                found = ask(port, file, name=f"ten-{number}", seconds=seconds)
                figures.add("tenfold_turn_ms", side, statistics.median(found["latencies"]) * 1e3)
            say(f"ten times the catalog {number + 1}/{rounds}: " + _last(figures, "tenfold_turn_ms"))


def _last(figures: Figures, row: str) -> str:
    return ", ".join(f"{side} {values[-1]:.1f}" for side, values in figures.values.get(row, {}).items())


def say_round(figures: Figures, number: int, rounds: int, say: Say) -> None:
    rows = ("turns_per_s", "turn_ms", "p99_ms", "turn_200")
    say(f"round {number + 1}/{rounds}: " + "; ".join(f"{row} {_last(figures, row)}" for row in rows if row in figures.values))


def sanity(server: Server) -> None:
    """Raise RuntimeError if a server does not answer as it should: what it measures would be worth nothing."""
    said = answer(server.port, "补社保卡要带什么，我在大港", sender="sanity")
    if not said or not any("社保卡" in str(message.get("text")) for message in said):
        raise RuntimeError(f"{server.name} answers {said}")


def stock(project: Path) -> Stock:
    return Stock(BASE + 2, WORK / "stock-server", project)


def bot() -> Bot:
    return Bot(BASE, WORK / "bot-server")
