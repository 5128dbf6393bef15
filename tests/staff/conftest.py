"""The staff pages in a real server (without a model), and a browser; accounts are made as they are needed."""

from __future__ import annotations

import asyncio
import itertools
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sanic import Sanic
from sanic.app import Sanic as App

from bot.settings import Settings
from bot.staff import accounts, site
from bot.storage.database import migrate, open_engine
from bot.storage.worker import DatabaseWorker

PASSWORD = "correct horse battery"
HASH = accounts.hash_password("nobody", PASSWORD)
_numbers = itertools.count()


class Office:
    """The running staff pages. `login(role, …)` gives a client that is logged in and sends the CSRF value."""

    def __init__(self, app: App, url: str, engine: Any) -> None:
        self.app, self.url, self.engine = app, url, engine

    def account(self, *roles: str) -> str:
        name = f"{'-'.join(roles)}-{next(_numbers)}"
        with self.engine.begin() as connection:
            accounts.add(connection, name, HASH, roles)
        return name

    def client(self, **more: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Accept": "text/html"}, **more)

    def login(self, *roles: str) -> httpx.Client:
        client = self.client()
        answer = client.post("/login", data={"name": self.account(*roles), "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        client.headers["X-CSRF-Token"] = csrf(client)
        return client


def csrf(client: httpx.Client) -> str:
    found = re.search(r'name="csrf" value="(\w+)"', client.get("/staff/account").text)
    assert found
    return found.group(1)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    path: Path = tmp_path_factory.mktemp("office") / "bot.sqlite"
    engine = open_engine(f"sqlite:///{path}")
    migrate(engine)
    app = Sanic(f"office_{next(_numbers)}", configure_logging=False)
    app.config.update(REQUEST_MAX_SIZE=65536)
    app.ctx.settings = Settings(database_url=f"sqlite:///{path}")
    app.ctx.worker = DatabaseWorker(engine)
    app.ctx.agent = None
    site.install(app)
    with running(app) as url:
        yield Office(app, url, engine)
    app.ctx.worker.close()


class running:
    """Serves `app` in a thread, on a free port."""

    def __init__(self, app: App) -> None:
        self._app, self._ready = app, threading.Event()

    def __enter__(self) -> str:
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        assert self._ready.wait(10)
        return f"http://127.0.0.1:{self._port}"

    def __exit__(self, *error: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _serve(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        Sanic.test_mode = True  # else Sanic 21.12 rewrites its own methods at each start and fails at the second
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        server = await self._app.create_server(sock=listener, return_asyncio_server=True, access_log=False)
        await server.startup()
        await server.start_serving()
        self._port = listener.getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
