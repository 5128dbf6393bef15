"""A pipeline of the real components, trained in this process on a handful of phrasings and three items."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import pytest
import yaml

from bot.serving.lean_imports import import_rasa
from bot.settings import ROOT

if TYPE_CHECKING:
    from bot.evaluation.pipeline import Pipeline

import_rasa()  # before a test module imports a component, which would import TensorFlow as well

ITEMS = ("dagang/2.1.yml", "dagang/2.2.yml", "dagang/18.3.yml")
REPLACE = (
    "社保卡丢了怎么补",
    "卡折了想换一张",
    "补办社保卡要带什么",
    "社保卡找不到了咋办",
    "换卡去哪个窗口",
    "卡坏了刷不出来怎么换",
)
LOSS = ("社保卡挂失打哪个电话", "想先把卡挂失", "卡被偷了要挂失", "挂失社保卡要材料吗", "口头挂失怎么弄", "挂失后多久失效")
JOBLESS = ("失业了去哪登记", "失业登记要什么材料", "厂子黄了想登记失业", "下岗登记在哪办", "没工作了能登记吗", "登记失业要多久")
OUTSIDE = ("公积金怎么提取", "护照去哪办", "驾照过期怎么换", "违章罚款在哪交", "水费多少钱一吨", "我想开发票")
FOLLOW = ("要带什么", "去哪儿办", "电话多少", "多久能办好", "那材料呢", "网上能办吗")
CHAT = ("你好", "早上好", "在吗", "您好啊", "喂在不在", "有人吗")


def examples() -> list[tuple[str, str, Optional[str]]]:
    """Return (text, intent, service) of three services, follow-ups, small talk, and what is none of ours."""
    ask = ("ask_process", "ask_materials", "ask_where")
    found: list[tuple[str, str, Optional[str]]] = []
    for service, texts in (("card_replace", REPLACE), ("card_loss", LOSS), ("unemployment_registration", JOBLESS)):
        found += [(text, _aspect(text), service) for text in texts]
    found += [(text, ask[n % 3], "context") for n, text in enumerate(FOLLOW)]
    return [*found, *((text, "out_of_scope", None) for text in OUTSIDE), *((text, "greet", None) for text in CHAT)]


def _aspect(text: str) -> str:
    return "ask_materials" if "材料" in text or "带" in text else "ask_where" if "哪" in text else "ask_process"


@pytest.fixture(scope="session")
def few_items(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A knowledge folder with the real places and sources, but three items."""
    folder = tmp_path_factory.mktemp("few") / "knowledge"
    services = set()
    for name in ITEMS:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "knowledge" / name, folder / name)
        services |= set(yaml.safe_load((folder / name).read_text(encoding="utf-8"))["services"])
    for name in ("jurisdictions.yml", "sources.yml"):
        shutil.copy(ROOT / "knowledge" / name, folder / name)
    known = yaml.safe_load((ROOT / "knowledge" / "services.yml").read_text(encoding="utf-8"))
    kept = [service for service in known if service["id"] in services]
    (folder / "services.yml").write_text(yaml.safe_dump(kept, allow_unicode=True), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def configuration(few_items: Path) -> list[dict[str, Any]]:
    from bot.evaluation.pipeline import read_configuration

    known = {"CatalogTokenizer", "CatalogMatcher", "NgramFeaturizer", "ServiceClassifier"}
    return [
        {**entry, "knowledge": str(few_items)} if entry["name"].rpartition(".")[2] in known else entry
        for entry in read_configuration()
    ]


@pytest.fixture(scope="session")
def small(configuration: list[dict[str, Any]]) -> Pipeline:
    from bot.evaluation.pipeline import Pipeline

    return Pipeline.fit(configuration, examples())
