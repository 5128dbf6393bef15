"""Two processes, and every night four, over a real PostgreSQL and a real Redis behind a round-robin proxy are one bot."""

from __future__ import annotations

import json
import shutil
import socket
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Iterator

import pytest
from redis import Redis
from sqlalchemy import create_engine, text

from bench.cluster import Cluster, postgres, redis
from bot.models.registry import Registry
from bot.settings import ROOT

pytestmark = pytest.mark.server


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture(scope="module")
def locks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(scope="module")
def registry(server: object, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """A folder of models with the promoted one. `server` is asked for as it makes the model."""
    project, own = Registry(ROOT / "models"), Registry(tmp_path_factory.mktemp("models"))
    model = project.read().promoted
    assert model is not None
    copy = own.folder / f"{model.data_version}.tar.gz"
    shutil.copy(project.file_of(model), copy)
    own.promote(own.add(copy, data_version=model.data_version, by="test", phrasings=model.phrasings).id, by="test")
    return own


@pytest.fixture(scope="module", params=[2, pytest.param(4, marks=pytest.mark.nightly)])
def cluster(registry: Registry, database: str, locks: str, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """All start at the same moment."""
    with Cluster(free_ports(1 + request.param), database, locks, MODELS=str(registry.folder)) as running:
        yield running


def say(port: int, sender: str, message: str) -> dict[str, Any]:
    """Return the turn's machine-readable reply."""
    body = json.dumps({"sender": sender, "message": message}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/webhooks/rest/webhook", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return next(message["custom"] for message in json.load(response) if "custom" in message)


def test_a_conversation_that_hops_between_processes_keeps_its_state(cluster: Cluster) -> None:
    sender = f"hop-{len(cluster.servers)}"
    asked = say(cluster.port, sender, "补社保卡要带什么")
    assert (asked["kind"], asked["slot"]) == ("clarify", "jurisdiction")
    place = say(cluster.port, sender, "大港")
    assert (place["kind"], place["item"], place["slot"]) == ("clarify", "dagang-2.2", "applicant")
    answer = say(cluster.port, sender, "本人")
    assert (answer["kind"], answer["item"], answer["aspect"]) == ("answer", "dagang-2.2", "materials")
    follow_up = say(cluster.port, sender, "那电话多少")
    assert (follow_up["kind"], follow_up["item"], follow_up["aspect"]) == ("answer", "dagang-2.2", "phone")


def test_the_proxy_sends_each_the_same_number_of_requests(cluster: Cluster) -> None:
    before = [_requests(one.port) for one in cluster.servers]
    for _ in range(5 * len(before)):
        say(cluster.port, "both", "你好")
    assert [_requests(one.port) - n for one, n in zip(cluster.servers, before)] == [5] * len(before)


def _requests(port: int) -> int:
    """Return how many turns a process has served, from its metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as response:
        lines = response.read().decode().splitlines()
    return int(sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("bot_turns_total{")))


def test_two_messages_at_once_on_two_processes_are_handled_in_order(cluster: Cluster, locks: str) -> None:
    first, second = cluster.servers[0].port, cluster.servers[-1].port
    queues = Redis.from_url(locks)

    def pair(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        with ThreadPoolExecutor(2) as clients:
            question = clients.submit(say, first, name, "补社保卡要带什么")
            while not question.done() and not queues.exists(f"bot:lock:{{rest:{name}}}"):
                time.sleep(0.0005)  # until the first message is in its queue
            place = clients.submit(say, second, name, "大港街道")
            return question.result(), place.result()

    for number in range(6):
        question, place = pair(f"pair-{len(cluster.servers)}-{number}")
        assert question["slot"] == "jurisdiction", question
        assert (place["item"], place["jurisdiction"]) == ("dagang-2.2", "dagang"), place


def test_many_messages_of_one_conversation_lose_nothing(cluster: Cluster, database: str) -> None:
    sender = f"crowd-{len(cluster.servers)}"
    with ThreadPoolExecutor(8) as clients:
        done = [clients.submit(say, cluster.servers[n % len(cluster.servers)].port, sender, f"第{n}句，你好") for n in range(24)]
        assert all(one.result()["kind"] for one in done)
    engine = create_engine(database)
    with engine.connect() as connection:
        own = {"id": f"rest:{sender}"}
        turns = connection.execute(text("select count(*) from turn where conversation_id = :id"), own).scalar()
        kept = connection.execute(text("select count(*) from conversation where id = :id"), own).scalar()
    engine.dispose()
    assert (turns, kept) == (24, 1)


def test_a_promoted_model_reaches_every_process_within_ten_seconds(cluster: Cluster, registry: Registry) -> None:
    first = registry.read().promoted
    assert first is not None and set(_models(cluster)) == {first.id}
    copy = registry.folder / f"{first.data_version}.tar.gz"
    shutil.copy(registry.file_of(first), copy)
    second = registry.add(copy, data_version=first.data_version, by="test", phrasings=first.phrasings)
    say(cluster.port, f"through-{second.id}", "补社保卡要带什么")
    registry.promote(second.id, by="test")
    begun = time.monotonic()
    while set(_models(cluster)) != {second.id}:
        assert time.monotonic() - begun < 10, _models(cluster)
        time.sleep(0.1)
    assert say(cluster.port, f"through-{second.id}", "大港")["item"] == "dagang-2.2", "the conversation goes on"


def _models(cluster: Cluster) -> list[str]:
    """Return the id of the model that each process answers with."""
    found = []
    for server in cluster.servers:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/health", timeout=30) as response:
            found.append(json.load(response)["model"])
    return found


def test_when_a_process_is_killed_the_other_goes_on_with_its_conversations(cluster: Cluster) -> None:
    """The last test: it ends a process."""
    doomed, other, sender = cluster.servers[0], cluster.servers[-1], f"orphan-{len(cluster.servers)}"
    assert say(doomed.port, sender, "补社保卡要带什么")["slot"] == "jurisdiction"
    doomed.processes["server"].kill()
    doomed.processes["server"].wait()
    assert say(other.port, sender, "大港")["item"] == "dagang-2.2"
