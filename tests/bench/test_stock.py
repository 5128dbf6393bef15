"""The stock peer is built from the same phrasings and services, nothing left out, nothing trained on twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.stock.build import build
from bot.knowledge import catalog
from bot.settings import ROOT
from bot.training.phrasings import read_phrasings


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stock")
    build(folder, epochs=1)
    return folder


def _read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)


def test_it_learns_from_every_phrasing_with_one_intent_a_service(project: Path) -> None:
    blocks = _read(project / "data" / "nlu.yml")["nlu"]
    texts = Counter(line[2:] for block in blocks for line in block["examples"].splitlines())
    assert texts == Counter(phrasing.text for phrasing in read_phrasings(ROOT / "data" / "nlu"))
    services = {service.id for service in catalog.load(ROOT / "knowledge").services}
    assert services <= {block["intent"] for block in blocks}


def test_every_intent_has_its_rule_and_every_step_is_in_the_domain(project: Path) -> None:
    domain = _read(project / "domain.yml")
    rules = _read(project / "data" / "rules.yml")["rules"]
    assert sorted(rule["steps"][0]["intent"] for rule in rules) == sorted(domain["intents"])
    stories = _read(project / "data" / "stories.yml")["stories"]
    steps = [step for part in (*rules, *stories) for step in part["steps"]]
    assert {step["intent"] for step in steps if "intent" in step} <= set(domain["intents"])
    assert {step["action"] for step in steps if "action" in step} <= {*domain["actions"], *domain["responses"]}


def test_the_epochs_asked_for_stand_in_its_config(project: Path) -> None:
    parts = {part["name"]: part for key in ("pipeline", "policies") for part in _read(project / "config.yml")[key]}
    assert [parts[name]["epochs"] for name in ("DIETClassifier", "TEDPolicy")] == [1, 1]
    stock = {part["name"]: part for part in _read(ROOT / "bench" / "stock" / "config.yml")["pipeline"]}
    assert stock["DIETClassifier"]["epochs"] == 100
