"""Logging in and out, one's own password, the audit log, and the files of the staff pages."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse
from sqlalchemy import select
from sqlalchemy.engine import Connection

from bot.channels.answers import guarded
from bot.channels.guard import is_encrypted
from bot.errors import AccessError, NotFoundError, RequestError
from bot.staff import accounts, sessions
from bot.staff.access import address_of, check_origin, cookie_name, db, public, session_token, staff
from bot.staff.audit import audit
from bot.staff.pages import HEADERS, STATIC, is_plain_loopback, page, redirect, set_cookie
from bot.storage.tables import audit as audit_table

TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
LOCKED = "登录失败次数太多，请 15 分钟后再试，或请管理员用 bot users password 重设密码。"
WRONG = "用户名或密码不对。"
NO_TLS = "这个地址没有加密，密码会被旁人看到。请用 https 打开，或在服务器本机登录。"
PAGE = 100
routes = Blueprint("staff_login")
_hashing = ThreadPoolExecutor(2, "argon2")  # each takes 64 MB and a core for 50 ms


@routes.listener("after_server_start")
async def prepare(app: Any, loop: asyncio.AbstractEventLoop) -> None:
    _hashing.submit(accounts.nobody)


@routes.get("/login")
@public
@guarded
async def form(request: Request) -> HTTPResponse:
    return _form(request)


@routes.post("/login")
@public
@guarded
async def login(request: Request) -> HTTPResponse:
    try:
        check_origin(request)
    except AccessError as error:
        return _form(request, str(error), 403)
    if not is_encrypted_or_local(request):
        return _form(request, NO_TLS, 403)
    password, address = request.form.get("password", ""), address_of(request)
    try:
        name = accounts.tidy_name(request.form.get("name", ""))
    except RequestError:
        name = ""
    attempt = await db(request, lambda connection: sessions.begin(connection, name, address, accounts.now()))
    if attempt is None:
        return _form(request, LOCKED, 429)
    loop = asyncio.get_running_loop()
    if not await loop.run_in_executor(_hashing, accounts.verify, attempt.password, password):
        await db(request, lambda connection: sessions.fail(connection, attempt, address, accounts.now()))
        return _form(request, WRONG, 401)
    token = await db(request, lambda connection: sessions.succeed(connection, attempt, address, accounts.now()))
    answer = redirect(request, _next(request) or "/staff")
    set_cookie(request, answer, cookie_name(request), token)
    return answer


@routes.post("/logout")
@staff()
async def logout(request: Request) -> HTTPResponse:
    token, account = session_token(request) or "", request.ctx.account

    def job(connection: Connection) -> None:
        sessions.close(connection, token)
        audit(connection, account, "logout", account.name)

    await db(request, job)
    answer = redirect(request, "/login", "已退出登录。")
    del answer.cookies[cookie_name(request)]
    return answer


@routes.get("/staff")
@staff()
async def home(request: Request) -> HTTPResponse:
    sections = [s for s in request.app.ctx.staff_sections if request.ctx.account.may(*s.roles)]
    return redirect(request, sections[0].path if sections else "/staff/account")


@routes.get("/staff/account")
@staff()
async def own_account(request: Request) -> HTTPResponse:
    return page(request, "account.html", problem="")


@routes.post("/staff/account")
@staff()
async def change_password(request: Request) -> HTTPResponse:
    account, address = request.ctx.account, address_of(request)
    old, new, again = (request.form.get(name, "") for name in ("old", "new", "again"))
    if new != again:
        return page(request, "account.html", 400, problem="两次输入的新密码不一样。")
    attempt = await db(request, lambda connection: sessions.begin(connection, account.name, address, accounts.now()))
    if attempt is None:
        return page(request, "account.html", 429, problem=LOCKED)
    loop = asyncio.get_running_loop()
    if not await loop.run_in_executor(_hashing, accounts.verify, attempt.password, old):
        return page(request, "account.html", 401, problem="现在的密码不对。")
    try:
        hashed = await loop.run_in_executor(_hashing, accounts.hash_password, account.name, new)
    except RequestError:
        return page(request, "account.html", 400, problem="新密码太短或太容易猜，见下面的要求。")

    def job(connection: Connection) -> str:
        accounts.set_password(connection, account.name, hashed)
        audit(connection, account, "account.password", account.name)
        return sessions.succeed(connection, attempt, address, accounts.now())

    token = await db(request, job)
    answer = redirect(request, "/staff/account", "密码已修改，其他地方的登录都已退出。")
    set_cookie(request, answer, cookie_name(request), token)
    return answer


@routes.get("/audit")
@staff("admin")
async def audit_log(request: Request) -> HTTPResponse:
    before, who, what = request.args.get("before", ""), request.args.get("who", ""), request.args.get("what", "")
    query = select(audit_table).order_by(audit_table.c.id.desc()).limit(PAGE + 1)
    if before.isascii() and before.isdigit():
        query = query.where(audit_table.c.id < int(before[:18]))
    if who:
        query = query.where(audit_table.c.account == who)
    if what:
        query = query.where(audit_table.c.action.startswith(what, autoescape=True))
    rows = await db(request, lambda connection: connection.execute(query).all())
    return page(request, "audit.html", rows=rows[:PAGE], more=rows[PAGE - 1].id if len(rows) > PAGE else None, who=who, what=what)


@routes.get("/staff/static/<name:path>")
@public
@guarded
async def file(request: Request, name: str) -> HTTPResponse:
    path = _files().get(name)
    if path is None:
        raise NotFoundError(f"there is no file «{name[:80]}»")
    caching = "public, max-age=31536000, immutable" if request.args.get("v") else "no-cache"
    return response.raw(path, content_type=TYPES[Path(name).suffix], headers={**HEADERS, "Cache-Control": caching})


def is_encrypted_or_local(request: Request) -> bool:
    return is_plain_loopback(request) or is_encrypted(request)


def _form(request: Request, problem: str = "", status: int = 200) -> HTTPResponse:
    if not problem and not is_encrypted_or_local(request):
        problem = NO_TLS
    return page(request, "login.html", status, problem=problem, next=_next(request), name=request.form.get("name", ""))


def _next(request: Request) -> str:
    """Return the page to go on to: a path of this server, nothing else."""
    wanted = request.form.get("next") or request.args.get("next") or ""
    return wanted if wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted and wanted.isprintable() else ""


_read: dict[str, bytes] = {}


def _files() -> dict[str, bytes]:
    if not _read:
        _read.update({p.relative_to(STATIC).as_posix(): p.read_bytes() for p in STATIC.rglob("*") if p.suffix in TYPES})
    return _read
