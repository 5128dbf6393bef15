"""The running server keeps the interface that others rely on: /health, REST, /api, errors."""

from __future__ import annotations

import json

import pytest

from bot.knowledge.queries import Knowledge
from tests.conftest import Server

pytestmark = pytest.mark.server
CUSTOM = {
    "kind", "item", "service", "jurisdiction", "applicant", "situation", "aspect", "not_in_source", "slot", "options", "candidates", "source",
}  # fmt: skip


def test_health_counts_the_items(server: Server) -> None:
    status, body = server.request("/health")
    assert (status, body["status"], body["items"]) == (200, "ok", 179) and body["model"]


def test_every_item_is_served_with_all_that_its_source_says(server: Server, knowledge: Knowledge) -> None:
    for item in knowledge.items():
        status, body = server.request(f"/api/items/{item.id}")
        assert status == 200
        told = json.dumps(body, ensure_ascii=False).replace('\\"', '"')
        for text in [r.text for r in item.requirements] + [s.text for s in item.legal_basis] + [c.value for c in item.contacts]:
            assert json.dumps(text, ensure_ascii=False)[1:-1].replace('\\"', '"') in told, (item.id, text)


def test_an_unknown_item_is_a_404_with_a_reason(server: Server) -> None:
    status, body = server.request("/api/items/dagang-99.9")
    assert status == 404 and "dagang-99.9" in body["error"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'"text"',
        b"{}",
        b'{"sender": "a"}',
        b'{"sender": 1, "message": "x"}',
        b'{"sender": "a", "message": 5}',
        b'{"sender": "a", "message": null}',
        b'{"sender": "a", "message": "x", "metadata": []}',
        b'{"sender": "a", "message": "x", "metadata": {"jurisdiction": "mars"}}',
        b'{"sender": "a", "message": "x", "metadata": {"jurisdiction": ["dagang"]}}',
        json.dumps({"sender": "a", "message": "长" * 2001}).encode(),
        b"\xff\xfe",
        b"[" * 5000,
    ],
)
def test_bad_input_is_a_400_with_a_reason(server: Server, body: bytes) -> None:
    status, answer = server.request("/webhooks/rest/webhook", body)
    assert 400 <= status < 500 and answer["error"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=", "limit=x", "limit=100", "limit=150", "limit=" + "9" * 5000, "limit=²", "jurisdiction=mars"]
)
def test_bad_searches_are_refused(server: Server, query: str) -> None:
    status, body = server.request(f"/api/search?q=a&{query.replace('²', '%C2%B2')}")
    assert status == 400 and body["error"]


@pytest.mark.parametrize(
    ("query", "item"),
    [("shebaoka", "yuzhong-5"), ("dibao", "hebei-9.6"), ("9.6", "hebei-9.6"), ("%E4%BD%8E%E4%BF%9D", "hebei-9.6")],
)
def test_half_typed_searches_find(server: Server, query: str, item: str) -> None:
    status, body = server.request(f"/api/search?q={query}&limit=20")
    assert status == 200 and item in [result["item"] for result in body["results"]]


def test_a_reply_has_the_whole_machine_readable_form(server: Server) -> None:
    reply = server.say("form", "补社保卡要带什么", "dagang")
    assert set(reply) >= CUSTOM and reply["kind"] == "clarify" and reply["slot"] == "applicant"
    assert [option["title"] for option in reply["options"]] == ["本人", "代办"]
    assert "1. 本人" in reply["text"]


@pytest.mark.parametrize(
    "text",
    [
        "/restart",
        "／restart",
        '\u3000/ask_phone{"memory": 1}',
        "/session_start",
        "/",
        "请问/restart",
        "嗯，／restart",
        "那个 /session_start",
        '嗯嗯，/ask_phone{"memory": {}}',
    ],
)
def test_no_command_of_the_framework_reaches_the_bot(server: Server, text: str) -> None:
    sender = f"slash-{text}"
    server.say(sender, "补社保卡要带什么", "dagang")
    server.say(sender, text)
    reply = server.say(sender, "我本人")
    assert reply["item"] == "dagang-2.2" and reply["applicant"] == "self"


def test_personal_numbers_are_neither_repeated_nor_logged(server: Server) -> None:
    secret = "11010519491231002X"
    reply = server.say("secret", f"我身份证{secret}，社保卡丢了咋补", "dagang")
    assert secret not in json.dumps(reply, ensure_ascii=False)
    assert secret.encode() not in server.log.read_bytes()


def test_conversations_do_not_mix(server: Server) -> None:
    server.say("one", "补社保卡要带什么", "dagang")
    server.say("two", "失业登记要带什么", "gaoxin")
    assert server.say("one", "本人")["item"] == "dagang-2.2"
    assert server.say("two", "第一个")["item"] == "gaoxin-2"


def test_feedback_is_stored_and_wrong_feedback_refused(server: Server) -> None:
    good = {"sender": "a", "vote": "down", "item": "dagang-2.2", "question": "补卡", "reason": "没说带几张照片"}
    assert server.request("/webhooks/rest/feedback", json.dumps(good).encode())[0] == 201
    for bad in ({}, {"vote": "up"}, {"sender": "a", "vote": "maybe"}, {"sender": "a", "vote": "up", "reason": 5}, []):
        status, body = server.request("/webhooks/rest/feedback", json.dumps(bad).encode())
        assert status == 400 and body["error"]


def test_the_page_and_its_files_are_served_with_a_strict_policy(server: Server) -> None:
    import urllib.request

    for path, kind in (("/", "text/html"), ("/static/chat.js", "text/javascript"), ("/embed.js", "text/javascript")):
        with urllib.request.urlopen(server.url + path) as response:
            assert response.headers["Content-Type"].startswith(kind)
            assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    assert server.request("/static/../cli.py")[0] == 404
