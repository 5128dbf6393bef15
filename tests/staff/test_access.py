"""Who may see and do what: every staff route without a login, with the wrong role, from another site's page."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sanic import Blueprint, Sanic
from sqlalchemy import select, update

from bot.errors import BotError
from bot.staff import accounts, sessions, site
from bot.staff.accounts import ROLES, Account, now
from bot.storage.tables import audit, login_attempt, staff_session

from .conftest import PASSWORD, Office, csrf

OPEN = {"/login", "/staff/static/<name:path>"}


def guarded_routes(office: Office) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return (method, path, roles) of every staff route that asks for a login; parts of a path are filled in."""
    return [
        (method, "/" + re.sub(r"<[^>]*>", "x", route.path), route.handler.staff_roles)
        for route in site.staff_routes(office.app)
        for method in sorted(route.methods - {"OPTIONS", "HEAD"})
        if site.is_guarded(route)
    ]


def test_only_the_log_in_page_and_its_files_are_open(office: Office) -> None:
    assert {f"/{r.path}" for r in site.staff_routes(office.app) if not site.is_guarded(r)} == OPEN


def test_all_staff_pages_are_guarded_routes(office: Office) -> None:
    paths = {path for _, path, _ in guarded_routes(office)}
    assert {section.path for section in office.app.ctx.staff_sections} <= paths
    assert {"/audit", "/staff/account"} <= paths


def test_nothing_answers_without_a_login(office: Office) -> None:
    with office.client() as client:
        for method, path, _ in guarded_routes(office):
            for accept in ("text/html", "application/json"):
                answer = client.request(method, path, headers={"Accept": accept}, data={"csrf": "x"} if method == "POST" else None)
                if method == "GET" and accept == "text/html":
                    assert answer.status_code == 303 and answer.headers["location"].startswith("/login?next="), path
                    assert answer.content == b""
                else:
                    assert (answer.status_code, list(answer.json())) == (401, ["error"]), path


def test_an_old_or_invented_session_is_none(office: Office) -> None:
    with office.client(cookies={"staff": "invented"}) as client:
        assert client.get("/staff/account").status_code == 303
    client = office.login("admin")
    stolen = dict(client.cookies)
    assert client.post("/logout").status_code == 303
    with office.client(cookies=stolen) as thief:
        assert thief.get("/staff/account").status_code == 303


def test_roles_are_enforced_on_every_route(office: Office) -> None:
    clients = {role: office.login(role) for role in ROLES}
    for method, path, roles in guarded_routes(office):
        if not roles:
            continue
        for role, client in clients.items():
            if role != "admin" and role not in roles:
                answer = client.request(method, path)
                assert answer.status_code == 403, (role, method, path)
                assert path == "/" or "没有这个页面的权限" in answer.text


def test_an_admin_may_all_and_any_role_of_several_is_enough() -> None:
    assert Account(1, "a", ("admin",)).may("trainer")
    assert Account(1, "a", ("editor",)).may("trainer", "editor")
    assert not Account(1, "a", ("editor",)).may("trainer", "hotline")


def test_every_change_needs_the_csrf_value_of_its_own_session(office: Office) -> None:
    other = csrf(office.login("admin"))
    client = office.login("admin")
    for method, path, _ in guarded_routes(office):
        if method in ("GET", "HEAD"):
            continue
        for sent in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": other}):
            headers = {**{k: v for k, v in client.headers.items() if k != "x-csrf-token"}, **sent}
            with httpx.Client(base_url=office.url, headers=headers, cookies=client.cookies) as forger:
                assert forger.request(method, path).status_code == 403, path
        assert client.request(method, path, headers={"Origin": "https://evil.example"}).status_code == 403


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "//", "null", ""])
def test_an_origin_that_is_no_url_is_another_site(office: Office, origin: str) -> None:
    client = office.login("admin")
    for path in ("/login", "/logout"):
        answer = client.post(path, data={"name": "a", "password": "b"}, headers={"Origin": origin})
        assert answer.status_code == 403 and "别的网站" in answer.text, (origin, path)
    with office.client() as stranger:
        answer = stranger.get("/audit", headers={"HX-Request": "true", "HX-Current-URL": "http://["})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/login?next=")


def test_a_route_without_a_guard_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    careless = Blueprint("staff_careless")

    @careless.get("/careless")
    async def view(request: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(site, "blueprints", lambda: [careless])
    with pytest.raises(BotError, match="careless"):
        site.install(Sanic("careless", configure_logging=False))


# -- logging in ----------------------------------------------------------------------------------------------


def test_wrong_name_and_wrong_password_read_the_same(office: Office) -> None:
    name = office.account("hotline")
    with office.client() as client:
        wrong = client.post("/login", data={"name": name, "password": "not the password"})
        nobody = client.post("/login", data={"name": "nobody-at-all", "password": "not the password"})
    assert wrong.status_code == nobody.status_code == 401
    assert wrong.text.replace(name, "") == nobody.text.replace("nobody-at-all", "")


def test_five_failures_lock_the_account_and_only_it(office: Office) -> None:
    name, other = office.account("hotline"), office.account("hotline")
    with office.client() as client:
        for _ in range(sessions.FAILURES_OF_NAME):
            assert client.post("/login", data={"name": name, "password": "wrong"}).status_code == 401
        assert client.post("/login", data={"name": name, "password": PASSWORD}).status_code == 429
        with office.engine.connect() as connection:
            log = connection.execute(select(audit.c.action).where(audit.c.subject == name)).scalars().all()
        assert log == ["login.failed"] * sessions.FAILURES_OF_NAME + ["login.locked"]
        assert client.post("/login", data={"name": other, "password": PASSWORD}).status_code == 303
        with office.engine.begin() as connection:  # a quarter of an hour later
            long_ago = now() - sessions.LOCKED_FOR - timedelta(seconds=1)
            connection.execute(update(login_attempt).values(at=long_ago))
        assert client.post("/login", data={"name": name, "password": PASSWORD}).status_code == 303


def test_guesses_from_one_address_lock_the_address(office: Office) -> None:
    moment, name = now(), office.account("hotline")
    with office.engine.connect() as connection:
        for number in range(sessions.FAILURES_OF_ADDRESS):
            assert sessions.begin(connection, f"nobody{number}", "192.0.2.7", moment) is not None
        assert sessions.begin(connection, name, "192.0.2.7", moment) is None
        assert sessions.begin(connection, "nobody", "192.0.2.8", moment) is not None
        connection.rollback()


def test_failures_elsewhere_do_not_shut_out_the_owner_until_there_are_very_many(office: Office) -> None:
    name, other, moment = office.account("hotline"), office.account("hotline"), now()
    with office.engine.connect() as connection:
        for number in range(sessions.FAILURES_OF_NAME_ANYWHERE - 1):
            assert sessions.begin(connection, name, f"198.51.100.{number // sessions.FAILURES_OF_NAME}", moment) is not None
        assert sessions.begin(connection, name, "192.0.2.21", moment) is not None
        assert sessions.begin(connection, name, "192.0.2.21", moment) is None
        assert sessions.begin(connection, other, "192.0.2.21", moment) is not None
        connection.rollback()


def test_a_name_that_nobody_has_is_locked_like_one_that_somebody_has(office: Office) -> None:
    told = {}
    with office.client() as client:
        client.headers["X-Forwarded-For"] = "192.0.2.30"
        for name in (office.account("hotline"), "no-such-person"):
            answers = [
                client.post("/login", data={"name": name, "password": "wrong"}) for _ in range(sessions.FAILURES_OF_NAME + 1)
            ]
            told[name] = [(answer.status_code, answer.text.replace(name, "")) for answer in answers]
    known, unknown = told.values()
    assert known == unknown and [status for status, _ in known] == [401] * sessions.FAILURES_OF_NAME + [429]
    with office.engine.connect() as connection:
        assert "no-such-person" not in str(connection.execute(select(login_attempt)).all())


def test_an_ipv6_subscriber_has_one_address(office: Office) -> None:
    name = office.account("hotline")

    def tried(address: str, password: str) -> int:
        with office.client() as client:
            client.headers["X-Forwarded-For"] = address
            return client.post("/login", data={"name": name, "password": password}).status_code

    assert [tried(f"2001:db8:1:2::{n}", "wrong") for n in range(6)] == [401] * sessions.FAILURES_OF_NAME + [429]
    assert tried("2001:db8:1:3::1", PASSWORD) == 303


def test_guesses_side_by_side_all_count(office: Office) -> None:
    name, moment = office.account("hotline"), now()
    with office.engine.connect() as connection:
        begun = [sessions.begin(connection, name, "192.0.2.9", moment) for _ in range(20)]
        connection.rollback()
    assert sum(one is not None for one in begun) == sessions.FAILURES_OF_NAME


def test_a_session_ends_when_idle_and_at_last(office: Office) -> None:
    idle, absolute = timedelta(minutes=60), timedelta(hours=12)
    with office.engine.connect() as connection:
        name = office.account("hotline")

        def opened() -> str:
            attempt = sessions.begin(connection, name, "192.0.2.1", now())
            assert attempt
            return sessions.succeed(connection, attempt, "192.0.2.1", now())

        token, start = opened(), now()
        assert sessions.find(connection, token, start + timedelta(minutes=59), idle, absolute) is not None
        assert sessions.find(connection, token, start + timedelta(minutes=118), idle, absolute) is not None  # it was used
        assert sessions.find(connection, token, start + timedelta(minutes=179), idle, absolute) is None
        assert sessions.find(connection, token, start, idle, absolute) is None  # and it is gone
        token = opened()
        for hour in range(1, 12):
            assert sessions.find(connection, token, start + timedelta(minutes=59 * hour), idle, absolute) is not None
        assert sessions.find(connection, token, start + timedelta(hours=12, minutes=1), timedelta(days=1), absolute) is None
        connection.rollback()


def test_the_database_holds_neither_password_nor_token(office: Office) -> None:
    client = office.login("hotline")
    with office.engine.connect() as connection:
        hashes = connection.execute(select(staff_session.c.token_hash)).scalars().all()
        stored = connection.execute(select(accounts.account.c.password)).scalars().all()
    assert client.cookies["staff"] not in hashes
    assert stored and all(one.startswith("$argon2id$") for one in stored)


def test_shutting_an_account_ends_its_sessions(office: Office) -> None:
    client = office.login("hotline")
    name = re.search(r"<h1>(.*?)</h1>", client.get("/staff/account").text)
    assert name
    with office.engine.begin() as connection:
        accounts.set_disabled(connection, name.group(1), True)
    assert client.get("/staff/account").status_code == 303
    assert client.post("/login", data={"name": name.group(1), "password": PASSWORD}).status_code == 401


def test_cookies_are_out_of_reach_of_scripts_and_of_plain_http(office: Office) -> None:
    name = office.account("hotline")
    with office.client() as client:
        local = client.post("/login", data={"name": name, "password": PASSWORD}).headers["set-cookie"]
        assert "HttpOnly" in local and "SameSite=Lax" in local and "Secure" not in local
        far = {"Host": "bot.example", "X-Forwarded-Proto": "https"}
        cookie = client.post("/login", data={"name": name, "password": PASSWORD}, headers=far).headers["set-cookie"]
        assert cookie.startswith("__Host-staff=") and {"HttpOnly", "SameSite=Lax", "Secure", "Path=/"} <= set(cookie.split("; "))
        plain = client.post("/login", data={"name": name, "password": PASSWORD}, headers={"Host": "bot.example"})
        assert plain.status_code == 403 and "set-cookie" not in plain.headers and "https" in plain.text


@pytest.mark.parametrize(
    "host", ["127.evil.example", "127.0.0.1.evil.example", "127.", "[::1].evil.example:80", "localhost.evil.example"]
)
def test_a_name_that_only_looks_like_this_machine_needs_tls(office: Office, host: str) -> None:
    with office.client() as client:
        answer = client.post("/login", data={"name": office.account("hotline"), "password": PASSWORD}, headers={"Host": host})
    assert answer.status_code == 403 and "set-cookie" not in answer.headers and "https" in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:5005", "127.8.9.1", "localhost", "localhost:5005", "[::1]:5005", "[::1]"])
def test_this_machine_itself_needs_none(office: Office, host: str) -> None:
    with office.client() as client:
        answer = client.post("/login", data={"name": office.account("hotline"), "password": PASSWORD}, headers={"Host": host})
    assert answer.status_code == 303 and "Secure" not in answer.headers["set-cookie"]


def test_only_a_trusted_proxy_may_say_that_the_browser_speaks_tls(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office.app.ctx, "settings", replace(office.app.ctx.settings, trusted_proxies=()))
    headers = {"Host": "bot.example", "X-Forwarded-Proto": "https"}
    with office.client() as client:
        answer = client.post("/login", data={"name": office.account("hotline"), "password": PASSWORD}, headers=headers)
    assert answer.status_code == 403 and "set-cookie" not in answer.headers


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_log_in_leads_to_no_other_site(office: Office, target: str) -> None:
    with office.client() as client:
        answer = client.post("/login", data={"name": office.account("hotline"), "password": PASSWORD, "next": target})
    assert answer.headers["location"] == "/staff"


def test_log_in_goes_on_to_the_page_that_was_asked_for(office: Office) -> None:
    with office.client(follow_redirects=True) as client:
        page = client.get("/audit?who=a&what=login")
        wanted = re.search(r'name="next" value="(.*?)"', page.text)
        assert wanted
        data = {"name": office.account("admin"), "password": PASSWORD, "next": wanted.group(1).replace("&amp;", "&")}
        assert client.post("/login", data=data).url.raw_path == b"/audit?who=a&what=login"


def test_an_expired_session_takes_an_htmx_page_to_the_log_in(office: Office) -> None:
    with office.client() as client:
        answer = client.get("/audit", headers={"HX-Request": "true", "HX-Current-URL": f"{office.url}/audit?who=a"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/login?next=%2Faudit")


# -- one's own password, the audit log ------------------------------------------------------------------------


def test_changing_the_password_ends_the_other_sessions(office: Office) -> None:
    name = office.account("hotline")
    here, there = office.client(), office.client()
    for client in (here, there):
        client.post("/login", data={"name": name, "password": PASSWORD})
    new = "another long password"
    form = {"csrf": csrf(here), "old": PASSWORD, "new": new, "again": new}
    assert here.post("/staff/account", data={**form, "old": "wrong"}).status_code == 401
    assert here.post("/staff/account", data={**form, "new": "short", "again": "short"}).status_code == 400
    assert here.post("/staff/account", data={**form, "again": "something else"}).status_code == 400
    assert here.post("/staff/account", data=form).status_code == 303
    assert "密码已修改" in here.get("/staff/account").text
    assert "密码已修改" not in here.get("/staff/account").text
    assert there.get("/staff/account").status_code == 303
    with office.client() as client:
        assert client.post("/login", data={"name": name, "password": PASSWORD}).status_code == 401
        assert client.post("/login", data={"name": name, "password": new}).status_code == 303


def test_the_audit_log_tells_who_and_masks_numbers(office: Office) -> None:
    from bot.staff.audit import audit as record

    client = office.login("admin")
    with office.engine.begin() as connection:
        who = Account(None, "checker", ("editor",))
        record(connection, who, "item.edit", "dagang-2.2", before="电话 13812345678", after=["身份证 11010519491231002X"])
        row = connection.execute(select(audit).where(audit.c.account == "checker")).one()
    assert "13812345678" not in str(row) and "11010519491231002X" not in str(row)
    page = client.get("/audit?who=checker").text
    assert "item.edit" in page and "dagang-2.2" in page
    assert "item.edit" not in client.get("/audit?what=login").text
    assert "login" in client.get("/audit").text


def test_pages_carry_a_strict_policy_and_no_inline_script(office: Office) -> None:
    client = office.login("admin")
    for path in ("/login", "/audit", "/staff/account"):
        answer = client.get(path)
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy and "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert answer.headers["cache-control"] == "no-store"
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style", answer.text)


def test_the_files_of_the_pages_and_nothing_beside_them(office: Office) -> None:
    with office.client() as client:
        for name in re.findall(r'(?:src|href)="(/staff/static/[^"]+)"', client.get("/login").text):
            answer = client.get(name)
            assert answer.status_code == 200 and "immutable" in answer.headers["cache-control"], name
        assert client.get("/staff/static/../access.py").status_code == 404
        assert client.get("/staff/static/vendor/../../access.py").status_code == 404
