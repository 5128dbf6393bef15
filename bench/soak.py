"""`python -m bench.soak --minutes 60`: a steady load for a long time; errors, latency, memory, files, database, and a picture.

The load is open: turns begin at random moments, RATE a second on average, whether earlier ones are answered or not, and
a turn's time counts from the moment at which it was due. Without --rate it is SHARE of what the server can do, which is
measured first (sixteen clients without a pause). Writes soak.json and soak.png into --out; exit code 1 if something grew
or failed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import time
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Optional

from bench.client import Connection, request
from bench.measures import ask, write_conversations
from bench.servers import BASE, WORK, Bot, memory, processor
from bot.settings import ROOT

TALKING = 300  # conversations under way at a time
POINTS = 180  # of the picture
WARM_UP = 0.2  # share of the time that does not count when growth is judged
GROWTH = {"memory": 0.05, "p50": 0.25, "p99": 0.5}  # what the last fifth may be above the first after the warm-up
FEW_FILES = 10
REST = 2.0  # seconds; the server keeps an idle connection for five


@dataclass
class Point:
    """One stretch of time. seconds: since the beginning. Latencies in milliseconds, memory and sizes in MB."""

    seconds: float
    turns: int
    errors: int
    p50: float
    p99: float
    memory: float
    files: int
    database: float
    waiting: int
    server_processor: float
    own_processor: float


@dataclass
class Soak:
    """rate: turns a second asked for. capacity: turns a second that were measured first, None if the rate was given."""

    rate: float
    minutes: float
    capacity: Optional[float] = None
    begun: str = ""
    points: list[Point] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)  # of turns that failed
    latencies: dict[str, float] = field(default_factory=dict)


class Load:
    """Talks to `port`: at any moment TALKING conversations, each of which says its next sentence after its last was answered."""

    def __init__(self, port: int, conversations: list[list[str]], seed: int = 11) -> None:
        self._port, self._conversations = port, conversations
        self._chance = random.Random(seed)
        self._number = 0
        self._talking = [self._new() for _ in range(TALKING)]
        self._idle: list[tuple[float, Connection]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.latencies: list[float] = []
        self.all: list[float] = []
        self.errors = 0
        self.reasons: dict[str, int] = {}

    @property
    def waiting(self) -> int:
        return len(self._tasks)

    async def run(self, rate: float, until: float) -> None:
        """Begin turns until the time `until` (of time.perf_counter), then wait for the last answers."""
        due = time.perf_counter()
        while due < until:
            due += self._chance.expovariate(rate)
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            place = self._chance.randrange(len(self._talking)) if self._talking else -1
            sender, left = self._talking.pop(place) if place >= 0 else self._new()
            task = asyncio.create_task(self._say(due, sender, left))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        await asyncio.gather(*self._tasks)

    def take(self) -> tuple[list[float], int]:
        """Return the latencies in seconds and the number of errors since the last call."""
        taken = self.latencies, self.errors
        self.all += self.latencies
        self.latencies, self.errors = [], 0
        return taken

    def _new(self) -> tuple[str, list[str]]:
        self._number += 1
        messages = self._conversations[self._number % len(self._conversations)]
        return f"soak-{self._number}", messages[self._chance.randrange(len(messages)) if self._number <= TALKING else 0 :]

    async def _connection(self) -> Connection:
        """Return a connection that was used a moment ago, or a new one: the server closes those that rest for seconds."""
        while self._idle:
            since, connection = self._idle.pop()
            if not connection.is_closed and time.perf_counter() - since < REST:
                return connection
            connection.close()
        return (await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", self._port))[1]

    async def _say(self, due: float, sender: str, left: list[str]) -> None:
        reason = ""
        try:
            connection = await self._connection()
            answer = await connection.ask(request(self._port, sender, left[0]))
            if not answer.startswith(b"200 [{") or "系统出了点问题" in answer.decode():
                reason = answer[:200].decode(errors="replace")
            self._idle.append((time.perf_counter(), connection))
        except (OSError, asyncio.TimeoutError) as error:
            reason = f"{type(error).__name__}: {error}"
        if reason:
            self.errors += 1
            self.reasons[reason] = self.reasons.get(reason, 0) + 1
        else:
            self.latencies.append(time.perf_counter() - due)
        if len(self._talking) < TALKING:
            self._talking.append((sender, left[1:]) if len(left) > 1 else self._new())


async def soak(bot: Bot, conversations: list[list[str]], result: Soak) -> None:
    """Load the running `bot` and fill `result.points`."""
    pid, database = bot.processes["server"].pid, bot.folder / "bot.sqlite"
    load, begun = Load(bot.port, conversations), time.perf_counter()
    stretch = max(1.0, result.minutes * 60 / POINTS)
    talking = asyncio.create_task(load.run(result.rate, begun + result.minutes * 60))
    spent, own = processor(pid), time.process_time()
    last = begun
    while not talking.done():
        await asyncio.wait([talking], timeout=stretch)
        now, (latencies, errors) = time.perf_counter(), load.take()
        point = Point(
            seconds=round(now - begun, 1),
            turns=len(latencies),
            errors=errors,
            p50=quantile(latencies, 0.5),
            p99=quantile(latencies, 0.99),
            memory=round(memory(pid)["rss"], 1),
            files=len(os.listdir(f"/proc/{pid}/fd")),
            database=round(sum(path.stat().st_size for path in database.parent.glob("bot.sqlite*")) / 1e6, 2),
            waiting=load.waiting,
            server_processor=round((processor(pid) - spent) / (now - last), 2),
            own_processor=round((time.process_time() - own) / (now - last), 2),
        )
        spent, own, last = processor(pid), time.process_time(), now
        result.points.append(point)
        if len(result.points) % 10 == 0:
            print(f"  {point.seconds / 60:5.1f} min  {point}", flush=True)
    await talking
    result.reasons = load.reasons
    result.latencies = {
        name: quantile(load.all, share) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))
    }


def quantile(seconds: list[float], share: float) -> float:
    """Return the quantile in milliseconds, 0 of nothing."""
    ordered = sorted(seconds)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3, 1) if ordered else 0.0


def judge(result: Soak) -> list[str]:
    """Return what went wrong or grew; an empty list is what is wanted."""
    errors = sum(point.errors for point in result.points)
    found = [f"{errors} turns failed"] if errors else []
    turns = sum(point.turns for point in result.points)
    wanted = result.rate * result.minutes * 60
    if turns < 0.95 * wanted:
        found.append(f"{turns} turns were answered of {wanted:.0f} that were due")
    steady = result.points[int(len(result.points) * WARM_UP) :]
    fifth = max(1, len(steady) // 5)
    first, last = steady[:fifth], steady[-fifth:]
    for name, share in GROWTH.items():
        before, after = (statistics.median(getattr(point, name) for point in part) for part in (first, last))
        if after > before * (1 + share):
            found.append(f"{name} grew from {before:.1f} to {after:.1f}")
    before, after = (statistics.median(point.files for point in part) for part in (first, last))
    if after > before + FEW_FILES:
        found.append(f"open files grew from {before:.0f} to {after:.0f}")
    return found


def draw(result: Soak, path: Path) -> None:
    """Draw the picture for the documentation."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams["font.family"] = ["Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Zen Hei", "SimHei", "DejaVu Sans"]
    figure, axes = plt.subplots(4, 1, sharex=True, figsize=(9, 9), constrained_layout=True)
    minutes = [point.seconds / 60 for point in result.points]
    errors, turns = sum(point.errors for point in result.points), sum(point.turns for point in result.points)
    share = f"（测得能力的 {result.rate / result.capacity:.0%}）" if result.capacity else ""
    figure.suptitle(f"{result.minutes:.0f} 分钟，每秒 {result.rate:.1f} 轮{share}：{turns} 轮，{errors} 个错误")

    def line(axis: Any, name: str, label: str, **more: Any) -> None:
        axis.plot(minutes, [getattr(point, name) for point in result.points], label=label, linewidth=1, **more)

    line(axes[0], "p99", "99 分位", color="#c0392b")
    line(axes[0], "p50", "中位数", color="#2471a3")
    axes[0].set_ylabel("毫秒")
    axes[0].legend(loc="upper right", ncol=2)
    line(axes[1], "memory", "内存", color="#2471a3")
    axes[1].set_ylabel("内存，MB")
    axes[1].set_ylim(0, max(point.memory for point in result.points) * 1.2)
    line(axes[2], "files", "打开的文件和连接", color="#2471a3")
    line(axes[2], "errors", "错误", color="#c0392b")
    axes[2].set_ylim(bottom=0)
    axes[2].set_ylabel("个")
    axes[2].legend(loc="upper right", ncol=2)
    line(axes[3], "database", "数据库", color="#2471a3")
    axes[3].set_ylim(bottom=0)
    axes[3].set_ylabel("数据库，MB")
    axes[3].set_xlabel("分钟")
    for axis in axes:
        axis.grid(alpha=0.3)
    figure.savefig(path, dpi=90)
    plt.close(figure)


def main(arguments: Optional[list[str]] = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, help="turns a second; default: SHARE of the measured capacity")
    parser.add_argument("--share", type=float, default=0.6)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / f"soak-{datetime.now():%Y%m%d-%H%M%S}")
    options = parser.parse_args(arguments)
    short, _ = write_conversations(ROOT / "data")
    conversations = json.loads(short.read_text(encoding="utf-8"))
    options.out.mkdir(parents=True, exist_ok=True)
    with Bot(BASE + 6, WORK / "soak-server", LOG_LEVEL="warning") as bot:
        assert isinstance(bot, Bot)
        capacity: Optional[float] = None
        if options.rate is None:
            print("measuring what the server can do …", flush=True)
            ask(bot.port, short, name="warm", clients=16, seconds=5)
            rounds = [ask(bot.port, short, name=f"capacity-{n}", clients=16, seconds=10) for n in range(3)]
            capacity = round(statistics.median(one["turns"] / one["seconds"] for one in rounds), 1)
        rate = options.rate or options.share * (capacity or 0)
        result = Soak(rate, options.minutes, capacity, f"{datetime.now():%Y-%m-%d %H:%M}")
        print(f"{result.rate:.1f} turns a second for {options.minutes:.0f} minutes …", flush=True)
        asyncio.run(soak(bot, conversations, result))
    result.findings = judge(result)
    (options.out / "soak.json").write_text(json.dumps(asdict(result), ensure_ascii=False, indent=1), encoding="utf-8")
    draw(result, options.out / "soak.png")
    print(
        f"{sum(p.turns for p in result.points)} turns, {sum(p.errors for p in result.points)} errors, latency in ms {result.latencies}"
    )
    for reason, count in result.reasons.items():
        print(f"  {count} times: {reason}")
    for finding in result.findings or ["nothing failed and nothing grew"]:
        print(f"- {finding}")
    print(os.path.relpath(options.out / "soak.png", ROOT))
    return 1 if result.findings else 0


if __name__ == "__main__":
    sys.exit(main())
