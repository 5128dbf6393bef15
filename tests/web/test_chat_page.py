"""The chat page as a resident meets it, in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

playwright_api = pytest.importorskip("playwright.sync_api", reason="NO BROWSER TESTS: playwright is not installed")
expect = playwright_api.expect

QUESTION, FLOW_QUESTION = "社保卡丢了怎么补", "残疾人补贴怎么申请"
SIZES = {"标准": 17.0, "大字": 24.0, "特大": 40.0}
SERVER_TROUBLE = "Failed to load resource"


@pytest.fixture
def context(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN", accept_downloads=True)
    yield context
    context.close()


@pytest.fixture
def page(context: Any, server_url: str) -> Iterator[Any]:
    """The open page. A script error or a breach of the Content-Security-Policy fails the test."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" and SERVER_TROUBLE not in m.text else None)
    visit(page, server_url)
    yield page
    assert complaints == []


def visit(page: Any, url: str) -> None:
    page.goto(url)
    expect(page.locator("#place option")).to_have_count(6)


def say(page: Any, text: str) -> None:
    """Type and send, and wait until something has come back."""
    before = page.locator(".reply").count()
    page.get_by_label("请输入您想办的事").fill(text)
    page.keyboard.press("Enter")
    expect(page.locator(".reply")).to_have_count(before + 1)


def tap(page: Any, name: str) -> None:
    page.get_by_role("button", name=name).last.click()


def ask_for_materials(page: Any) -> Any:
    """Go through the clarification to the answer; returns its card."""
    say(page, QUESTION)
    for step, option in enumerate(("天津市滨海新区大港街道", "代办"), 2):
        page.locator(f".options button[data-title='{option}']").click()
        expect(page.locator(".reply")).to_have_count(step)
    return page.locator(".reply.answer")


def axe_results(page: Any) -> dict[str, Any]:
    from axe_playwright_python.sync_playwright import Axe

    return Axe().run(page, options={"resultTypes": ["violations", "passes", "incomplete"]}).response


def violations(page: Any) -> list[str]:
    return [f"{v['id']}: {[node['html'] for node in v['nodes']]}" for v in axe_results(page)["violations"]]


# -- the conversation ----------------------------------------------------------------------------------------


def test_whole_conversation_with_clarification(page: Any, stub: Any) -> None:
    card = ask_for_materials(page)

    assert stub.said() == [QUESTION, "天津市滨海新区大港街道", "代办"]
    expect(card.get_by_role("heading", name="社保卡补换卡")).to_be_visible()
    expect(card.get_by_role("checkbox")).to_have_count(4)
    expect(card.get_by_role("heading", name="代理办卡，代办办理")).to_be_visible()
    expect(card.locator(".source")).to_have_text(re.compile("来源：《天津市滨海新区大港街道办事处公共服务事项信息表》2.2"))
    expect(card.get_by_role("link", name="63856609")).to_have_attribute("href", "tel:63856609")
    card.get_by_role("button", name="电话是多少").click()
    expect(page.locator(".reply")).to_have_count(4)
    assert stub.said()[-1] == "电话是多少"


def test_every_word_of_the_reply_is_shown(page: Any, stub: Any) -> None:
    shown = ask_for_materials(page).inner_text()
    for line in stub.materials.split("\n")[:-1]:
        words = re.sub(r"^\d+\. |[【】〔〕]", "\n", line).strip("：\n").split("\n")
        assert all(part in shown for word in words for part in word.split("：", 1)), line


def test_options_can_be_used_once_and_show_what_was_chosen(page: Any) -> None:
    ask_for_materials(page)
    first = page.locator(".options").first
    expect(first.get_by_role("button")).to_have_count(4)
    expect(first.locator("button:not([disabled])")).to_have_count(0)
    expect(first.locator(".chosen")).to_have_text(re.compile("大港街道"))


def test_who_cannot_say_gets_every_branch_by_one_tap(page: Any, stub: Any) -> None:
    say(page, QUESTION)
    page.get_by_role("button", name="说不清，都列出来").click()
    expect(page.locator(".reply")).to_have_count(2)
    assert stub.said() == [QUESTION, "不知道"]
    expect(page.locator(".options .chosen")).to_have_text(re.compile("说不清"))


def test_the_place_shown_follows_the_conversation(page: Any, stub: Any) -> None:
    place = page.get_by_label("办事地点")
    ask_for_materials(page)
    expect(place).to_have_value("dagang")
    expect(page.locator(".switch")).to_have_count(0)
    page.reload()
    expect(place).to_have_value("dagang")
    tap(page, "清除对话")
    page.get_by_role("button", name="清除", exact=True).click()
    expect(place).to_have_value("")
    place.select_option("yuzhong")
    ask_for_materials(page)
    expect(place).to_have_value("dagang")
    tap(page, "清除对话")
    page.get_by_role("button", name="清除", exact=True).click()
    expect(place).to_have_value("yuzhong")


def test_conversation_has_one_signed_session_and_the_chosen_place(page: Any, stub: Any) -> None:
    say(page, "你好")
    page.get_by_label("办事地点").select_option("dagu")
    expect(page.locator(".switch")).to_contain_text("大沽街道")
    say(page, "你好")
    say(page, "再问")
    bodies = [body for _, body in stub.received]
    assert "metadata" not in bodies[0]
    assert [body["metadata"] for body in bodies[1:]] == [{"jurisdiction": "dagu"}] * 2
    assert [body["session"] for body in bodies] == ["token-0", "token-1", "token-1"]


def test_shows_that_it_is_searching(page: Any) -> None:
    page.evaluate(
        "window.realFetch = fetch; window.fetch = (...a) => new Promise((r) => setTimeout(r, 400)).then(() => realFetch(...a))"
    )
    page.get_by_label("请输入您想办的事").fill("你好")
    page.keyboard.press("Enter")
    expect(page.get_by_text("正在查找…")).to_be_visible()
    expect(page.locator(".reply")).to_have_count(1)
    expect(page.get_by_text("正在查找…")).to_have_count(0)


def test_text_is_never_taken_as_markup(page: Any, stub: Any) -> None:
    say(page, "注入")
    page.get_by_label("请输入您想办的事").fill(stub.injection)
    page.keyboard.press("Enter")
    expect(page.locator(".reply")).to_have_count(2)
    expect(page.locator(".mine").last).to_contain_text(stub.injection)
    expect(page.locator(".reply h2")).to_have_text(stub.injection)
    page.reload()
    expect(page.locator(".checks li").first).to_have_text(stub.injection)
    assert page.locator("#log script, #log img").count() == 0
    assert page.evaluate("window.hacked") is None


# -- keyboard ------------------------------------------------------------------------------------------------


def test_keyboard_alone_is_enough(page: Any, stub: Any) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="跳到输入框")).to_be_focused()
    page.keyboard.press("Enter")
    box = page.get_by_label("请输入您想办的事")
    expect(box).to_be_focused()
    page.keyboard.type("第一行")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("第二行")
    page.keyboard.press("Enter")
    expect(page.locator(".reply")).to_have_count(1)
    assert stub.said() == ["第一行\n第二行"]

    say(page, QUESTION)
    expect(box).to_be_focused()
    for _ in range(3):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.dataset.title") == "天津市滨海新区大港街道":
            break
    page.keyboard.press("Enter")
    expect(page.locator(".reply")).to_have_count(3)
    expect(box).to_be_focused()
    say(page, "代办")
    page.locator(".checks input").first.focus()
    page.keyboard.press("Space")
    expect(page.locator(".checks input").first).to_be_checked()


def test_enter_of_the_input_method_does_not_send(page: Any, stub: Any) -> None:
    box = page.get_by_label("请输入您想办的事")
    box.fill("shebao")
    box.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    expect(box).to_have_value("shebao")
    assert stub.said() == []


def test_suggestions_by_keyboard(page: Any, stub: Any) -> None:
    box = page.get_by_label("请输入您想办的事")
    options = page.get_by_role("listbox").get_by_role("option")
    box.press_sequentially("社保")
    expect(options).to_have_count(2)
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    box.press_sequentially("卡")
    expect(options).to_have_count(2)
    page.keyboard.press("ArrowUp")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(options.nth(0)).to_have_attribute("aria-selected", "true")
    assert box.get_attribute("aria-activedescendant") == options.nth(0).get_attribute("id")
    assert violations(page) == []
    page.keyboard.press("Enter")
    expect(page.locator(".reply.answer")).to_have_count(1)
    assert stub.said() == ["天津市滨海新区大港街道社保卡补换卡"]
    expect(box).to_have_value("")


# -- what the browser keeps ------------------------------------------------------------------------------------


def test_type_sizes_are_kept(page: Any) -> None:
    for name, size in SIZES.items():
        page.get_by_role("button", name=name, exact=True).click()
        assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('.welcome p')).fontSize)") == size
        page.reload()
        expect(page.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-pressed", "true")


def test_reload_keeps_history_and_ticks(page: Any, stub: Any) -> None:
    card = ask_for_materials(page)
    card.get_by_text("办卡人身份证原件及复印件").click()
    expect(card.locator(".progress")).to_have_text("已备 1/4")
    before = page.locator("#log").inner_text()
    page.reload()
    expect(page.locator(".reply")).to_have_count(3)
    assert page.locator("#log").inner_text() == before
    assert [box.is_checked() for box in page.get_by_role("checkbox").all()] == [False, False, True, False]
    say(page, "你好")
    assert len({body["session"] for _, body in stub.received}) == 1


def test_clear_forgets_everything(page: Any, stub: Any) -> None:
    card = ask_for_materials(page)
    card.get_by_role("checkbox").first.check()
    tap(page, "清除对话")
    page.get_by_role("button", name="不清除", exact=True).click()
    expect(page.locator(".reply")).to_have_count(3)
    tap(page, "清除对话")
    page.get_by_role("button", name="清除", exact=True).click()
    expect(page.locator(".turn")).to_have_count(0)
    kept = page.evaluate("JSON.stringify(localStorage)")
    assert "社保卡" not in kept and stub.received[0][1]["session"] not in kept
    page.reload()
    expect(page.locator(".turn")).to_have_count(0)
    assert not any(box.is_checked() for box in ask_for_materials(page).get_by_role("checkbox").all())
    assert stub.received[-1][1]["session"] != stub.received[0][1]["session"]


def test_works_where_storage_is_refused_or_spoilt(context: Any, server_url: str) -> None:
    page = context.new_page()
    page.add_init_script("localStorage.setItem('chat.turns', '{not json'); localStorage.setItem('chat.ticks', '[]')")
    visit(page, server_url)
    ask_for_materials(page)
    page.close()
    page = context.new_page()
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('refused', 'SecurityError'); } })"
    )
    visit(page, server_url)
    ask_for_materials(page).get_by_role("checkbox").first.check()


# -- trouble -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["no network", "server down"])
def test_trouble_is_explained_and_can_be_retried(page: Any, stub: Any, context: Any, trouble: str) -> None:
    def set_trouble(on: bool) -> None:
        if trouble == "no network":
            context.set_offline(on)
        else:
            stub.down = on

    set_trouble(True)
    say(page, "你好")
    message = "您的设备没有联网" if trouble == "no network" else "现在连不上服务器"
    expect(page.locator(".failure")).to_contain_text(message)
    assert violations(page) == []
    tap(page, "重试")
    expect(page.locator(".failure")).to_have_count(1)
    set_trouble(False)
    tap(page, "重试")
    expect(page.locator(".reply:not(.failure)")).to_have_count(1)
    expect(page.locator(".failure")).to_have_count(0)
    expect(page.locator(".mine")).to_have_count(1)
    assert stub.said() == ["你好"]


def test_says_at_once_that_the_server_is_down(context: Any, stub: Any, server_url: str) -> None:
    stub.down = True
    page = context.new_page()
    page.goto(server_url)
    expect(page.get_by_role("alert")).to_contain_text("现在连不上服务器")
    stub.down = False
    page.get_by_role("button", name="重试").click()
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(page.locator("#place option")).to_have_count(6)


def test_a_question_interrupted_by_a_reload_can_be_asked_again(page: Any, context: Any) -> None:
    context.route("**/webhooks/**", lambda route: None)
    page.get_by_label("请输入您想办的事").fill("你好")
    page.keyboard.press("Enter")
    expect(page.locator(".mine")).to_have_count(1)
    page.reload()
    expect(page.locator(".failure")).to_contain_text("上次没有等到回答")
    context.unroute("**/webhooks/**")
    tap(page, "重试")
    expect(page.locator(".reply:not(.failure)")).to_have_count(1)


# -- the tools of a card -----------------------------------------------------------------------------------------


def test_copy_print_and_picture(page: Any, context: Any, server_url: str, tmp_path: Path) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server_url)
    page.evaluate("window.print = () => { window.printed = document.querySelectorAll('.printing .printed').length; }")
    card = ask_for_materials(page)
    card.get_by_role("button", name="复制").click()
    expect(page.locator("#toast")).to_have_text("已复制")
    assert page.evaluate("navigator.clipboard.readText()").startswith("【社保卡补换卡】")
    card.get_by_role("button", name="打印").click()
    assert page.evaluate("window.printed") == 1
    with page.expect_download() as download:
        card.get_by_role("button", name="存为图片").click()
    assert download.value.suggested_filename == "社保卡补换卡.png"
    download.value.save_as(tmp_path / "card.png")
    assert (tmp_path / "card.png").read_bytes().startswith(b"\x89PNG")


def test_flow_chart_only_where_there_is_one(page: Any) -> None:
    ask_for_materials(page)
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("button", name="看流程图")).to_have_count(0)
    say(page, FLOW_QUESTION)
    page.get_by_role("button", name="看流程图").click()
    picture = page.get_by_role("img", name="残疾人两项补贴申请流程图")
    expect(picture).to_be_visible()
    assert page.locator(".flow img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    page.get_by_text("流程图的文字版").click()
    expect(page.get_by_text("2. 街道初审通过 —— 是：转第3步；否：转第4步")).to_be_visible()
    expect(page.locator(".steps li")).to_have_count(5)
    page.get_by_role("button", name="收起流程图").click()
    expect(picture).to_be_hidden()


def test_feedback(page: Any, stub: Any) -> None:
    card = ask_for_materials(page)
    card.get_by_role("button", name="没帮上").click()
    card.get_by_label("哪里没帮上（可以不填）").fill("想问网上办")
    card.get_by_role("button", name="提交").click()
    expect(card.get_by_text("谢谢您的反馈")).to_be_visible()
    say(page, FLOW_QUESTION)
    page.get_by_role("button", name="有帮助").click()
    expect(page.get_by_text("谢谢您的反馈")).to_have_count(2)
    votes = [body for path, body in stub.received if path == "/api/feedback"]
    session = stub.received[0][1]["session"]
    assert votes == [
        {"session": session, "vote": "down", "item": "dagang-2.2", "question": "代办", "reason": "想问网上办"},
        {"session": session, "vote": "up", "item": "hebei-9.5", "question": FLOW_QUESTION, "reason": ""},
    ]
    page.reload()
    expect(page.get_by_role("button", name="有帮助")).to_have_count(0)


# -- for everyone ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("size", SIZES)
def test_fits_is_big_enough_and_passes_axe(page: Any, width: int, size: str) -> None:
    """320 px is also what 400 % zoom makes of 1280 px; 200 % lies between."""
    page.set_viewport_size({"width": width, "height": 700})
    page.get_by_role("button", name=size, exact=True).click()
    assert violations(page) == []
    ask_for_materials(page).get_by_role("checkbox").first.check()
    say(page, FLOW_QUESTION)
    page.get_by_role("button", name="看流程图").click()
    page.get_by_role("button", name="没帮上").last.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []

    least = 44 if size == "标准" else 60
    targets = "button, select, textarea, .vote input, .checks label, .flow a, .flow summary, .facts a, .help a"
    measure = "all => all.map(e => [e.innerText || e.id, e.getBoundingClientRect()]).filter(([, r]) => r.width).map(([n, r]) => [n, r.width, r.height])"
    small = [t for t in page.locator(targets).evaluate_all(measure) if t[1] < least - 0.5 or t[2] < least - 0.5]
    assert small == []


@pytest.mark.parametrize("size", SIZES)
def test_text_is_readable(page: Any, size: str) -> None:
    """Line height of 1.3 or more, and contrast: axe has really looked at it (it passes over what it cannot compute)."""
    page.get_by_role("button", name=size, exact=True).click()
    ask_for_materials(page)
    found = axe_results(page)
    assert [rule["id"] for rule in found["violations"]] == []
    contrast = next(rule for rule in found["passes"] if rule["id"] == "color-contrast")
    assert len(contrast["nodes"]) > 20
    assert [rule["id"] for rule in found["incomplete"]] == []
    measure = "all => all.map(e => getComputedStyle(e)).map(s => parseFloat(s.lineHeight) / parseFloat(s.fontSize))"
    assert min(page.locator(".reply p, .reply li, .reply h2, .mine, .privacy p").evaluate_all(measure)) >= 1.3


def test_at_200_percent_zoom(browser: Any, server_url: str) -> None:
    """A window of 1280 px is 640 px wide then; and where only the text is doubled, it still fits a phone."""
    for width, text in ((640, "100%"), (390, "200%")):
        context = browser.new_context(viewport={"width": width, "height": 450}, device_scale_factor=2)
        page = context.new_page()
        visit(page, server_url)
        page.evaluate(f"document.documentElement.style.fontSize = '{text}'")
        card = ask_for_materials(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        card.get_by_role("button", name="复制").scroll_into_view_if_needed()
        card.get_by_role("button", name="复制").click()
        expect(page.locator("#toast")).not_to_be_empty()
        context.close()


def test_on_a_phone_the_screen_keyboard_does_not_cover_the_answer(browser: Any, server_url: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    visit(page, server_url)
    box = page.get_by_label("请输入您想办的事")
    say(page, QUESTION)
    expect(box).not_to_be_focused()
    page.locator(".options button").first.tap()
    expect(page.locator(".reply")).to_have_count(2)
    expect(box).not_to_be_focused()
    assert page.evaluate("document.activeElement.className") == "turn"
    context.close()


def test_replies_are_announced_politely(page: Any) -> None:
    log = page.get_by_role("log")
    expect(log).to_have_attribute("aria-live", "polite")
    say(page, QUESTION)
    expect(log).to_contain_text("您说：")
    assert page.locator("html").get_attribute("lang") == "zh-CN"


def test_voice_input_goes_into_the_text_box(context: Any, server_url: str, stub: Any) -> None:
    page = context.new_page()
    page.add_init_script(
        """window.SpeechRecognition = window.webkitSpeechRecognition = class extends EventTarget {
          start() { setTimeout(() => {
            this.dispatchEvent(Object.assign(new Event('result'), { results: [[{ transcript: '社保卡丢了' }]] }));
            this.dispatchEvent(new Event('end')); }, 50); }
          stop() {} }"""
    )
    visit(page, server_url)
    page.get_by_role("button", name="语音").click()
    expect(page.get_by_label("请输入您想办的事")).to_have_value("社保卡丢了")
    assert stub.said() == []


def test_no_voice_button_without_speech_recognition(context: Any, server_url: str) -> None:
    page = context.new_page()
    page.add_init_script("delete window.SpeechRecognition; delete window.webkitSpeechRecognition")
    visit(page, server_url)
    expect(page.locator("#voice")).to_be_hidden()


# -- on other pages ------------------------------------------------------------------------------------------------


def test_embedded_chat_by_keyboard(page: Any, stub: Any, server_url: str) -> None:
    page.goto(f"{server_url}/host")
    opener = page.get_by_role("button", name="办事咨询")
    page.keyboard.press("Tab")
    expect(opener).to_be_focused()
    assert violations(page) == []
    page.keyboard.press("Enter")
    chat = page.frame_locator("iframe")
    expect(chat.get_by_label("办事地点")).to_have_value("dagang")
    chat.get_by_label("请输入您想办的事").fill("你好")
    page.keyboard.press("Enter")
    expect(chat.locator(".reply")).to_have_count(1)
    assert stub.received[0][1]["metadata"] == {"jurisdiction": "dagang"}
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    expect(page.locator("iframe")).to_be_hidden()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(opener).to_be_visible()
    opener.click()
    page.get_by_role("button", name="关闭").click()
    expect(opener).to_be_focused()


def test_place_of_the_embedding_page_yields_to_the_residents_choice(page: Any, server_url: str) -> None:
    visit(page, f"{server_url}/?embed=1&place=hebei")
    expect(page.get_by_label("办事地点")).to_have_value("hebei")
    page.get_by_label("办事地点").select_option("gaoxin")
    visit(page, f"{server_url}/?embed=1&place=hebei")
    expect(page.get_by_label("办事地点")).to_have_value("gaoxin")
    visit(page, f"{server_url}/?embed=1&place=nowhere")
    expect(page.get_by_label("办事地点")).to_have_value("")
    assert violations(page) == []


def test_a_conversation_begins_with_the_privacy_notice(page: Any, stub: Any) -> None:
    expect(page.locator(".told")).to_have_count(0)
    say(page, "你好")
    say(page, "再问")
    expect(page.locator("#log > :first-child")).to_contain_text("随时在页面上方导出或删除")
    page.reload()
    expect(page.locator(".told")).to_have_count(1)
    page.goto(f"{stub.url}/privacy")
    expect(page.get_by_role("heading", level=1)).to_have_text("隐私说明")


def test_own_records_can_be_had_and_deleted(page: Any, stub: Any) -> None:
    say(page, "你好")
    page.get_by_label("办事地点").select_option("dagu")
    say(page, "你好")
    with page.expect_download() as download:
        tap(page, "导出我的记录")
    kept = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert [own["conversation"] for own in kept] == ["token-0", "token-1"]
    tap(page, "删除我的记录")
    page.get_by_role("button", name="不删除", exact=True).click()
    assert "/api/session/forget" not in [path for path, _ in stub.received]
    tap(page, "删除我的记录")
    page.get_by_role("button", name="删除", exact=True).click()
    expect(page.locator("#toast")).to_contain_text("都已删除")
    assert [body for path, body in stub.received if path == "/api/session/forget"] == [
        {"session": "token-0"},
        {"session": "token-1"},
    ]
    expect(page.locator(".turn")).to_have_count(0)
    assert "token" not in page.evaluate("JSON.stringify(localStorage)")


def test_records_that_could_not_be_deleted_stay_and_it_is_said(page: Any, stub: Any) -> None:
    say(page, "你好")
    stub.down = True
    tap(page, "删除我的记录")
    page.get_by_role("button", name="删除", exact=True).click()
    expect(page.locator("#toast")).to_contain_text("没有删除")
    expect(page.locator(".turn")).to_have_count(1)


def test_a_session_that_is_over_is_renewed_without_a_word(page: Any, stub: Any) -> None:
    say(page, "你好")
    stub.sessions[0] = "another key signs now"
    say(page, "再问")
    expect(page.locator(".failure")).to_have_count(0)
    assert stub.received[-1][1]["session"] == "token-1"


def test_too_many_questions_are_answered_with_a_friendly_sentence(page: Any, stub: Any) -> None:
    stub.busy = True
    say(page, "你好")
    expect(page.locator(".failure")).to_contain_text("问得太快了，请过一会儿再试")
    stub.busy = False
    page.get_by_role("button", name="重试").click()
    expect(page.locator(".failure")).to_have_count(0)
