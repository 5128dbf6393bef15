"""A trainer at /training/models in a real browser and a real server: train, compare, be stopped by the gate, promote, roll back."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator

import pytest
from sqlalchemy import create_engine, select

from bot.models.registry import Registry
from bot.storage.tables import audit
from tests.conftest import Server
from tests.workshop import Workshop, health, wait_until

from .conftest import PASSWORD

SHOTS = os.environ.get("SHOTS")
LOST = "社会保障卡挂失与解挂"


@pytest.fixture(scope="module")
def trained(workshop: Workshop) -> Iterator[Server]:
    for name in ("李工", "张工"):
        command = [sys.executable, "-m", "bot", "users", "add", name, "--role", "trainer"]
        subprocess.run(command, input=PASSWORD, text=True, check=True, env=workshop.environment, capture_output=True)
    with workshop.server() as server:
        yield server


@pytest.fixture
def visit(trained: Server, browser: Any) -> Iterator[Any]:
    """Return a function that opens a path as a trainer, in a context of their own."""
    contexts = []

    def opened(name: str, path: str = "/training/models") -> Any:
        context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.goto(f"{trained.url}/login?next={path}")
        page.fill("[name=name]", name)
        page.fill("[name=password]", PASSWORD)
        page.click("button.primary")
        page.goto(trained.url + path)
        return page

    yield opened
    for context in contexts:
        context.close()


def shot(page: Any, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def complaints(page: Any) -> list[str]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    return [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in axe.run(page).response["violations"]]


def audited(workshop: Workshop) -> list[tuple[str, str, str]]:
    with create_engine(workshop.environment["DATABASE_URL"], future=True).connect() as connection:
        rows = connection.execute(select(audit.c.action, audit.c.account, audit.c.subject).order_by(audit.c.id)).all()
    return [tuple(row) for row in rows if row.action.startswith("model.")]


@pytest.mark.browser
def test_a_worse_candidate_is_trained_seen_blocked_overridden_with_a_reason_and_rolled_back(
    workshop: Workshop, trained: Server, visit: Any
) -> None:
    registry: Registry = workshop.registry
    first = str(health(trained)["model"])
    page, other = visit("李工"), visit("张工")
    page.wait_for_selector("text=没有要训练的改动")
    assert first in page.inner_text("section.card") and complaints(page) == []

    path = workshop.phrasings_of("card_loss")
    kept = path.read_bytes()
    path.unlink()
    try:
        page.reload()
        page.wait_for_selector("text=还没有训练")
        page.click("text=训练新模型")
        page.wait_for_selector("#progress progress")
        assert page.is_disabled("text=训练新模型")
        shot(page, "training-models-progress")
        other.click("text=训练新模型")
        other.wait_for_selector("text=已经有一次训练在进行")
        page.wait_for_selector("#progress a", timeout=400_000)
    finally:
        path.write_bytes(kept)
    worse = page.inner_text("#progress a").split()[1]
    assert worse != first and page.inner_text(f"tr:has-text('{worse}')").count("被门槛拦下") == 1
    assert "李工" in page.inner_text(f"tr:has-text('{worse}')")

    page.click("#progress a")
    assert "门槛拦下了它" in page.inner_text("#gate") and LOST in page.inner_text(".findings")
    assert "变错" in page.inner_text("table >> nth=-1") and complaints(page) == []
    shot(page, "training-compare")
    page.click("text=仍要上线")
    assert registry.read().promoted == registry.get(first)
    other.goto(page.url)
    page.fill("[name=reason]", "挂失改由银行办理")
    page.click("text=仍要上线")
    page.wait_for_selector("text=已上线")
    wait_until(lambda: health(trained)["model"] == worse, 10)
    entry = registry.read().promotions[-1]
    assert (entry.by, entry.reason) == ("李工", "挂失改由银行办理") and LOST in "".join(entry.overruled)

    other.fill("[name=reason]", "我也来")
    other.click("text=仍要上线")
    other.wait_for_selector("text=李工 刚刚换上了")

    page.reload()
    page.click(f"text=回退到 {first}")
    page.wait_for_selector("text=已回退到")
    wait_until(lambda: health(trained)["model"] == first, 10)
    page.click("summary")
    shot(page, "training-models")
    assert "挂失改由银行办理" in page.inner_text("details") and complaints(page) == []
    assert audited(workshop)[-3:] == [
        ("model.train", "李工", ""),
        ("model.promote", "李工", worse),
        ("model.rollback", "李工", first),
    ]


@pytest.mark.browser
def test_a_candidate_that_was_not_compared_yet_is_compared_on_demand_and_promoted(
    workshop: Workshop, trained: Server, visit: Any, tmp_path: Path
) -> None:
    first = workshop.registry.get(str(health(trained)["model"]))
    copy = tmp_path / "copy.tar.gz"
    copy.write_bytes(workshop.registry.file_of(first).read_bytes())
    twin = workshop.registry.add(copy, data_version=first.data_version, by="test", phrasings=first.phrasings)
    page = visit("李工", f"/training/models/{twin.id}")
    page.click("text=与正在服务的比较")
    page.wait_for_selector(f"#progress a:has-text('{twin.id}')", timeout=120_000)
    page.click("#progress a")
    assert "可以上线" in page.inner_text("#gate") and "一道也没有变" in page.inner_text("main")
    page.click("button:has-text('上线')")
    page.wait_for_selector("text=已上线")
    wait_until(lambda: health(trained)["model"] == twin.id, 10)
    page.click(f"text=回退到 {first.id}")
    page.wait_for_selector("text=已回退到")
    wait_until(lambda: health(trained)["model"] == first.id, 10)


@pytest.mark.browser
def test_a_damaged_candidate_is_refused_with_the_reason(workshop: Workshop, trained: Server, visit: Any, tmp_path: Path) -> None:
    first = workshop.registry.get(str(health(trained)["model"]))
    copy = tmp_path / "copy.tar.gz"
    copy.write_bytes(workshop.registry.file_of(first).read_bytes())
    twin = workshop.registry.add(copy, data_version=first.data_version, by="test")
    kept = workshop.settings.models / "evaluations"
    text = (kept / f"{first.id}.json").read_text(encoding="utf-8").replace(first.id, twin.id)
    (kept / f"{twin.id}.json").write_text(text, encoding="utf-8")
    workshop.registry.file_of(twin).write_bytes(b"no model")
    page = visit("李工", f"/training/models/{twin.id}")
    page.click("button:has-text('上线')")
    page.wait_for_selector("text=没有换")
    assert "truncated" in page.inner_text("main") and health(trained)["model"] == first.id
