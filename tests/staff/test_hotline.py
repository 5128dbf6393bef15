"""The hotline over HTTP, with the real model: what comes back, how fast, and what stays."""

from __future__ import annotations

import contextlib
import html
import re
import statistics
import time
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import select

from bot.staff import accounts
from bot.storage.database import open_engine
from bot.storage.tables import audit, correction
from tests.conftest import Server

from .conftest import HASH, Office, csrf
from .conftest import PASSWORD as WORD

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def desk(server: Server) -> Iterator[httpx.Client]:
    client = log_in(server, "desk")
    yield client
    client.close()


def log_in(server: Server, name: str) -> httpx.Client:
    with open_engine(server.database_url).begin() as connection:
        accounts.add(connection, name, HASH, ("hotline",))
    client = httpx.Client(base_url=server.url, headers={"Accept": "text/html"})
    assert client.post("/login", data={"name": name, "password": WORD}).status_code == 303
    client.headers["X-CSRF-Token"] = csrf(client)
    return client


def search(desk: httpx.Client, q: str, **more: object) -> str:
    answer = desk.post("/hotline/search", data={"q": q, **more})
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def items(text: str) -> list[str]:
    return re.findall(r'data-item="([^"]+)"', text)


def test_a_keystroke_is_answered_within_fifty_milliseconds(desk: httpx.Client) -> None:
    """The best of three rounds: a machine that is busy with something else is no fault of the server."""
    words = ("shebaoka", "社保卡丢了怎么补要带什么", "哪些事项要户口本", "63856609", "11.2", "我妈在大港去世了医保卡里的钱咋取")
    medians = []
    for _ in range(3):
        times = []
        for typed in (word[:end] for word in words for end in range(1, len(word) + 1)):
            begun = time.perf_counter()
            search(desk, typed)
            times.append(time.perf_counter() - begun)
        medians.append(statistics.median(times) * 1e3)
    assert min(medians) <= 50, medians


@pytest.mark.parametrize(
    ("query", "item"),
    [
        ("sbk", "dagang-2.2"),
        ("社保卡补", "dagang-2.2"),
        ("11.2", "dagang-11.2"),
        ("6385-6609", "dagang-1.1"),
        ("户口簿", "dagang-4.1"),
    ],
)
def test_what_is_typed_finds(desk: httpx.Client, query: str, item: str) -> None:
    assert item in items(search(desk, query))


def test_the_chat_and_the_hotline_rank_alike(desk: httpx.Client, server: Server) -> None:
    for query in ("失业登记要什么材料", "dibao", "残疾证"):
        found = httpx.get(f"{server.url}/api/search", params={"q": query, "limit": 50}).json()["results"]
        shown = items(search(desk, query))
        assert shown[0] == found[0]["item"] or shown[0] in [one["item"] for one in found[:2]]


def test_a_place_narrows(desk: httpx.Client) -> None:
    assert {item.partition("-")[0] for item in items(search(desk, "社保卡丢了", place="yuzhong"))} == {"yuzhong"}
    assert desk.post("/hotline/search", data={"q": "x", "place": "mars"}).status_code == 404


def test_a_story_is_asked_on_as_the_chat_would(desk: httpx.Client, server: Server) -> None:
    story = "社保卡丢了，要怎么补，带什么材料"
    chat = server.say("same-story", story)
    assert chat["slot"] == "jurisdiction"
    page = search(desk, story)
    for option in chat["options"]:
        assert f'value="{option["title"]}"' in page
    assert re.search(r"\d+%", page)
    place = chat["options"][0]["title"]
    chat = server.say("same-story", place)
    page = search(desk, story, answer=place)
    assert chat["slot"] == "applicant" and "请问是谁去办理" in page and f'name="said" value="{place}"' in page
    page = search(desk, story, said=[place], answer="代办")
    assert "可以直接答" in page and "who=agent" in page
    assert items(page)[0] == server.say("same-story", "代办")["item"] == "dagang-2.2"


def test_a_matter_outside_the_catalog_is_said_to_be_so(desk: httpx.Client) -> None:
    assert "不在收录的事项里" in search(desk, "我想办护照去旅游怎么预约")


def test_danger_comes_first(desk: httpx.Client) -> None:
    assert "110" in search(desk, "我老公打我，我不想活了，现在就想跳楼")


def test_nothing_typed_shows_pinned_before_recent(server: Server) -> None:
    desk, other = log_in(server, "keeper"), log_in(server, "stranger")
    with contextlib.closing(desk), contextlib.closing(other):
        assert items(search(desk, "")) == []
        for item in ("dagang-1.1", "yuzhong-12"):
            assert desk.post(f"/hotline/items/{item}").status_code == 200
        assert desk.get("/hotline/items/hebei-9.5").status_code == 200  # a preview leaves no trace
        assert items(search(desk, "")) == ["yuzhong-12", "dagang-1.1"]
        assert "已收藏" in desk.post("/hotline/items/dagang-1.1/pin").text
        page = search(desk, "")
        assert items(page) == ["dagang-1.1", "yuzhong-12"] and page.index("收藏") < page.index("最近")
        assert "已收藏" not in desk.post("/hotline/items/dagang-1.1/pin").text
        assert items(search(other, "")) == []


def test_a_correction_goes_to_the_trainers_masked(desk: httpx.Client, server: Server) -> None:
    form = {"question": "我卡折了咋整 13812345678", "item": "dagang-2.2 社保卡补换卡（大港街道）", "shown": "yuzhong-9", "note": ""}
    assert "已记下" in desk.post("/hotline/corrections", data=form).text
    with open_engine(server.database_url).connect() as connection:
        row = connection.execute(select(correction).order_by(correction.c.id.desc())).first()
        assert (row.item, row.service, row.jurisdiction, row.shown, row.account) == (
            "dagang-2.2",
            "card_replace",
            "dagang",
            "yuzhong-9",
            "desk",
        )
        assert "卡折了" in row.question and "13812345678" not in row.question
        logged = connection.execute(select(audit).where(audit.c.action == "correction.add").order_by(audit.c.id.desc())).first()
        assert logged is not None and (logged.account, logged.subject, logged.detail) == (
            "desk",
            "dagang-2.2",
            {"correction": row.id},
        )


def test_a_missing_item_and_a_wrong_one(desk: httpx.Client, server: Server) -> None:
    assert "目录里没有" in desk.post("/hotline/corrections", data={"question": "遛狗证在哪办", "item": ""}).text
    for form in ({"question": "", "item": "dagang-2.2"}, {"question": "什么", "item": "dagang-99.9"}, {"question": "长" * 2001}):
        answer = desk.post("/hotline/corrections", data=form, headers={"HX-Request": "true"})
        assert answer.status_code == 400 and 'class="notice error"' in answer.text


def test_every_item_can_be_shown_and_printed(desk: httpx.Client, server: Server) -> None:
    known = set()
    for place in ("dagang", "dagu", "yuzhong", "hebei", "gaoxin"):
        page = desk.get("/hotline").text
        known |= set(re.findall(rf'<option value="({place}-[\d.]+) ', page))
    assert len(known) == 179
    for item in sorted(known)[::6]:
        for path in (f"/hotline/items/{item}", f"/hotline/items/{item}/print"):
            answer = desk.get(path)
            assert answer.status_code == 200, path
            name = server.request(f"/api/items/{item}")[1]["name"]
            assert name in html.unescape(answer.text)
    assert desk.get("/hotline/items/dagang-99").status_code == 404


def test_markup_in_a_query_stays_text(desk: httpx.Client) -> None:
    page = desk.post("/hotline/search", data={"q": "社保卡丢了怎么补", "said": '"><script>alert(1)</script>'}).text
    assert "<script" not in page


def test_the_hotline_needs_its_role(office: Office) -> None:
    assert office.login("trainer").get("/hotline").status_code == 403
