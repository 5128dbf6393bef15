"""The trainers' pages as trainers and editors meet them, in a real browser."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import delete, select

from bot.replies import Known, answer
from bot.storage.tables import audit, correction, feedback, knowledge_edit, review, turn
from bot.training.phrasings import read_phrasings

from .conftest import PASSWORD
from .training_office import TrainingOffice, training_office

playwright_api = pytest.importorskip("playwright.sync_api", reason="NO BROWSER TESTS: playwright is not installed")
expect = playwright_api.expect
SERVER_TROUBLE = ("Failed to load resource", "Response Status Error Code")
OLD = "补卡 户口本"
Visit = Callable[..., Any]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainingOffice]:
    with training_office(tmp_path_factory.mktemp("training")) as made:
        yield made


@pytest.fixture
def office(place: TrainingOffice) -> TrainingOffice:
    with place.engine.begin() as connection:
        for table in (turn, feedback, correction, review, knowledge_edit, audit):
            connection.execute(delete(table))
    return place


@pytest.fixture
def visit(office: TrainingOffice, browser: Any) -> Iterator[Visit]:
    """Return a function that logs somebody in and opens a page. A script error or a breach of the policy fails the test."""
    complaints: list[str] = []
    contexts = []

    def hear(message: Any) -> None:
        if message.type == "error" and not message.text.startswith(SERVER_TROUBLE):
            complaints.append(message.text)

    def open_(path: str, *roles: str) -> Any:
        context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN", accept_downloads=True)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", hear)
        page.goto(f"{office.url}/login?next={path}")
        page.get_by_label("用户名").fill(office.account(*(roles or ("trainer",))))
        page.get_by_label("密码").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{office.url}{path}")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def violations(page: Any) -> list[str]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    return [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in axe.run(page).response["violations"]]


def stands(office: TrainingOffice, text: str) -> list[tuple[str, str | None]]:
    return [(p.intent, p.service) for p in read_phrasings(office.nlu) if p.text == text]


def group(page: Any, text: str) -> Any:
    return page.locator("article.group").filter(has=page.get_by_role("heading", name=text))


# -- 1: the inbox ---------------------------------------------------------------------------------------------------


def test_a_miss_is_taught_by_keyboard_and_remembered_with_who_and_when(office: TrainingOffice, visit: Visit) -> None:
    office.ask("社保卡叫狗啃了咋整", "fallback", times=3, jurisdiction="dagang")
    office.ask("社保卡让狗啃坏了咋弄", "fallback")
    page = visit("/training")
    expect(page.locator("article.group")).to_have_count(1)
    expect(group(page, "社保卡叫狗啃了咋整")).to_contain_text("没答上 ×4")
    assert violations(page) == []
    box = group(page, "社保卡叫狗啃了咋整").get_by_label("服务")
    box.focus()
    box.fill("社会保障卡补换")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")  # 办理材料 -> 办理流程, whatever was suggested: then choose by name
    group(page, "社保卡叫狗啃了咋整").get_by_label("方面").select_option("办理流程")
    group(page, "社保卡叫狗啃了咋整").locator("button.primary").press("Enter")
    expect(page.locator(".settled")).to_contain_text("写入 2 条问法")
    expect(page.locator(".settled")).to_be_focused()
    assert stands(office, "社保卡叫狗啃了咋整") == stands(office, "社保卡让狗啃坏了咋弄") == [("ask_process", "card_replace")]
    page.goto(f"{office.url}/training/decisions")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody tr").first).to_contain_text("trainer-")
    assert violations(page) == []


def test_moving_marking_and_discarding_one_group_each(office: TrainingOffice, visit: Visit) -> None:
    office.ask("卡丢路上了先挂失中不", confidence=0.3)
    office.ask("给我的猫上户口行不行", "fallback", times=2)
    office.ask("呜呜呜呜呜呜哈", "fallback")
    office.vote("卡丢路上了先挂失中不", reason="答成补卡了")
    page = visit("/training")
    own = group(page, "卡丢路上了先挂失中不")
    expect(own).to_contain_text("答成补卡了")
    expect(own.get_by_label("服务")).to_have_value("社会保障卡补换")
    own.get_by_label("服务").fill("社会保障卡挂失与解挂")
    own.get_by_role("button", name="移到这个服务").click()
    expect(page.locator(".settled").first).to_contain_text("移到别的服务 1 句（社会保障卡挂失与解挂")
    group(page, "给我的猫上户口行不行").get_by_role("button", name="范围外").click()
    expect(page.locator(".settled")).to_have_count(2)
    group(page, "呜呜呜呜呜呜哈").get_by_role("button", name="丢弃").click()
    expect(page.locator(".settled")).to_have_count(3)
    assert stands(office, "卡丢路上了先挂失中不") == [("ask_materials", "card_loss")]
    assert stands(office, "给我的猫上户口行不行") == [("out_of_scope", None)]
    assert stands(office, "呜呜呜呜呜呜哈") == []
    page.reload()
    expect(page.locator("article.group")).to_have_count(0)


def test_many_groups_at_once_and_what_another_trainer_did_meanwhile(office: TrainingOffice, visit: Visit) -> None:
    for question in ("养鸽子登记去哪里", "电动车怎么上牌照", "公积金几号到账呀"):
        office.ask(question, "fallback", times=2)
    one, two = visit("/training"), visit("/training")
    expect(two.locator("article.group")).to_have_count(3)
    group(one, "养鸽子登记去哪里").get_by_role("button", name="丢弃").click()
    expect(one.locator(".settled")).to_have_count(1)
    two.get_by_label("全选").check()
    expect(two.locator("input[name=group]:checked")).to_have_count(3)
    two.locator("#bulk").get_by_role("button", name="范围外").click()
    expect(two.locator("#bulk-result")).to_contain_text("范围外 2 句；写入 2 条问法；1 句已经有人处理过")
    expect(two.locator("article.group")).to_have_count(0)
    assert stands(office, "养鸽子登记去哪里") == []
    assert stands(office, "电动车怎么上牌照") == [("out_of_scope", None)]


def test_bulk_acceptance_takes_each_groups_suggestion_and_refuses_a_group_without(office: TrainingOffice, visit: Visit) -> None:
    office.ask("换新卡花多少银子", confidence=0.4, service="card_replace", aspect="amount")
    office.correct("早就退了休的查查待遇", "retirement", note="是退休")
    office.ask("天上为啥下雨", "fallback")
    page = visit("/training")
    page.get_by_label("全选").check()
    page.get_by_role("button", name="接受建议").click()
    expect(page.locator("#problem")).to_contain_text("没有建议的服务")
    group(page, "天上为啥下雨").locator("input[name=group]").uncheck()
    page.get_by_role("button", name="接受建议").click()
    expect(page.locator("#bulk-result")).to_contain_text("接受 2 句")
    assert stands(office, "换新卡花多少银子") == [("ask_amount", "card_replace")]
    assert [service for _, service in stands(office, "早就退了休的查查待遇")] == ["retirement"]


def test_the_inbox_is_filtered_and_paged(office: TrainingOffice, visit: Visit) -> None:
    words, others = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往", "海咸河淡鳞潜羽翔龙师火帝鸟官人皇始制文字"
    for n in range(20):
        office.ask(words[n] * 2 + others[n] * 2, "fallback", jurisdiction="dagang" if n < 2 else "hebei")
    page = visit("/training")
    expect(page.locator("article.group")).to_have_count(15)
    page.get_by_role("button", name="再看 5 组").click()
    expect(page.locator("article.group")).to_have_count(20)
    page.get_by_label("地方").select_option("dagang")
    page.get_by_role("button", name="筛选").click()
    expect(page.locator("article.group")).to_have_count(2)


# -- 2: phrasings ---------------------------------------------------------------------------------------------------


def edit(page: Any, text: str) -> Any:
    page.get_by_role("button", name=f"修改「{text}」").click()
    return page.get_by_role("form", name="修改问法")


def test_phrasings_are_added_edited_moved_deleted_and_found(office: TrainingOffice, visit: Visit) -> None:
    page = visit("/training/phrasings?service=card_apply")
    page.get_by_label("一行一条").fill("头一回办卡打哪个电话\n娃儿办卡打啥子号")
    page.get_by_label("方面").select_option("电话")
    page.get_by_role("button", name="添加", exact=True).click()
    expect(page.locator("#added")).to_contain_text("已添加 2 条")
    assert stands(office, "娃儿办卡打啥子号") == [("ask_phone", "card_apply")]
    page.reload()
    form = edit(page, "娃儿办卡打啥子号")
    form.get_by_label("问法").fill("给娃儿办卡打啥子号")
    page.keyboard.press("Enter")
    expect(page.get_by_text("给娃儿办卡打啥子号")).to_be_visible()
    form = edit(page, "给娃儿办卡打啥子号")
    form.get_by_label("服务").fill("社会保障卡补换")
    form.get_by_label("类别").select_option("概况")
    form.get_by_role("button", name="保存").click()
    expect(page.get_by_text("已移到「社会保障卡补换 · 概况」")).to_be_visible()
    assert stands(office, "给娃儿办卡打啥子号") == [("ask_general", "card_replace")]
    edit(page, "头一回办卡打哪个电话").get_by_role("button", name="删除").click()
    expect(page.get_by_text("已删除「头一回办卡打哪个电话」")).to_be_visible()
    assert stands(office, "头一回办卡打哪个电话") == []
    page.get_by_label("在全部问法里搜").fill("给娃儿办卡")
    page.keyboard.press("Enter")
    expect(page.locator(".phrasings > li")).to_have_count(1)
    expect(page.locator(".phrasings > li")).to_contain_text("社会保障卡补换 · 概况")
    with office.engine.connect() as connection:
        actions = connection.execute(select(audit.c.action).order_by(audit.c.id)).scalars().all()
    assert [a for a in actions if a.startswith("phrasing")] == [
        *("phrasing.add", "phrasing.add", "phrasing.edit", "phrasing.edit", "phrasing.delete")
    ]


def test_what_stands_elsewhere_already_is_said(office: TrainingOffice, visit: Visit) -> None:
    page = visit("/training/phrasings?service=card_apply")
    page.get_by_label("一行一条").fill(OLD)
    page.get_by_role("button", name="添加", exact=True).click()
    expect(page.locator("#problem")).to_contain_text("已经有了")
    assert stands(office, OLD) == [("ask_materials", "card_replace")]


def test_the_second_of_two_trainers_is_told_who_was_first_and_keeps_their_words(office: TrainingOffice, visit: Visit) -> None:
    text = "换卡要不要把坏的旧卡交回去"
    one, two = (visit("/training/phrasings?service=card_replace") for _ in range(2))
    forms = [edit(page, text) for page in (one, two)]
    forms[0].get_by_label("问法").fill("换卡时旧卡交回去不")
    one.keyboard.press("Enter")
    expect(one.get_by_text("已保存。")).to_be_visible()
    forms[1].get_by_label("问法").fill("坏了的旧卡收不收")
    two.keyboard.press("Enter")
    told = two.locator(".conflict")
    expect(told).to_contain_text(re.compile(r"刚被 trainer-\d+ 在 \d\d:\d\d 改成了「换卡时旧卡交回去不」"))
    expect(two.get_by_label("您写的", exact=True)).to_have_value("坏了的旧卡收不收")
    assert violations(two) == []
    assert stands(office, "换卡时旧卡交回去不") and not stands(office, "坏了的旧卡收不收")
    two.get_by_role("button", name="另加一条").click()
    expect(two.get_by_text("已添加 1 条")).to_be_visible()
    assert stands(office, "换卡时旧卡交回去不") and stands(office, "坏了的旧卡收不收")


def test_the_linters_findings_stand_under_their_phrasing(office: TrainingOffice, visit: Visit) -> None:
    path = office.nlu / "services" / "retirement.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("  examples: |\n", "  examples: |\n    - 补卡，户口本\n", 1), encoding="utf-8")
    try:
        page = visit("/training/phrasings?service=card_replace")
        expect(page.locator("#findings")).to_contain_text("要看一看", timeout=60_000)
        row = page.locator(".phrasings > li").filter(has_text=OLD)
        expect(row.locator(".finding")).to_contain_text("同样的话同时在：")
        assert violations(page) == []
        page.goto(f"{office.url}/training/phrasings?service=retirement")
        expect(page.locator("#findings")).to_contain_text("要看一看")
        edit(page, "补卡，户口本").get_by_role("button", name="删除").click()
        expect(page.locator("#findings")).not_to_contain_text("要看一看", timeout=60_000)
    finally:
        path.write_text(text, encoding="utf-8")


def test_a_spreadsheet_goes_out_and_comes_back(office: TrainingOffice, visit: Visit, tmp_path: Path) -> None:
    page = visit("/training/phrasings?service=card_loss")
    page.get_by_text("用 Excel 表格改").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="导出「社会保障卡挂失与解挂」").click()
    path = tmp_path / "out.xlsx"
    download.value.save_as(path)
    book = load_workbook(io.BytesIO(path.read_bytes()))
    sheet = book.active
    first = sheet["C2"].value
    sheet["C2"].value = f"{first}（改过）".replace("（", "，").replace("）", "")
    sheet.append(["社会保障卡挂失与解挂", "电话", "挂失卡拨几号呢"])
    book.save(path)
    page.get_by_label("改好的表格").set_input_files(path)
    page.get_by_role("button", name="先看看会改什么").click()
    expect(page.locator("#imported")).to_contain_text("添加 1 条，修改或移动 1 条")
    assert stands(office, "挂失卡拨几号呢") == []
    page.get_by_role("button", name="导入", exact=True).click()
    expect(page.locator("#imported")).to_contain_text("已导入")
    assert stands(office, "挂失卡拨几号呢") == [("ask_phone", "card_loss")]
    assert stands(office, f"{first}，改过")
    page.get_by_role("button", name="导入", exact=True).click()  # the same sheet again: it is stale now
    expect(page.locator("#problem")).to_contain_text("已经不在原处")


# -- 4: the dashboard -----------------------------------------------------------------------------------------------


def test_the_dashboard_draws_pictures_with_tables_behind_them(office: TrainingOffice, visit: Visit) -> None:
    for days in range(10):
        office.ask("补卡带什么", days=days + 0.1, times=5 + days, jurisdiction="dagang")
        office.ask("残疾补贴多少", "clarify", days=days + 0.1, times=2, jurisdiction="hebei", slot="situation")
        office.ask("养狗要办证吗", "fallback", days=days + 0.1)
        office.vote("补卡带什么", "up" if days % 3 else "down", item="dagang-2.2", days=days + 0.1)
    page = visit("/training/dashboard")
    expect(page.locator("html")).to_have_attribute("data-drawn", "yes")
    expect(page.locator(".tile").first).to_contain_text("125")
    pictures = page.get_by_role("img", name=re.compile("。"))
    expect(pictures).to_have_count(5)
    for n in range(5):
        assert page.evaluate("n => { const c = document.querySelectorAll('canvas')[n]; return c.getContext('2d')"
                             ".getImageData(0, 0, c.width, c.height).data.some((v, i) => i % 4 === 3 && v > 0) }", n)  # fmt: skip
    expect(pictures.first).to_have_attribute("aria-label", re.compile("每天的问题，按地方。共 125 个问题"))
    page.locator("figure summary").first.click()
    expect(page.locator("figure table").first).to_contain_text("大港街道")
    expect(page.locator("figure").last).to_contain_text("养狗要办证吗")
    assert violations(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="每天").click()
    content = download.value.path().read_bytes()
    assert content.startswith(b"\xef\xbb\xbf") and "天津市滨海新区大港街道".encode() in content
    page.get_by_role("link", name="近 7 天").click()
    page.locator("select[name=place]").select_option("hebei")
    page.get_by_role("button", name="显示").click()
    expect(page.locator(".tile").first).to_contain_text("14")


def test_a_dashboard_of_nothing_says_so(visit: Visit) -> None:
    page = visit("/training/dashboard")
    expect(page.locator("main")).to_contain_text("没有在变多的话题")
    page.goto(page.url + "?start=2026-05-02&end=2026-05-01")
    expect(page.locator("main")).to_contain_text("开始日期不能晚于结束日期")


# -- 5: items -------------------------------------------------------------------------------------------------------


def reply(office: TrainingOffice, item_id: str, aspect: str) -> str:
    base = office.app.ctx.knowledge.get()
    return answer(base.item(item_id), (aspect,), Known(), place="", contact="").text


def test_an_item_is_edited_with_preview_and_history_and_answers_at_once(office: TrainingOffice, visit: Visit) -> None:
    page = visit("/training/knowledge", "editor")
    assert violations(page) == []
    page.get_by_label("名称、编号或电话").fill("dagang-2.2")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="社保卡补换").click()
    page.locator("input[name='contacts.0.value']").fill("63850000")
    materials = page.get_by_role("group", name="办理材料，第 2 组")
    materials.get_by_role("button", name="加一条").click()
    page.keyboard.type("一寸照片: 2张")
    page.get_by_role("group", name="提示").get_by_role("button", name="去掉").last.click()
    preview = page.locator("#preview")
    expect(preview).to_contain_text("3 处改动，还没有保存")
    expect(preview.locator("ins").filter(has_text="63850000").first).to_be_visible()
    expect(preview.locator("del").filter(has_text="63856609").first).to_be_visible()
    assert violations(page) == []
    assert "63856609" in reply(office, "dagang-2.2", "phone")
    before = (office.folder / "knowledge" / "dagang" / "2.2.yml").read_text(encoding="utf-8").splitlines()
    page.get_by_role("button", name="保存").press("Enter")
    expect(page.get_by_text("已保存 3 处改动")).to_be_visible()
    assert "63850000" in reply(office, "dagang-2.2", "phone")
    assert "一寸照片: 2张" in reply(office, "dagang-2.2", "materials")
    history = page.get_by_role("region", name="修改历史")
    expect(history.locator("tbody tr")).to_have_count(3)
    expect(history).to_contain_text("电话｜监督方式：63856609")
    expect(history).to_contain_text("editor-")
    after = (office.folder / "knowledge" / "dagang" / "2.2.yml").read_text(encoding="utf-8").splitlines()
    assert [line for line in after if line not in before] == [
        "  - '一寸照片: 2张'",
        "- {kind: phone, label: 监督方式, value: '63850000'}",
    ]
    assert len(before) - len(after) == 0
    assert violations(page) == []


def test_the_second_editor_is_told_and_can_still_save(office: TrainingOffice, visit: Visit) -> None:
    one, two = (visit("/training/knowledge/hebei-9.5", "editor") for _ in range(2))
    for page, words in ((one, "第一位写的提示"), (two, "第二位写的提示")):
        page.get_by_role("group", name="提示").get_by_role("button", name="加一条").click()
        page.keyboard.type(words)
    one.get_by_role("button", name="保存").click()
    expect(one.get_by_text("已保存 1 处改动")).to_be_visible()
    two.get_by_role("button", name="保存").click()
    told = two.get_by_role("alert").filter(has_text="还没有保存")
    expect(told).to_contain_text("第一位写的提示")
    expect(two.get_by_label("提示第 4 条")).to_have_value("第二位写的提示")
    assert "第一位写的提示" in (office.folder / "knowledge" / "hebei" / "9.5.yml").read_text(encoding="utf-8")
    two.get_by_role("button", name="保存").click()
    expect(two.get_by_text("已保存 1 处改动")).to_be_visible()


def test_what_cannot_be_saved_is_said(office: TrainingOffice, visit: Visit) -> None:
    page = visit("/training/knowledge/dagang-1.1", "editor")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#problem")).to_contain_text("没有改动")
    page.goto(f"{office.url}/training/knowledge/dagang-99.9")
    expect(page.locator("main")).to_contain_text("没有事项")


def test_a_trainer_edits_no_items_and_an_editor_teaches_nothing(office: TrainingOffice, visit: Visit) -> None:
    trainer, editor = visit("/training", "trainer"), visit("/training/knowledge", "editor")
    expect(trainer.get_by_role("link", name="事项编辑")).to_have_count(0)
    expect(editor.get_by_role("navigation", name="训练").get_by_role("link")).to_have_text(["事项编辑"])
    assert trainer.goto(f"{office.url}/training/knowledge").status == 403
    assert editor.goto(f"{office.url}/training").status == 403
