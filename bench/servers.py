"""Start and stop what is measured: this bot, and the stock peer with its action server."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple, Optional

from bench.stock.build import build
from bot.settings import ROOT

WORK = ROOT / "var" / "bench"
QUESTION = "补社保卡要带什么"
BASE = int(os.environ.get("BENCH_PORT", "5055"))


def environment(**more: str) -> dict[str, str]:
    """Return this process's environment with `more`; Python keeps what it compiled, as it does unless it is told not to."""
    own = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**own, "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"} | more


class Server:
    """One or more processes that answer on `port`; used as a context."""

    name = ""

    def __init__(self, port: int, folder: Path) -> None:
        self.port, self.folder = port, folder
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.start_seconds = 0.0
        self._begun = 0.0

    def commands(self) -> dict[str, tuple[list[str], Path, dict[str, str]]]:
        """Return (arguments, working folder, environment) of each process by name."""
        raise NotImplementedError

    def __enter__(self) -> Server:
        self.launch()
        self.ready()
        return self

    def launch(self) -> None:
        """Start the processes; `ready` waits for them. Raises RuntimeError if something else answers on the port."""
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                raise RuntimeError(f"port {self.port} is taken; BENCH_PORT=N uses N and those after it")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._begun = time.monotonic()
        for name, (arguments, place, variables) in self.commands().items():
            with (self.folder / f"{name}.log").open("wb") as log:
                self.processes[name] = subprocess.Popen(arguments, cwd=place, env=environment(**variables), stdout=log, stderr=log)

    def ready(self) -> None:
        """Return when the first question has got a good answer. Raises RuntimeError, the processes being stopped."""
        try:
            self._wait(self._begun + 600)
        except BaseException:
            self.__exit__()
            raise
        self.start_seconds = time.monotonic() - self._begun

    def __exit__(self, *error: object) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = {}

    def _wait(self, deadline: float) -> None:
        while not answer(self.port, QUESTION):
            for name, process in self.processes.items():
                if process.poll() is not None:
                    log = (self.folder / f"{name}.log").read_text(errors="replace")[-3000:]
                    raise RuntimeError(f"{self.name}: {name} ended with {process.returncode}\n{log}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name}: no answer in time, see {self.folder}")
            time.sleep(0.05)

    def memory(self) -> dict[str, dict[str, float]]:
        """Return PSS and RSS in MB of each process, its children included."""
        return {name: memory(process.pid) for name, process in self.processes.items()}

    def processor(self) -> float:
        """Return the processor time in seconds that all processes have taken."""
        return sum(processor(pid) for process in self.processes.values() for pid in family(process.pid))


class Bot(Server):
    """`bot run` with the project's own model and a fresh SQLite file, or the database of `url`."""

    name = "bot"

    def __init__(self, port: int, folder: Path, *, root: Path = ROOT, url: Optional[str] = None, **variables: str) -> None:
        super().__init__(port, folder)
        self._root, self._variables = root, variables
        self._url = url or f"sqlite:///{folder / 'bot.sqlite'}"
        if url is None:
            shutil.rmtree(folder, ignore_errors=True)

    def commands(self) -> dict[str, tuple[list[str], Path, dict[str, str]]]:
        own = {"PORT": str(self.port), "DATABASE_URL": self._url, "PYTHONPATH": str(self._root), **self._variables}
        return {"server": ([sys.executable, "-m", "bot", "run"], self._root, own)}


class Stock(Server):
    """`rasa run` and `rasa run actions` of the project that bench.stock.build wrote to `project`."""

    name = "stock"

    def __init__(self, port: int, folder: Path, project: Path) -> None:
        super().__init__(port, folder)
        self._project = project
        shutil.rmtree(folder, ignore_errors=True)

    def commands(self) -> dict[str, tuple[list[str], Path, dict[str, str]]]:
        rasa = [sys.executable, "-m", "rasa", "run"]
        own = {
            "STOCK_ACTION_PORT": str(self.port + 1),
            "STOCK_TRACKER_DB": str(self.folder / "tracker.sqlite"),
            "STOCK_KNOWLEDGE_DB": str(self._project / "knowledge.sqlite"),
            "PYTHONPATH": str(ROOT),
        }
        serve = [*rasa, "-m", "models/stock.tar.gz", "--endpoints", "endpoints.yml", "--credentials", "credentials.yml"]
        return {
            "actions": ([*rasa, "actions", "--actions", "bench.stock.actions", "-p", str(self.port + 1)], self._project, own),
            "server": ([*serve, "-p", str(self.port)], self._project, own),
        }


def stock_project(folder: Path, epochs: int = 1) -> Path:
    """Return the peer's project with a trained model, made if the phrasings or the knowledge changed."""
    build(folder, epochs=epochs)
    digest = hashlib.sha256()
    for path in sorted([folder / "config.yml", folder / "domain.yml", *(folder / "data").glob("*.yml")]):
        digest.update(path.read_bytes())
    mark = folder / "models" / "digest"
    if not mark.is_file() or mark.read_text() != digest.hexdigest():
        print(f"training the stock peer with {epochs} epoch(s) (some minutes) …", file=sys.stderr, flush=True)
        done = timed_training([sys.executable, "-m", "rasa", *STOCK_TRAINING], folder, PYTHONPATH=str(ROOT))
        print(f"trained in {done.seconds:.0f} s, {done.processor:.0f} s of processor time", file=sys.stderr, flush=True)
        mark.write_text(digest.hexdigest())
    return folder


STOCK_TRAINING = ("train", "--force", "--fixed-model-name", "stock")


class Training(NamedTuple):
    """seconds: from the command to its end. processor: seconds of processor time. ended: False if the limit stopped it."""

    seconds: float
    processor: float
    ended: bool


def timed_training(command: list[str], place: Path, limit: Optional[float] = None, **variables: str) -> Training:
    """Run a training without anything cached, at most `limit` seconds; its output is in `training_log()`. Raises RuntimeError."""
    WORK.mkdir(parents=True, exist_ok=True)
    cache, log, code = WORK / "training-cache", training_log(), 0
    shutil.rmtree(cache, ignore_errors=True)
    begun, before = time.monotonic(), os.times()
    own = environment(RASA_CACHE_DIRECTORY=str(cache), **variables)
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=place, env=own, stdout=output, stderr=output, start_new_session=True)
        try:
            code = process.wait(timeout=limit)
            ended = True
        except subprocess.TimeoutExpired:
            ended = False
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    seconds, after = time.monotonic() - begun, os.times()
    shutil.rmtree(cache, ignore_errors=True)
    if code != 0:
        raise RuntimeError(f"training failed\n{log.read_text(errors='replace')[-3000:]}")
    busy = after.children_user + after.children_system - before.children_user - before.children_system
    return Training(seconds, busy, ended)


def training_log() -> Path:
    """Return the file with the output of the last training."""
    return WORK / "training.log"


def answer(port: int, message: str, sender: str = "first") -> Optional[list[dict[str, object]]]:
    """Return the messages of one turn, None if there are none or no server yet."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        body = json.dumps({"sender": sender, "message": message}).encode()
        connection.request("POST", "/webhooks/rest/webhook", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return (json.loads(response.read()) or None) if response.status == 200 else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


def family(pid: int) -> list[int]:
    """Return the process and all its descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in children:
            found += family(int(child))
    return found


def memory(pid: int) -> dict[str, float]:
    """Return PSS and RSS in MB of a process and its descendants."""
    total = {"pss": 0.0, "rss": 0.0}
    for one in family(pid):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()[1:]
        except OSError:
            continue
        sizes = {line.split(":")[0].lower(): float(line.split()[1]) / 1024 for line in lines}
        for name in total:
            total[name] += sizes.get(name, 0.0)
    return total


def processor(pid: int) -> float:
    """Return the processor time in seconds that a process has taken."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
