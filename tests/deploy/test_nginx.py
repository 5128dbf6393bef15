"""deploy/nginx/bot.conf in a real nginx: who reaches what, how often, and what the bot is told of them."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bot.settings import ROOT

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="NO NGINX TESTS: nginx is not installed")


class _Bot(BaseHTTPRequestHandler):
    """Answers with what it was asked; of an item called `broken` it does not know what to say."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        if self.path.startswith("/api/items/broken"):
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said = {"port": self.server.server_address[1], "headers": dict(self.headers), "bytes": len(body)}
        content = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _answer

    def log_message(self, *args: object) -> None:
        pass


class Front:
    """The running nginx."""

    def __init__(self, port: int, plain: int, bots: list[int], logs: Path) -> None:
        self.port, self.plain, self.bots, self.logs = port, plain, bots, logs

    def ask(
        self, path: str, body: bytes | None = None, times: int = 1, source: str = "127.0.0.1", **headers: str
    ) -> list[tuple[int, dict]]:
        """Return status and what the bot said of each request, all over one connection."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=30, source_address=(source, 0))
        said = []
        try:
            for _ in range(times):
                connection.request("POST" if body is not None else "GET", path, body, {"Host": "bot.example.gov.cn", **headers})
                response = connection.getresponse()
                content = response.read()
                said.append((response.status, json.loads(content) if response.status == 200 else {}))
            return said
        finally:
            connection.close()

    def status(self, path: str, body: bytes | None = None, source: str = "127.0.0.1") -> int:
        return self.ask(path, body, source=source)[0][0]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bot.example.gov.cn")])
    now = datetime.utcnow()
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    (folder / "fullchain.pem").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    (folder / "privkey.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))


def _start(folder: Path, office: str, gateway: str = "172.30.0.1") -> Iterator[Front]:
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), _Bot) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    bots = [server.server_address[1] for server in servers]
    port, plain = _free_port(), _free_port()
    _certificate(folder)
    written = (ROOT / "deploy" / "nginx" / "bot.conf").read_text(encoding="utf-8")
    conf = written.replace("/etc/nginx/certificates", str(folder)).replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
    logs = folder / "logs"
    logs.mkdir()
    conf = (
        conf.replace("/var/log/nginx", str(logs))
        .replace("listen 80;", f"listen 127.0.0.1:{plain};")
        .replace("10.0.0.0/8 ", f"{office} ")
        .replace("172.30.0.1/32", f"{gateway}/32")
    )
    conf = conf.replace(
        "server bot:5005 max_fails=2 fail_timeout=5s;", "".join(f"server 127.0.0.1:{bot} max_fails=0;" for bot in bots)
    )
    assert str(bots[0]) in conf and str(port) in conf and office in conf
    user = "user root;" if os.getuid() == 0 else ""  # else its workers may not write below this user's folder
    paths = "".join(f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    main = folder / "nginx.conf"
    main.write_text(
        f"daemon off; {user} worker_processes 1; pid {folder}/pid; error_log {logs}/default-error.log notice;\n"
        f"events {{}}\nhttp {{ access_log {logs}/default.log; {paths}\n{conf}\n}}\n",
        encoding="utf-8",
    )
    tested = subprocess.run([str(NGINX), "-t", "-c", str(main)], capture_output=True, text=True)
    assert tested.returncode == 0 and "[warn]" not in tested.stderr, tested.stderr
    process = subprocess.Popen([str(NGINX), "-c", str(main)], stderr=subprocess.DEVNULL)
    front = Front(port, plain, bots, logs)
    try:
        for _ in range(100):
            try:
                front.ask("/health")
                break
            except OSError:
                time.sleep(0.05)
        yield front
    finally:
        process.terminate()
        process.wait(timeout=10)
        for server in servers:
            server.shutdown()
            server.server_close()


@pytest.fixture(scope="module")
def from_outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    yield from _start(tmp_path_factory.mktemp("outside"), "10.0.0.0/8")


@pytest.fixture(scope="module")
def from_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    yield from _start(tmp_path_factory.mktemp("office"), "127.0.0.0/8")


def test_who_comes_through_the_gateway_of_the_containers_is_not_in_the_office(tmp_path: Path) -> None:
    starting = contextlib.contextmanager(_start)
    with starting(tmp_path, "127.0.0.0/8", gateway="127.0.0.1") as front:
        for path in ("/login", "/webhooks/rest/webhook"):
            assert (front.status(path, source="127.0.0.1"), front.status(path, source="127.0.0.9")) == (404, 200)


def test_requests_go_to_the_processes_in_turn_and_say_who_asks(from_outside: Front) -> None:
    said = from_outside.ask("/webhooks/web/webhook", b"{}", times=6)
    assert {status for status, _ in said} == {200}
    assert sorted(answer["port"] for _, answer in said) == sorted(from_outside.bots * 3)
    headers = said[0][1]["headers"]
    assert (headers["X-Forwarded-For"], headers["X-Forwarded-Proto"], headers["Host"]) == (
        "127.0.0.1",
        "https",
        "bot.example.gov.cn",
    )


def test_the_id_of_a_request_is_nginxs_own(from_outside: Front) -> None:
    ((_, said),) = from_outside.ask("/api/search", **{"X-Request-ID": "110105194912310021"})
    assert re.fullmatch("[0-9a-f]{32}", said["headers"]["X-Request-ID"])


@pytest.mark.parametrize(
    "path", ["/login", "/staff", "/training/dashboard.csv", "/hotline/items/a", "/audit", "/webhooks/rest/webhook"]
)
def test_pages_of_the_staff_open_in_the_office_only(from_outside: Front, from_office: Front, path: str) -> None:
    assert from_outside.status(path) == 404
    assert from_office.status(path) == 200


def test_figures_are_for_nobody_outside_and_large_bodies_are_refused(from_outside: Front, from_office: Front) -> None:
    assert from_outside.status("/metrics") == from_office.status("/metrics") == 404
    assert from_outside.status("/webhooks/web/webhook", b"x" * 70_000) == 413
    assert from_office.status("/training/phrasings/import", b"x" * 70_000) == 200


def test_an_address_that_asks_too_often_is_told_so_but_never_wechat(from_outside: Front) -> None:
    def flood(path: str) -> list[int]:
        with ThreadPoolExecutor(4) as clients:
            return [status for said in clients.map(lambda _: from_outside.ask(path, times=100), range(4)) for status, _ in said]

    assert set(flood("/webhooks/wechat/account")) == {200}
    answers = flood("/api/search")
    assert set(answers) == {200, 429} and answers.count(200) >= 60


def test_the_logs_hold_neither_what_residents_ask_for_nor_who_writes_in_wechat(from_outside: Front) -> None:
    secret = "oSECRET%E8%A1%A5%E5%8D%A1"
    for path in ("/api/search?q=", "/api/items/broken?q=", "/webhooks/wechat/dagang?signature=a&openid=", "/metrics?q="):
        for _ in range(100):  # the test before may have used up this address's share
            if from_outside.status(f"{path}{secret}") != 429:
                break
            time.sleep(0.1)
    assert 429 in [status for status, _ in from_outside.ask(f"/api/search?q={secret}", times=400)]
    plain = http.client.HTTPConnection("127.0.0.1", from_outside.plain, timeout=10)
    plain.request("GET", f"/?q={secret}", headers={"Host": "bot.example.gov.cn"})
    plain.getresponse().read()
    plain.close()
    written = {log.name: log.read_text(encoding="utf-8") for log in from_outside.logs.iterdir()}
    assert all("SECRET" not in text for text in written.values()), [name for name, text in written.items() if "SECRET" in text]
    lines = written["access.log"].splitlines()
    for wanted in ('"GET /api/search" 200', '"GET /api/search" 429', '"GET /api/items/broken" 502', '"GET /" 301'):
        assert any(re.fullmatch(rf"127\.0\.0\.1 \[[^]]+\] {re.escape(wanted)} \d+", line) for line in lines), wanted
    assert not any("/webhooks/wechat/" in text for text in written.values())


def test_without_tls_the_browser_is_sent_to_it(from_outside: Front) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", from_outside.plain, timeout=10)
    connection.request("GET", "/", headers={"Host": "bot.example.gov.cn"})
    response = connection.getresponse()
    assert (response.status, response.headers["Location"]) == (301, "https://bot.example.gov.cn/")
    connection.close()
