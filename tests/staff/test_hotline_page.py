"""The hotline as the person at the telephone meets it: real model, real Chromium, 1366x768, keyboard only."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.staff import accounts
from bot.storage.database import open_engine
from bot.storage.tables import correction
from tests.conftest import Server

from .conftest import HASH
from .conftest import PASSWORD as WORD

playwright_api = pytest.importorskip("playwright.sync_api", reason="NO BROWSER TESTS: playwright is not installed")
expect = playwright_api.expect
pytestmark = [pytest.mark.server, pytest.mark.browser]
SCREEN = {"width": 1366, "height": 768}
STORY = "我妈住大港，她社保卡弄丢了，腿脚不好，想让我替她去补，要带些啥"


@pytest.fixture(scope="module")
def context(browser: Any, server: Server) -> Iterator[Any]:
    """A browser in which a hotline account has logged in by the form."""
    with open_engine(server.database_url).begin() as connection:
        accounts.add(connection, "张敏", HASH, ("hotline",))
    context = browser.new_context(viewport=SCREEN, locale="zh-CN", base_url=server.url)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto("/hotline")
    page.get_by_label("用户名").fill("张敏")
    page.get_by_label("密码").fill(WORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/hotline")
    page.close()
    yield context
    context.close()


@pytest.fixture
def page(context: Any) -> Iterator[Any]:
    """The open desk. A script error or a breach of the Content-Security-Policy fails the test."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if is_fault(message) else None)
    page.goto("/hotline")
    yield page
    page.close()
    assert complaints == []


def is_fault(message: Any) -> bool:
    """A refused request is none, nor one that a newer one replaced; htmx writes both to the console."""
    return message.type == "error" and not re.match(
        "Failed to load resource|Response Status Error|htmx:afterRequest|htmx:sendAbort", message.text
    )


def picture(page: Any, name: str) -> None:
    """Keep a screenshot where SCREENSHOTS names a folder (docs/images is made so)."""
    if os.environ.get("SCREENSHOTS"):
        page.screenshot(path=str(Path(os.environ["SCREENSHOTS"]) / f"{name}.png"))


def shown(page: Any) -> Any:
    return page.locator("#item article")


def type_query(page: Any, text: str) -> None:
    page.locator("#q").fill("")
    page.locator("#q").press_sequentially(text, delay=5)
    expect(page.locator("#results")).to_have_attribute("aria-busy", "false")
    expect(page.locator("#hits .hit").first).to_have_attribute("aria-selected", "true")


# -- 1: search by keyboard -----------------------------------------------------------------------------------


def test_found_and_read_without_a_mouse(page: Any) -> None:
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("sbkbh")
    expect(page.locator(".hit").first).to_contain_text("社保卡补换卡")
    expect(shown(page)).to_have_attribute("data-item", "dagang-2.2")  # before anything is pressed
    page.keyboard.press("Enter")
    expect(page.locator("#item")).to_be_focused()
    for key, heading in (("1", "材料"), ("2", "流程"), ("3", "电话"), ("4", "依据")):
        page.keyboard.press(key)
        expect(page.locator(".here h3")).to_contain_text(heading)
        expect(page.locator(".here")).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(page.locator("#q")).to_be_focused()
    expect(page.locator("#q")).to_have_value("sbkbh")
    page.keyboard.press("Escape")
    expect(page.locator("#q")).to_have_value("")


def test_arrows_walk_the_list_and_the_item_follows(page: Any) -> None:
    type_query(page, "社会保障卡")
    hits = page.locator(".hit")
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(hits.nth(1)).to_have_attribute("aria-selected", "true")
    expect(page.locator('[aria-selected="true"].hit')).to_have_count(1)
    expect(shown(page)).to_have_attribute("data-item", hits.nth(1).get_attribute("data-item"))
    expect(page.locator("#q")).to_have_attribute("aria-activedescendant", hits.nth(1).get_attribute("id"))
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.press("Alt+Digit4")
    expect(page.locator(".here h3")).to_contain_text("依据")
    expect(page.locator("#q")).to_be_focused()


def test_which_items_need_a_document(page: Any) -> None:
    type_query(page, "哪些事项要户口本")
    expect(page.locator("#results .group")).to_contain_text("个事项的材料里写到「户口本」")
    assert page.locator(".hit").count() > 12
    for why in page.locator(".hit .why").all_inner_texts():
        assert re.search("户口本|户口簿", why)
    picture(page, "hotline-documents")


# -- 2: the item at a glance ---------------------------------------------------------------------------------


def test_an_item_is_read_at_a_glance_on_an_old_screen(page: Any) -> None:
    type_query(page, "社保卡新办")
    expect(shown(page)).to_have_attribute("data-item", "dagang-2.1")
    titles = page.locator('[data-key="1"] h4')
    expect(titles).to_have_text(["本人办理", "代办办理", "单位办理"])
    tops = [box["y"] for box in (title.bounding_box() for title in titles.all())]
    assert len(set(tops)) == 1  # side by side
    expect(shown(page).get_by_text("来源提示").first).to_be_in_viewport()
    for text in ("63856609", "党群服务中心", "津人社局发", "渝中区：社会保障卡申领", "公共服务事项信息表》2.1"):
        expect(page.locator("aside").get_by_text(text)).to_be_in_viewport()
    assert page.evaluate(
        "document.documentElement.scrollWidth <= innerWidth && document.documentElement.scrollHeight <= innerHeight"
    )
    picture(page, "hotline-item")


def test_situations_are_tabs(page: Any) -> None:
    type_query(page, "hebei-9.5")
    page.keyboard.press("Enter")
    tabs = page.get_by_role("tab")
    expect(tabs).to_have_count(3)
    expect(page.locator(".panel:visible [data-key='1'] li")).to_have_count(2)
    tabs.nth(0).focus()
    page.keyboard.press("ArrowRight")
    expect(tabs.nth(1)).to_be_focused()
    expect(page.locator(".panel:visible [data-key='1'] li")).to_have_count(1)
    expect(page.locator(".panel:visible [data-key='1'] li")).to_contain_text("生活补贴审核表")
    page.keyboard.press("1")
    expect(page.locator(".here")).to_be_visible()


def test_reading_aloud_and_copying_a_message(page: Any) -> None:
    type_query(page, STORY)
    page.keyboard.press("Enter")
    expect(page.locator("#item")).to_be_focused()
    page.keyboard.press("r")
    expect(page.locator(".spoken .chosen")).to_contain_text("第一，公安机关开具的关系证明。")
    picture(page, "hotline-spoken")
    page.keyboard.press("c")
    expect(page.locator("#toast")).to_contain_text("已复制")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("【社保卡补换卡】") and "公安机关开具的关系证明" in copied and "本人身份证、户口本" not in copied
    page.keyboard.press("r")
    expect(page.locator(".spoken:visible")).to_have_count(0)


def test_the_same_service_elsewhere_is_one_click_away(page: Any) -> None:
    type_query(page, "gaoxin-2")
    page.keyboard.press("Enter")
    page.locator(".others a").filter(has_text="大港").click()
    expect(shown(page)).to_have_attribute("data-item", re.compile("^dagang-"))


# -- 3: the caller's story -----------------------------------------------------------------------------------


def test_a_story_gets_candidates_and_the_next_question(page: Any) -> None:
    page.locator("#q").fill("社保卡丢了，要怎么补，带什么材料")
    story = page.locator(".story")
    expect(story).to_contain_text("请问您在哪里办理")
    expect(page.locator(".hit .sure").first).to_have_text(re.compile(r"^\d+%$"))
    expect(shown(page)).to_be_visible()
    picture(page, "hotline-story")
    story.get_by_role("button", name="大港街道").click()
    expect(story).to_contain_text("请问是谁去办理")
    story.get_by_role("button", name="代办").click()
    expect(story).to_contain_text("可以直接答")
    expect(story).to_contain_text("已答：大港街道（天津滨海新区）；代办")
    expect(shown(page)).to_have_attribute("data-item", "dagang-2.2")
    expect(page.locator('[data-key="1"] .chosen h4')).to_have_text("代办办理")


def test_what_the_story_says_need_not_be_asked(page: Any) -> None:
    page.locator("#q").fill(STORY)
    expect(page.locator(".story")).to_contain_text("可以直接答")
    expect(page.locator(".story .badge")).to_contain_text(["大港", "代办"])
    expect(page.locator(".hit").first).to_have_attribute("data-item", "dagang-2.2")


# -- 4: wrong or missing, print, recent, pinned ----------------------------------------------------------------


def test_a_wrong_answer_is_told_to_the_trainers_by_keyboard(page: Any, server: Server) -> None:
    type_query(page, "那个片片刷不起了咋个整")
    wrong = page.locator(".hit").first.get_attribute("data-item")
    page.keyboard.press("Escape")
    type_query(page, "社保卡补换卡")
    page.keyboard.press("Enter")
    expect(page.locator("#item")).to_be_focused()
    page.keyboard.press("w")
    form = page.locator("#correction form")
    expect(form.get_by_label("正确的事项")).to_have_value("dagang-2.2 社保卡补换卡")
    page.locator("#earlier button").filter(has_text="那个片片").click()
    expect(form.get_by_label("来电人怎么问的")).to_have_value("那个片片刷不起了咋个整")
    picture(page, "hotline-correction")
    form.get_by_label("说明").press("Enter")
    expect(form.get_by_role("status")).to_contain_text("已记下")
    with open_engine(server.database_url).connect() as connection:
        row = connection.execute(select(correction).order_by(correction.c.id.desc())).first()
    assert (row.question, row.item, row.shown, row.account) == ("那个片片刷不起了咋个整", "dagang-2.2", wrong, "张敏")
    page.keyboard.press("Escape")
    expect(page.locator("#correction")).to_be_hidden()


def test_a_refused_correction_says_why(page: Any) -> None:
    type_query(page, "社保卡补换卡")
    page.keyboard.press("Alt+KeyW")
    form = page.locator("#correction form")
    form.get_by_label("正确的事项").fill("没有的事项")
    form.get_by_role("button", name="记下").click()
    expect(page.locator(".notice.error")).to_contain_text("没有编号")


def test_pinned_and_recent_items_wait_in_an_empty_box(page: Any) -> None:
    for query, item in (("yuzhong-12", "yuzhong-12"), ("hebei-9.6", "hebei-9.6")):
        type_query(page, query)
        page.keyboard.press("Enter")
        expect(page.locator("#item")).to_be_focused()
        expect(shown(page)).to_have_attribute("data-item", item)
        page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(page.locator("#item")).to_be_focused()
    page.keyboard.press("s")
    expect(page.locator('[data-do="pin"]')).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.locator("#results .group").first).to_have_text("收藏")
    expect(page.locator(".hit").first).to_have_attribute("data-item", "hebei-9.6")
    expect(page.locator('.hit[data-item="yuzhong-12"]')).to_be_visible()
    page.keyboard.press("Tab")
    page.locator("#q").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(shown(page)).to_have_attribute("data-item", "hebei-9.6")


def test_the_print_view_holds_the_item_and_no_navigation(page: Any) -> None:
    type_query(page, "社保卡补换卡")
    page.keyboard.press("Enter")
    expect(page.locator("#item")).to_be_focused()
    with page.context.expect_page() as opened:
        page.keyboard.press("p")
    paper = opened.value
    paper.emulate_media(media="print")
    expect(paper.get_by_role("heading", name="社保卡补换卡")).to_be_visible()
    expect(paper.locator(".top")).to_be_hidden()
    expect(paper.locator("#print")).to_be_hidden()
    for text in ("代办人身份证原件及复印件", "63856609", "来源：《"):
        expect(paper.get_by_text(text).first).to_be_visible()
    paper.close()


def test_the_desk_is_accessible(page: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page.locator("#q").fill(STORY)
    expect(shown(page)).to_have_attribute("data-item", "dagang-2.2")
    found = axe.run(page).response["violations"]
    assert "\n".join(f"{v['id']}: {[node['html'][:150] for node in v['nodes']]}" for v in found) == ""


def test_a_session_that_ended_leads_to_the_log_in(browser: Any, server: Server) -> None:
    with open_engine(server.database_url).begin() as connection:
        accounts.add(connection, "ended", HASH, ("hotline",))
    context = browser.new_context(viewport=SCREEN, base_url=server.url)
    page = context.new_page()
    page.goto("/hotline")
    page.get_by_label("用户名").fill("ended")
    page.get_by_label("密码").fill(WORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/hotline")
    context.clear_cookies()
    page.locator("#q").fill("社保卡")
    page.wait_for_url("**/login?next=**")
    context.close()
