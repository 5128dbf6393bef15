"""The running server with all its ways in: no personal number stays anywhere, no command, no foreign conversation, no way round."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.channels.wechat.accounts import Account
from bot.channels.wechat.simulate import Simulator
from bot.staff import accounts
from bot.storage.database import open_engine
from bot.storage.export import export
from tests.conftest import Server

pytestmark = pytest.mark.server
NUMBERS = {
    "11010519491231002X": "11010519491231002X",
    "440524188001010014": "4405 2418 8001 0100 14",
    "34052419800101001X": "３４０５２４-19800101-001Ｘ",
    "13800138123": "一三八零零一三八一二三",
    "13900139456": "139 0013\n9456",
    "13700137789": "137然后0013后面是7789",
    "6222020100012345678": "6222 0201 0001 2345 678",
    "03725558888": "0372-5558888",
    "E87654321": "E87654321",
    "91350211M000100Y43": "91350211M000100Y43",
    "zhangsan@example.org": "zhangsan@example.org",
    "津A98765": "津A·98765",
}  # fmt: skip


def written(folder: Path) -> bytes:
    """Return all that the server has written: the log, the database with its log, conversations unpacked."""
    everything = b"\n".join(file.read_bytes() for file in sorted(folder.iterdir()) if file.is_file())
    with sqlite3.connect(f"file:{folder / 'bot.sqlite'}?mode=ro", uri=True) as connection:
        states = [zlib.decompress(state) for (state,) in connection.execute("select state from conversation")]
        ids = [str(row).encode() for row in connection.execute("select id from conversation")]
    return b"\n".join([everything, *states, *ids])


def forms(number: str, typed: str) -> list[bytes]:
    plain = "".join(c for c in typed if c.isalnum() or "\u4e00" <= c <= "\u9fff" or c in "@.")
    return [form.encode() for form in {number, typed, plain, number.lower()}]


@pytest.fixture(scope="module")
def wechat(server: Server) -> Account:
    return server.wechat


def session(server: Server) -> str:
    status, body = server.request("/api/session", b"{}")
    assert status == 201
    return body["session"]


def web(server: Server, token: Any, message: str) -> tuple[int, Any]:
    return server.request("/webhooks/web/webhook", json.dumps({"session": token, "message": message}).encode())


@pytest.fixture(scope="module")
def desk(server: Server) -> Iterator[httpx.Client]:
    """A hotline clerk, logged in, who sends the CSRF value."""
    engine = open_engine(server.database_url)
    with engine.begin() as connection:
        accounts.add(connection, "safety-desk", accounts.hash_password("safety-desk", "correct horse battery"), ("hotline",))
    engine.dispose()
    with httpx.Client(base_url=server.url, headers={"Accept": "text/html"}, timeout=60) as client:
        assert client.post("/login", data={"name": "safety-desk", "password": "correct horse battery"}).status_code == 303
        found = re.search(r'name="csrf" value="(\w+)"', client.get("/staff/account").text)
        assert found
        client.headers["X-CSRF-Token"] = found[1]
        yield client


def test_no_personal_number_stays_in_a_reply_the_log_or_the_database(server: Server, wechat: Account, desk: httpx.Client) -> None:
    token, phone = session(server), Simulator(server.url, wechat)
    for n, (number, typed) in enumerate(NUMBERS.items()):
        message = f"我是{typed}，社保卡丢了咋补"
        replies = [json.dumps(server.say(f"pii-{n}", message, "dagang"), ensure_ascii=False)]
        replies.append(json.dumps(server.say(f"pii-{n}", typed), ensure_ascii=False))
        replies.append(json.dumps(web(server, token, message)[1], ensure_ascii=False))
        replies.append(asyncio.run(phone.say(message)).body)
        replies.append(str(server.request(f"/api/search?q={urllib.parse.quote(message)}")))
        replies.append(desk.post("/hotline/search", data={"q": message, "answer": typed}).text)
        replies.append(desk.post("/hotline/corrections", data={"question": message, "note": typed}).text)
        vote = {"sender": number, "vote": "down", "question": message, "reason": typed}
        assert server.request("/webhooks/rest/feedback", json.dumps(vote).encode())[0] == 201
        wrong = {**vote, "sender": "a", "item": typed[:32]}
        assert server.request("/webhooks/rest/feedback", json.dumps(wrong).encode())[0] == 400
        own = {**vote, "session": token}
        assert server.request("/api/feedback", json.dumps(own).encode())[0] == 201
        server.request("/webhooks/rest/webhook", json.dumps({"sender": number, "message": message}).encode())
        server.request("/webhooks/rest/webhook", json.dumps({"sender": "a", "message": message, "metadata": typed}).encode())
        server.request(f"/api/items/{urllib.parse.quote(typed)}")
        server.request(f"/static/{urllib.parse.quote(typed)}")
        assert all("dagang-2.2" in reply or "补" in reply for reply in replies[:1])
        for form in forms(number, typed):
            assert not any(form in reply.encode() for reply in replies), form
    everything = written(server.folder)
    for number, typed in NUMBERS.items():
        for form in forms(number, typed):
            assert form not in everything, form
    assert "〔号码已隐去〕".encode() in everything


@pytest.mark.parametrize(
    "text", ["/restart", "\u200b／restart", "\\/restart", "、/restart", "请问 /restart", '/ask_phone{"memory":{}}']
)
def test_no_command_reaches_the_bot_through_web_or_wechat(server: Server, wechat: Account, text: str) -> None:
    token, phone = session(server), Simulator(server.url, wechat, openid=f"o{abs(hash(text))}")
    web(server, token, "大港街道补社保卡要带什么")
    web(server, token, text)
    assert web(server, token, "我本人")[1][-1]["custom"]["item"] == "dagang-2.2"
    for said in ("补社保卡要带什么", text):
        asyncio.run(phone.say(said))
    assert "本人" in asyncio.run(phone.say("我本人")).text


def test_a_web_conversation_goes_on_only_with_the_session_that_this_server_signed(server: Server) -> None:
    token = session(server)
    assert web(server, token, "大港街道补社保卡要带什么")[0] == 200
    status, messages = web(server, token, "我本人")
    resident = messages[0]["recipient_id"]
    assert status == 200 and messages[-1]["custom"]["item"] == "dagang-2.2" and resident in token and token != resident
    body, _, signature = token.rpartition(".")
    for forged in (
        resident,
        f"web:{resident}",
        body,
        f"{body}.{signature[:-1]}{'A' if signature[-1] != 'A' else 'B'}",
        "",
        None,
        5,
        [token],
        {},
    ):
        status, answer = web(server, forged, "电话多少")
        assert status == 401 and answer["error"], forged
    for sender in (resident, f"web:{resident}", token):
        assert server.say(sender, "电话多少")["item"] != "dagang-2.2"
    for path in ("/api/session/export", "/api/session/forget"):
        assert server.request(path, json.dumps({"session": resident}).encode())[0] == 401
        assert server.request(path, b"[]")[0] == 400


def test_a_resident_can_have_and_delete_the_own_records_and_nobody_elses(server: Server) -> None:
    mine, other = session(server), session(server)
    for token in (mine, other):
        web(server, token, "大沽街道怎么办理失业登记呢呢")
    vote = {"session": mine, "vote": "down", "item": "dagang-2.2", "question": "怎么办理", "reason": "看不懂看不懂"}
    assert server.request("/api/feedback", json.dumps(vote).encode())[0] == 201
    own = json.dumps({"session": mine}).encode()
    status, found = server.request("/api/session/export", own)
    assert status == 200 and set(found["rows"]) == {"conversation", "turn", "feedback"}
    assert len(found["rows"]["turn"]) == 1 and found["rows"]["feedback"][0]["reason"] == "看不懂看不懂"
    assert server.request("/api/session/forget", own) == (200, {"deleted": 3})
    assert server.request("/api/session/export", own)[1]["rows"] == {}
    assert "看不懂看不懂".encode() not in written(server.folder)
    assert server.request("/api/session/export", json.dumps({"session": other}).encode())[1]["rows"]["turn"]
    assert web(server, mine, "电话多少")[1][-1]["custom"]["service"] is None


def test_nobody_votes_in_a_conversation_of_a_program_by_naming_its_sender(server: Server) -> None:
    server.say("named-by-a-program", "大沽街道怎么办理失业登记")
    vote = {"sender": "named-by-a-program", "vote": "down", "question": "别人写的", "reason": "别人写的"}
    status, answer = server.request("/api/feedback", json.dumps(vote).encode())
    assert status == 401 and "session" in answer["error"]
    engine = open_engine(server.database_url)
    with engine.connect() as connection:
        assert set(export(connection, conversation_id="rest:named-by-a-program")) == {"conversation", "turn"}
    engine.dispose()


RASAS = [
    "/version",
    "/status",
    "/domain",
    "/model",
    "/conversations/a/tracker",
    "/conversations/a/messages",
    "/model/train",
    "/model/parse",
]


@pytest.mark.parametrize(
    "path", [*RASAS, "/docs", "/openapi", "/webhooks", "/webhooks/socketio/webhook", "/conversations/web:x/story"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_nothing_of_rasas_management_answers(server: Server, path: str, method: str) -> None:
    request = urllib.request.Request(server.url + path, method=method, data=b"{}" if method != "GET" else None)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)
    assert caught.value.code in (404, 405)


def headers(server: Server, path: str) -> Iterator[tuple[int, Any]]:
    try:
        with urllib.request.urlopen(server.url + path, timeout=10) as answer:
            yield answer.status, answer.headers
    except urllib.error.HTTPError as error:
        yield error.code, error.headers


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/privacy",
        "/health",
        "/api/search?q=a",
        "/api/items/nothing",
        "/nowhere",
        "/webhooks/rest/webhook",
        "/login",
        "/embed.js",
    ],
)
def test_every_answer_carries_the_security_headers(server: Server, path: str) -> None:
    ((_, found),) = headers(server, path)
    assert found["X-Content-Type-Options"] == "nosniff" and "-src 'self'" in found["Content-Security-Policy"].replace(
        "'none'", "'self'"
    )
    assert "frame-ancestors" in found["Content-Security-Policy"] and found["Referrer-Policy"] == "same-origin"
    assert found["Access-Control-Allow-Origin"] is None and found["Permissions-Policy"]


@pytest.mark.parametrize(
    "path",
    ["/static/../web.py", "/static/..%2fweb.py", "/static/%2e%2e/%2e%2e/settings.py", "/static//etc/passwd", "/static/..\\web.py", "/static/index.html%00.js"],
)  # fmt: skip
def test_no_file_but_the_pages_own_is_served(server: Server, path: str) -> None:
    assert (
        b"import"
        not in raw(server, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()).partition(b"\r\n\r\n")[2]
    )


def test_the_privacy_page_says_for_how_long(server: Server) -> None:
    with urllib.request.urlopen(server.url + "/privacy") as answer:
        page = answer.read().decode()
    assert "180 天" in page and "30 天" in page and "{" not in page


def raw(server: Server, request: bytes) -> bytes:
    import socket

    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=3) as connection:
        connection.sendall(request)
        parts = []
        while True:
            try:
                part = connection.recv(65536)
            except (TimeoutError, ConnectionResetError):
                break
            if not part:
                break
            parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: \xff\xfe\r\nConnection: close\r\n\r\n",
        b"GET /api/search?q=%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /%0d%0aX-Evil:%201 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Request-ID: a\r\n b: c\r\nConnection: close\r\n\r\n",
        b"POST /webhooks/web/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\nConnection: close\r\n\r\n{}",
        b"POST /webhooks/web/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\nConnection: close\r\n\r\n{}",
        b"POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
        b"POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n{}",
        b"POST /api/session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\nConnection: close\r\n\r\n{}",
        b"POST /api/session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nFFFFFFFFFFFF\r\n",
        b"POST /api/session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n-1\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 70000 + b"\r\n\r\n",
    ],
)
def test_malformed_requests_are_refused_and_inject_nothing(server: Server, request_: bytes) -> None:
    head = raw(server, request_).partition(b"\r\n\r\n")[0].lower()
    assert b"set-cookie: a=b" not in head and b"x-evil" not in head and b" 500 " not in head.split(b"\r\n")[0]
    assert server.request("/health")[0] == 200


@pytest.mark.parametrize(
    "body",
    [b"[" * 60000, b'{"a":' * 10000, b'{"session": "' + b"a" * 60000 + b'"}', b'{"session": ' + b"9" * 60000 + b"}", b'{"session": 1e999999}', b"\xed\xa0\x80", b'{"session": "\\ud800", "message": "\\ud800"}'],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/webhooks/web/webhook", "/api/session/export", "/api/feedback", "/webhooks/rest/webhook"])
def test_json_bombs_are_refused(server: Server, path: str, body: bytes) -> None:
    status, answer = server.request(path, body)
    assert 400 <= status < 500 and answer["error"]
