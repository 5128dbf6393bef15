"""A small office of its own: five services' phrasings, their held-out questions, real models trained in seconds, a real server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from bot.models.registry import Registry
from bot.settings import ROOT, Settings
from tests.conftest import Server, free_port

SERVICES = ("card_activate", "card_cancel", "card_loss", "card_password", "card_replace")
QUESTIONS = {
    "card_loss": ["卡被偷了先冻住它", "卡找不着了想先锁上", "钱包丢了卡在里头，咋先停用"],
    "card_password": ["密码想不起来咋整", "给卡换个新密码", "输错三回密码锁住了"],
    "card_cancel": ["老爷子不在了这张卡咋销", "人走了卡怎么处理掉", "两张卡想销掉一张"],
    "card_activate": ["新卡到手怎么开通", "卡还没启用能用吗咋弄", "拿到卡第一次激活"],
}


@dataclass
class Workshop:
    """folder: of everything; environment: for the project's commands."""

    folder: Path
    environment: dict[str, str]

    @property
    def settings(self) -> Settings:
        return Settings(models=self.folder / "models", data=self.folder / "data", heldout=self.folder / "heldout")

    @property
    def registry(self) -> Registry:
        return Registry(self.settings.models)

    def phrasings_of(self, service: str) -> Path:
        return self.folder / "data" / "nlu" / "services" / f"{service}.yml"

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "bot", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def bot(self, *arguments: str) -> tuple[int, str]:
        """Run a command; return its exit code and all that it said."""
        process = self.start(*arguments)
        said = process.communicate(timeout=600)
        return process.returncode, "".join(said)

    @contextmanager
    def server(self) -> Iterator[Server]:
        port = free_port()
        running = Server(f"http://127.0.0.1:{port}", self.folder, 0)
        environment = {**self.environment, "PORT": str(port)}
        with running.log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "bot", "run"], cwd=self.folder, env=environment, stdout=output, stderr=output
            )
        try:
            wait_until(lambda: health(running).get("status") == "ok" or process.poll() is not None, 600)
            assert process.poll() is None, running.log.read_text(errors="replace")[-3000:]
            yield running
        finally:
            process.terminate()
            process.wait(timeout=30)


def health(server: Server) -> dict[str, object]:
    """Return what /health says, {} while nobody listens."""
    try:
        return dict(server.request("/health")[1])
    except OSError:
        return {}


def wait_until(condition: object, seconds: float) -> float:
    """Wait until `condition()` holds; return after how many seconds it did."""
    begun = time.monotonic()
    while not condition():  # type: ignore[operator]
        assert time.monotonic() - begun < seconds, f"not within {seconds} s"
        time.sleep(0.1)
    return time.monotonic() - begun


def make(folder: Path) -> Workshop:
    """Lay out a workshop without a model."""
    data = folder / "data"
    for part in ("rules", "stories", "lexicon"):
        shutil.copytree(ROOT / "data" / part, data / part)
    (data / "nlu" / "services").mkdir(parents=True)
    for path in (ROOT / "data" / "nlu").glob("*.yml"):
        (data / "nlu" / path.name).write_text(_thinned(path.read_text(encoding="utf-8")), encoding="utf-8")
    for service in SERVICES:
        shutil.copy(ROOT / "data" / "nlu" / "services" / f"{service}.yml", data / "nlu" / "services" / f"{service}.yml")
    _write_heldout(folder / "heldout")
    paths = {"MODELS": "models", "DATA": "data", "HELDOUT": "heldout"}
    environment = {**os.environ, **{name: str(folder / part) for name, part in paths.items()}}
    environment |= {"DATABASE_URL": f"sqlite:///{folder / 'bot.sqlite'}", "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    return Workshop(folder, environment)


def _thinned(text: str) -> str:
    """Keep of every block its first eight examples and each tenth of the others."""
    kept, number = [], 0
    for line in text.splitlines(keepends=True):
        number = number + 1 if line.startswith("    - ") else 0
        if number <= 8 or number % 10 == 0:
            kept.append(line)
    return "".join(kept)


def _write_heldout(folder: Path) -> None:
    from bot.knowledge.catalog import load

    items: dict[str, list[str]] = {}
    for item in load(ROOT / "knowledge").items:
        for service in item.services:
            items.setdefault(service, []).append(item.id)
    questions = [
        {
            "id": f"{service}-{n}",
            "q": text,
            "items": items[service],
            "aspect": None,
            "jurisdiction": items[service][0].partition("-")[0],
        }
        for service, texts in QUESTIONS.items()
        for n, text in enumerate(texts)
    ]
    foreign = [{"id": "o1", "q": "公积金怎么取出来", "kind": "near"}, {"id": "o2", "q": "今天会下雨吗", "kind": "far"}]
    dialogues = [{"id": "d1", "turns": [{"user": "你好", "expect": {"kind": "chitchat"}}]}]
    folder.mkdir(parents=True)
    for name, records in (("questions", questions), ("out_of_scope", foreign), ("dialogues", dialogues)):
        lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")


class Talk:
    """Clients that keep talking, each in conversations of its own; `pauses` are the seconds of every turn with its moment."""

    MESSAGES = ("社保卡怎么激活", "要带什么", "那电话多少", "密码忘了怎么办", "谢谢")

    def __init__(self, server: Server, clients: int = 3) -> None:
        self._server, self._clients = server, clients
        self.turns: list[tuple[float, float]] = []
        self.failures: list[str] = []

    @property
    def worst(self) -> float:
        return max(seconds for _, seconds in self.turns)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Talk as long as the block runs."""
        over = threading.Event()
        threads = [threading.Thread(target=self._talk, args=(number, over)) for number in range(self._clients)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def _talk(self, client: int, over: threading.Event) -> None:
        conversation = 0
        while not over.is_set():
            conversation += 1
            item = None
            for message in self.MESSAGES:
                begun = time.perf_counter()
                try:
                    reply = self._server.say(f"talk-{id(self)}-{client}-{conversation}", message, "yuzhong")
                except Exception as error:
                    self.failures.append(repr(error))
                    return
                self.turns.append((begun, time.perf_counter() - begun))
                if message == "要带什么":
                    item = reply["item"]
                if message == "那电话多少" and reply["item"] != item:
                    self.failures.append(f"the conversation lost {item}: {reply['item']}")
                time.sleep(0.03)
