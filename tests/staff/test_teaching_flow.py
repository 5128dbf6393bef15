"""The whole way of a trainer on a real server with real trainings: from a misunderstood question to the answer, in a browser."""

from __future__ import annotations

import time
from typing import Any

import pytest

from bot.staff import accounts
from bot.storage.database import open_engine
from bot.training.phrasings import read_phrasings

from .conftest import HASH, PASSWORD

playwright_api = pytest.importorskip("playwright.sync_api", reason="NO BROWSER TESTS: playwright is not installed")
expect = playwright_api.expect
MISSED = "那蓝片片给狗子嚼烂乎啦"
MINUTES = 5


@pytest.mark.nightly
def test_a_miss_is_taught_trained_compared_promoted_and_answered_in_five_minutes(workshop: Any, browser: Any) -> None:
    engine = open_engine(workshop.environment["DATABASE_URL"])
    with engine.begin() as connection:
        accounts.add(connection, "teacher", HASH, ("trainer",))
    engine.dispose()
    with workshop.server() as server:
        before = server.say("resident", MISSED, "dagang")
        assert before["service"] != "card_replace"
        served = server.request("/health")[1]["model"]
        page = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN").new_page()
        begun = time.monotonic()

        page.goto(f"{server.url}/login?next=/training")
        page.get_by_label("用户名").fill("teacher")
        page.get_by_label("密码").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{server.url}/training")

        miss = page.locator("article.group").filter(has=page.get_by_role("heading", name=MISSED))
        miss.get_by_label("服务").fill("社会保障卡补换")
        miss.get_by_label("方面").select_option("办理流程")
        miss.locator("button.primary").click()
        expect(page.locator(".settled")).to_contain_text("写入 1 条问法")
        assert [(p.intent, p.service) for p in read_phrasings(workshop.settings.data / "nlu") if p.text == MISSED] == [
            ("ask_process", "card_replace")
        ]

        page.get_by_role("link", name="训练与上线").click()
        expect(page.get_by_text("有改动，还没有训练")).to_be_visible(timeout=20_000)
        page.get_by_role("button", name="训练新模型").click()
        page.get_by_role("link", name="的比较").click(timeout=MINUTES * 60_000)
        expect(page.get_by_role("heading", name="可以上线")).to_be_visible()
        expect(page.get_by_role("heading", name="变了的题")).to_be_visible()
        page.get_by_role("button", name="上线", exact=True).click()
        expect(page.get_by_text("已上线，几秒内生效")).to_be_visible()

        while server.request("/health")[1]["model"] == served:
            assert time.monotonic() - begun < MINUTES * 60
            time.sleep(0.5)
        after = server.say("another resident", MISSED, "dagang")
        took = time.monotonic() - begun
        assert (after["kind"], after["service"], after["item"]) == ("answer", "card_replace", "dagang-2.2"), after
        assert took < MINUTES * 60
        page.goto(f"{server.url}/training")
        expect(page.locator("article.group").filter(has=page.get_by_role("heading", name=MISSED))).to_have_count(0)
        print(f"from the login to the answer: {took:.0f} s")
