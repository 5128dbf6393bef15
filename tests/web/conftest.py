"""A small server in the shape of the real one: serves the page under a strict policy and gives canned replies."""

from __future__ import annotations

import json
import mimetypes
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Optional
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

STATIC = Path(__file__).parents[2] / "bot" / "channels" / "static"
POLICY = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'"
PLACES = [
    ("dagang", "天津市滨海新区大港街道", "大港街道（天津滨海新区）"),
    ("dagu", "天津市滨海新区大沽街道", "大沽街道（天津滨海新区）"),
    ("yuzhong", "重庆市渝中区", "渝中区（重庆）"),
    ("hebei", "天津市河北区", "河北区（天津）"),
    ("gaoxin", "高新区（关堤乡、振中街）", "高新区（关堤乡、振中街）"),
]
INJECTION = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
MATERIALS = (
    "【社保卡补换卡】天津市滨海新区大港街道\n办理材料：\n〔个人办卡，本人办理〕\n1. 本人身份证、户口本、护照等有效身份证件\n"
    "〔代理办卡，代办办理〕\n2. 公安机关开具的关系证明（如在同一户口下，只需携带户口本原件及复件）\n3. 办卡人身份证原件及复印件\n"
    "4. 代办人身份证原件及复印件\n监督方式：63856609\n提示：来源中“复件”应为“复印件”；只有（一），没有（二）。\n"
    "来源：《天津市滨海新区大港街道办事处公共服务事项信息表》2.2 社保卡补换卡信息表\n您还可以问：办理流程是什么；电话是多少"
)
PROCESS = (
    "【残疾人两项补贴申请】天津市河北区\n办理流程：\n1. 向街道或者社区提出申请，提交材料\n2. 社区对材料进行初审\n3. 街道初审\n"
    "4. 区残联、民政局进行核对与审核\n5. 街道发放残疾人两项补贴\n"
    "来源：《河北区“小微权力”运行流程及运行流程图》9.5 残疾人两项补贴申请"
)
FLOW_TEXT = "1. 提出申请\n2. 街道初审通过 —— 是：转第3步；否：转第4步\n3. 发放补贴（结束）\n4. 告知理由（结束）"
FLOW_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="420" height="160"><rect x="10" y="10" width="400" height="50" fill="#f2f6fb" '
    'stroke="#2b5a8a"/><text x="160" y="42">提出申请</text><rect x="10" y="100" width="400" height="50" fill="#eaf6ec" '
    'stroke="#2f6f3e"/><text x="160" y="132">发放补贴</text></svg>'
)


def custom(kind: str, item: Optional[str] = None, **more: Any) -> dict[str, Any]:
    known = dict.fromkeys(("service", "jurisdiction", "applicant", "situation", "slot", "source"))
    return {
        "kind": kind,
        "item": item,
        **known,
        "aspect": "materials",
        "not_in_source": False,
        "options": [],
        "candidates": [],
        **more,
    }


def clarify(slot: str, head: str, titles: list[str]) -> list[dict[str, Any]]:
    lines = [head, *(f"{n}. {title}" for n, title in enumerate(titles, 1)), "回复数字或名称都行；说不清就回「不知道」。"]
    options = [{"title": title, "value": title} for title in titles]
    buttons = [{"title": title, "payload": title} for title in titles]
    return [{"text": "\n".join(lines), "buttons": buttons, "custom": custom("clarify", slot=slot, options=options)}]


def answer(item: str, text: str, follow: list[str], **more: Any) -> list[dict[str, Any]]:
    """Return an answer in two messages, as a long one comes; the last one carries the custom object."""
    head, _, tail = text.partition("\n监督方式") if "\n监督方式" in text else text.rpartition("\n")
    tail = f"监督方式{tail}" if "\n监督方式" in text else tail
    source = {"document": "信息表", "section": "2.2"}
    buttons = [{"title": title, "payload": title} for title in follow]
    return [{"text": head}, {"text": tail, "buttons": buttons, "custom": custom("answer", item, source=source, **more)}]


def reply(message: str) -> list[dict[str, Any]]:
    if message == "社保卡丢了怎么补":
        return clarify("jurisdiction", "这件事几个地方都能办，要求不一样。请问您在哪里办理？", [place[1] for place in PLACES[:3]])
    if message == PLACES[0][1]:
        return clarify("applicant", "【社保卡补换卡】请问是谁去办理？", ["本人", "代办"])
    if message in ("代办", "天津市滨海新区大港街道社保卡补换卡"):
        return answer("dagang-2.2", MATERIALS, ["办理流程是什么", "电话是多少"], applicant="agent", jurisdiction="dagang")
    if message == "残疾人补贴怎么申请":
        return answer("hebei-9.5", PROCESS, ["要带什么材料"])
    if message == "注入":
        text = f"【{INJECTION}】{INJECTION}\n办理材料：\n〔{INJECTION}〕\n1. {INJECTION}\n{INJECTION}\n来源：{INJECTION}"
        return answer("dagang-2.2", text, [INJECTION])
    return [
        {"text": "这个问题不在我手里的办事文件范围内，不敢乱答。您可咨询政务服务便民热线 12345。", "custom": custom("fallback")}
    ]


class Stub(ThreadingHTTPServer):
    """`received` keeps the bodies of POST requests as (path, JSON); `sessions` those given out.

    `down` makes every answer but the page a 503, `busy` a 429."""

    daemon_threads = True
    materials, injection = MATERIALS, INJECTION

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.received: list[tuple[str, dict[str, Any]]] = []
        self.down = self.busy = False
        self.sessions: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def said(self) -> list[str]:
        return [body["message"] for path, body in self.received if path == "/webhooks/web/webhook"]


class Handler(BaseHTTPRequestHandler):
    server: Stub

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        path = unquote(url.path)
        name = {"/": "index.html", "/embed.js": "embed.js", "/privacy": "privacy.html"}.get(path) or (
            path[8:] if path.startswith("/static/") else ""
        )
        if name:
            self._file(STATIC / name)
        elif path == "/host":
            page = '<!doctype html><html lang="zh"><title>街道网站</title><main><h1>街道网站</h1></main><script src="/embed.js" data-place="dagang"></script>'
            self._send(200, page.encode(), "text/html; charset=utf-8")
        elif self.server.down:
            self._json(503, {"error": "正在启动"})
        elif path == "/api/jurisdictions":
            self._json(200, {"jurisdictions": [dict(zip(("id", "name", "short"), place)) for place in PLACES]})
        elif path == "/api/search":
            query = parse_qs(url.query)["q"][0]
            names = [("dagang-2.2", "社保卡补换卡", "dagang"), ("dagu-2.2", "社会保障卡申领", "dagu")] if "社保" in query else []
            self._json(200, {"results": [{"item": i, "name": n, "jurisdiction": j, "confidence": 0.9} for i, n, j in names]})
        elif path == "/api/items/hebei-9.5/flow.svg":
            self._send(200, FLOW_SVG.encode(), "image/svg+xml")
        elif path.startswith("/api/items/"):
            item = path.rpartition("/")[2]
            self._json(200, {"id": item, "name": "残疾人两项补贴申请", "flow_text": FLOW_TEXT if item == "hebei-9.5" else None})
        else:
            self._json(404, {"error": f"no such page: {path}"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.down:
            self._json(503, {"error": "正在启动"})
            return
        if self.path == "/api/session":
            self.server.sessions.append(f"token-{len(self.server.sessions)}")
            self._json(201, {"session": self.server.sessions[-1], "days": 30})
            return
        self.server.received.append((self.path, body))
        if body["session"] not in self.server.sessions:
            self._json(401, {"error": "the session is over"})
        elif self.server.busy:
            self._json(429, {"error": "too many requests; try again in 60 seconds"})
        elif self.path == "/webhooks/web/webhook":
            self._json(200, [{"recipient_id": body["session"], **message} for message in reply(body["message"])])
        elif self.path == "/api/session/export":
            self._json(200, {"conversation": body["session"], "rows": {"turn": [{"question": "社保卡丢了怎么补"}]}})
        elif self.path == "/api/session/forget":
            self._json(200, {"deleted": 3})
        else:
            self._json(200, {"ok": True})

    def _file(self, path: Path) -> None:
        if not path.is_file():
            self._json(404, {"error": f"no such file: {path.name}"})
            return
        kind = "text/javascript" if path.suffix == ".js" else mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        self._send(200, path.read_bytes(), f"{kind}; charset=utf-8")

    def _json(self, status: int, value: Any) -> None:
        self._send(status, json.dumps(value, ensure_ascii=False).encode(), "application/json; charset=utf-8")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent."""


@pytest.fixture
def stub() -> Iterator[Stub]:
    server = Stub()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def server_url(stub: Stub) -> str:
    return stub.url
