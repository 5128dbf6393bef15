"""A real server of its own whose surroundings a test may break, and a small disk for its database."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Iterator, Optional

import pytest

from bot.settings import ROOT
from tests.conftest import Server

DISK_MEGABYTES = 24


class BreakableServer(Server):
    """`start`, `kill` and `stop` its process; `faults(...)` switches faults inside it on, and all others off."""

    def __init__(self, folder: Path, database_url: str, **environment: str) -> None:
        self.folder = folder
        self.environment = environment
        self.process: Optional[subprocess.Popen[bytes]] = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url, self.log, self.database_url = f"http://127.0.0.1:{self.port}", folder / "server.log", database_url
        self.faults()

    def faults(self, **faults: Any) -> None:
        fresh = self.folder / "faults.new"
        fresh.write_text(json.dumps(faults), encoding="utf-8")
        fresh.replace(self.folder / "faults.json")

    def launch(self) -> None:
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PORT": str(self.port),
            "DATABASE_URL": self.database_url,
            "FAULTS": str(self.folder / "faults.json"),
            "LOG_FORMAT": "json",
            **self.environment,
        }
        command = [sys.executable, "-m", "tests.faults.server"]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)

    def start(self) -> None:
        self.launch()
        assert self.process is not None
        deadline = time.monotonic() + 120
        while self.health()[0] != 200:
            assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text(errors="replace")[-3000:]
            time.sleep(0.2)

    def health(self) -> tuple[int, dict[str, Any]]:
        """Return (0, {}) while the port is closed."""
        try:
            return self.request("/health")
        except OSError:
            return 0, {}

    def wait_for_health(self, status: int, seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while True:
            got, body = self.health()
            if got == status:
                return body
            assert time.monotonic() < deadline, (got, body, self.log.read_text(errors="replace")[-2000:])
            time.sleep(0.3)

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=30)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def questions(self) -> list[str]:
        """Return what the table of turns holds (SQLite only)."""
        with sqlite3.connect(f"file:{self.folder / 'data' / 'bot.sqlite'}?mode=ro", uri=True, timeout=30) as connection:
            return [row[0] for row in connection.execute("select question from turn order by id")]


@pytest.fixture(scope="session")
def model(server: Server) -> None:
    """There is a current model: the server that all tests share has trained it if need be."""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder outside of pytest's own, which PostgreSQL's user could not enter."""
    made = Path(tempfile.mkdtemp(prefix="bot-faults-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def small_disk(folder: Path) -> Iterator[bool]:
    """`folder`/data is a disk of DISK_MEGABYTES; False where this process may not mount one."""
    data = folder / "data"
    data.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m", "tmpfs", str(data)]
    mounted = os.geteuid() == 0 and subprocess.run(["mount", *options], capture_output=True).returncode == 0
    yield mounted
    if mounted:
        subprocess.run(["umount", "-l", str(data)], check=True)


@pytest.fixture(scope="module")
def breakable(model: None, folder: Path, small_disk: bool) -> Iterator[BreakableServer]:
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    made = BreakableServer(folder, f"sqlite:///{folder / 'data' / 'bot.sqlite'}")
    made.start()
    try:
        yield made
    finally:
        made.stop()
