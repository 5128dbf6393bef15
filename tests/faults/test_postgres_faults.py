"""PostgreSQL stopped for half a minute under the running server, and started again; the same as in test_faults must hold."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Iterator

import pgserver
import pytest
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


@pytest.fixture(scope="module")
def on_postgres(model: None, folder: Path, postgres: pgserver.PostgresServer) -> Iterator[BreakableServer]:
    made = BreakableServer(folder, postgres.get_uri())
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
