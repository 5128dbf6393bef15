"""The running server tells an operator what it does: metrics, request ids, log lines."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from typing import Optional

import pytest

from tests.conftest import Server

pytestmark = pytest.mark.server


def fetch(
    server: Server, path: str, headers: Optional[dict[str, str]] = None, method: str = "GET"
) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(server.url + path, headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, {k.lower(): v for k, v in response.headers.items()}, response.read()
    except urllib.error.HTTPError as error:
        return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()


def sample(text: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.M)
    return float(found.group(1)) if found else 0.0


def test_turns_are_counted_by_channel_and_kind(server: Server) -> None:
    name = 'bot_turns_total{channel="rest",kind="clarify"}'
    before = sample(fetch(server, "/metrics")[2].decode(), name)
    assert server.say("metrics", "补社保卡要带什么", "dagang")["kind"] == "clarify"
    text = fetch(server, "/metrics")[2].decode()
    assert sample(text, name) == before + 1
    assert sample(text, 'bot_turn_seconds_count{channel="rest"}') > 0
    assert sample(text, "process_resident_memory_bytes") > 1e8
    assert 'bot_queue_length{queue="database"}' in text and "社保卡" not in text


def test_metrics_are_not_passed_on_by_a_proxy(server: Server) -> None:
    assert fetch(server, "/metrics", {"X-Forwarded-For": "203.0.113.9"})[0] == 403


def test_the_id_of_a_request_comes_back_and_stands_in_the_log(server: Server) -> None:
    status, headers, _ = fetch(server, "/api/items/dagang-2.2", {"X-Request-ID": "trace-77"})
    assert status == 200 and headers["x-request-id"] == "trace-77"
    lines = [json.loads(line) for line in server.log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
    (line,) = [line for line in lines if line.get("request_id") == "trace-77"]
    assert (line["route"], line["status"]) == ("/api/items/<item_id:str>", 200)


@pytest.mark.parametrize(("path", "method", "status"), [("/nowhere", "GET", 404), ("/health", "DELETE", 405), ("/%00", "GET", 404)])
def test_what_does_not_exist_is_refused_in_json(server: Server, path: str, method: str, status: int) -> None:
    got, headers, body = fetch(server, path, method=method)
    assert got == status and json.loads(body)["error"] and headers["content-type"] == "application/json"
