"""Promises between the parts: registries match, imports go one way, no held-out question is trained on."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
import yaml

from bot.cli import _parser
from bot.knowledge import catalog
from bot.settings import ROOT
from bot.training.phrasing_check import check_phrasings, read_heldout
from bot.training.phrasings import read_phrasings

DOMAIN = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))


def test_every_action_of_the_domain_is_a_class_and_the_other_way_round() -> None:
    written = set()
    for path in (ROOT / "bot" / "actions").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name == "name":
                written |= {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    assert written == set(DOMAIN["actions"])


def test_every_intent_of_the_phrasings_is_in_the_domain_and_the_other_way_round() -> None:
    declared = {next(iter(intent)) if isinstance(intent, dict) else intent for intent in DOMAIN["intents"]}
    assert {p.intent for p in read_phrasings(ROOT / "data" / "nlu")} == declared


def test_every_component_of_the_pipeline_is_a_module_of_its_own() -> None:
    config = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))
    for component in config["pipeline"]:
        module, _, name = component["name"].rpartition(".")
        path = ROOT / (module.replace(".", "/") + ".py")
        assert f"class {name}(" in path.read_text(encoding="utf-8")


def test_the_phrasings_pass_their_linter() -> None:
    services = {service.id for service in catalog.load(ROOT / "knowledge").services}
    assert check_phrasings(read_phrasings(ROOT / "data" / "nlu"), services, read_heldout(ROOT / "tests" / "heldout")) == []


def test_heldout_questions_name_items_that_exist() -> None:
    items = {item.id for item in catalog.load(ROOT / "knowledge").items}
    for line in (ROOT / "tests" / "heldout" / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        assert set(json.loads(line)["items"]) <= items


# Imports go one way: a module may import from its own layer and from those below it.
LAYERS = [
    {"errors", "files", "personal_numbers", "secrets", "settings", "text"},
    {"models", "observability", "storage"},
    {"knowledge"},
    {"conditions", "replies", "situations", "flowchart"},
    {"dialogue", "nlu"},
    {"actions"},
    {"channels"},
    {"serving"},
    {"evaluation", "ingest", "training", "staff", "serve", "backup"},
    {"cli", "__main__", "__init__"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


@pytest.mark.parametrize("path", sorted((ROOT / "bot").rglob("*.py")), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_go_one_way(path: Path) -> None:
    own = path.relative_to(ROOT / "bot").parts[0].removesuffix(".py")
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] if node.module != "bot" else [f"bot.{a.name}" for a in node.names]
        for name in names:
            if name.startswith("bot."):
                assert LEVEL[name.split(".")[1]] <= LEVEL[own], f"{path}: {name}"


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    parser = _parser()
    actions = [a for a in parser._actions if hasattr(a, "choices") and a.choices]
    for command in actions[0].choices:
        assert f"bot {command}" in readme or f"make {command}" in readme, command
