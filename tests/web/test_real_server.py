"""The chat page on the running server with the real model, as residents and as other sites meet it."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import create_engine, select

from bot.storage import tables

playwright_api = pytest.importorskip("playwright.sync_api", reason="NO BROWSER TESTS: playwright is not installed")
expect = playwright_api.expect
expect.set_options(timeout=15_000)


@pytest.fixture
def page(browser: Any, server: Any) -> Iterator[Any]:
    """The open page. A script error, a breach of the Content-Security-Policy or a request elsewhere fails the test."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN", service_workers="block")
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("request", lambda r: complaints.append(r.url) if not r.url.startswith((server.url, "blob:", "data:")) else None)
    page.goto(server.url)
    expect(page.locator("#place option")).to_have_count(6)
    yield page
    context.close()
    assert complaints == []


def say(page: Any, text: str) -> Any:
    """Type and send; returns the card of the reply."""
    before = page.locator(".reply").count()
    page.get_by_label("请输入您想办的事").fill(text)
    page.keyboard.press("Enter")
    return next_reply(page, before)


def tap(page: Any, button: Any) -> Any:
    before = page.locator(".reply").count()
    button.click()
    return next_reply(page, before)


def next_reply(page: Any, before: int) -> Any:
    expect(page.locator(".reply")).to_have_count(before + 1)
    expect(page.locator(".failure")).to_have_count(0)
    return page.locator(".reply").last


def option(card: Any, words: str) -> Any:
    return card.locator(".options button", has_text=words).first


def test_a_whole_conversation_with_clarification(page: Any, server: Any) -> None:
    card = tap(page, option(say(page, "社保卡折了，要带啥去换新的"), "大港街道"))
    assert page.get_by_label("办事地点").input_value() == "dagang"
    card = tap(page, option(card, "代办"))
    expect(card.get_by_role("heading", name="社保卡补换卡")).to_be_visible()
    expect(card.locator(".source")).to_contain_text("大港街道办事处公共服务事项信息表")
    boxes = card.get_by_role("checkbox")
    assert boxes.count() >= 3
    boxes.nth(1).check()
    expect(card.locator(".progress")).to_have_text(f"已备 1/{boxes.count()}")
    phone = tap(page, card.get_by_role("button", name="电话", exact=False).first)
    assert re.fullmatch(r"tel:[\d-]+", phone.locator("a.phone").first.get_attribute("href"))

    page.reload()
    expect(page.locator(".reply")).to_have_count(4)
    assert page.locator(".checks input:checked").count() == 1
    phone = page.locator(".reply").last
    phone.get_by_role("button", name="没帮上").click()
    phone.get_by_label("哪里没帮上").fill("电话打不通，我的手机是13800138000")
    phone.get_by_role("button", name="提交").click()
    expect(phone.get_by_text("谢谢您的反馈")).to_be_visible()
    with create_engine(server.database_url).connect() as connection:
        vote = connection.execute(select(tables.feedback).order_by(tables.feedback.c.id.desc())).first()
    assert vote is not None and (vote.vote, vote.item) == ("down", "dagang-2.2")
    assert vote.reason.startswith("电话打不通") and "13800138000" not in vote.reason


def test_the_flow_chart_of_the_source_with_both_branches(page: Any) -> None:
    page.get_by_label("办事地点").select_option("hebei")
    card = say(page, "残疾人两项补贴怎么申请")
    card.get_by_role("button", name="看流程图").click()
    picture = page.get_by_role("img", name="流程图，下面有文字版")
    assert picture.evaluate("image => image.decode().then(() => image.naturalHeight)") > 300
    card.get_by_text("流程图的文字版").click()
    expect(card.locator(".flow li", has_text="街道初审通过")).to_have_text(re.compile(r"是：转第\d+步；否：转第\d+步"))


def test_suggestions_while_typing(page: Any) -> None:
    box = page.get_by_label("请输入您想办的事")
    box.press_sequentially("失业登")
    options = page.get_by_role("listbox").get_by_role("option")
    expect(options.filter(has_text="失业登记").first).to_be_visible()
    before = page.locator(".reply").count()
    options.filter(has_text="失业登记").first.click()
    expect(next_reply(page, before)).to_contain_text("失业登记")


@pytest.mark.parametrize(
    "message",
    [
        '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>',
        '/ask_materials{"place": "<b>dagang</b>"}',
        "javascript:window.hacked=1 【<svg onload=window.hacked=1>】",
    ],
)
def test_a_message_with_a_script_is_only_text(page: Any, message: str) -> None:
    say(page, message)
    expect(page.locator(".mine").last).to_contain_text(message)
    page.reload()
    expect(page.locator(".mine").last).to_contain_text(message)
    assert page.locator("#log script, #log img, #log b, #log svg[onload]").count() == 0
    assert page.evaluate("window.hacked") is None


def test_what_the_real_bot_says_passes_axe_in_the_largest_type(page: Any) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page.get_by_role("button", name="特大").click()
    card = tap(page, option(say(page, "失业登记要带什么材料"), "大沽街道"))
    while card.locator(".options").count():
        card = tap(page, card.get_by_role("button", name="说不清"))
    expect(card.get_by_role("checkbox").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert [v["id"] for v in Axe().run(page).response["violations"]] == []


# -- on other sites --------------------------------------------------------------------------------------------


@pytest.fixture
def other_sites(server: Any) -> Iterator[str]:
    """A page that embeds the chat by one script tag, under whatever name its server is called; yields ":PORT"."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            script = f'<script src="{server.url}/embed.js" data-place="dagu"></script>'
            body = f'<!doctype html><html lang="zh-CN"><title>街道网站</title><main><h1>街道网站</h1></main>{script}'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Stay silent."""

    site = ThreadingHTTPServer(("127.0.0.1", server.embedder), Page)
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f":{server.embedder}"
    site.shutdown()
    site.server_close()
    thread.join()


def test_a_listed_site_shows_the_chat_and_no_other_can(browser: Any, server: Any, other_sites: str) -> None:
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(f"http://listed.localhost{other_sites}")
    page.get_by_role("button", name="办事咨询").click()
    chat = page.frame_locator("iframe")
    expect(chat.get_by_label("办事地点")).to_have_value("dagu")
    chat.get_by_label("请输入您想办的事").fill("失业登记的电话是多少")
    page.keyboard.press("Enter")
    expect(chat.locator(".reply.answer")).to_contain_text("大沽街道")

    page = context.new_page()
    refusals: list[str] = []
    page.on("console", lambda message: refusals.append(message.text) if "frame-ancestors" in message.text else None)
    page.goto(f"http://unlisted.localhost{other_sites}")
    page.get_by_role("button", name="办事咨询").click()
    frame = page.locator("iframe").element_handle().content_frame()
    frame.wait_for_load_state()
    assert urlsplit(frame.url).netloc != urlsplit(server.url).netloc and frame.locator("textarea").count() == 0
    assert refusals and f"http://listed.localhost{other_sites}" in refusals[0]
    context.close()


# -- for the documentation ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "width", "height", "size"),
    [("chat-phone", 390, 844, "标准"), ("chat-large", 390, 844, "大字"), ("chat-desktop", 1280, 900, "标准")],
)
def test_screenshots(browser: Any, server: Any, tmp_path: Path, name: str, width: int, height: int, size: str) -> None:
    """The pictures of docs/web.md; `SCREENSHOTS=docs/images` renews them."""
    context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN", reduced_motion="reduce")
    page = context.new_page()
    page.goto(server.url)
    page.get_by_role("button", name=size, exact=True).click()
    page.get_by_label("办事地点").select_option("dagang")
    card = tap(page, option(say(page, "社保卡丢了，补卡要带什么材料"), "代办"))
    for box in card.get_by_role("checkbox").all()[:2]:
        box.check()
    card.scroll_into_view_if_needed()
    page.evaluate("document.activeElement.blur(); document.querySelectorAll('.turn')[1].scrollIntoView()")
    picture = Path(os.environ.get("SCREENSHOTS", tmp_path)) / f"{name}.png"
    page.screenshot(path=picture)
    context.close()
    assert 20_000 < picture.stat().st_size < 300_000
