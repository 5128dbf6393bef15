"""A component's training goes stale with every file that it depends on, so a cached one is never wrong."""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.nlu import fingerprint as fingerprints
from bot.settings import ROOT

CONFIG = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))["pipeline"]
CLASSES = [entry["name"].rpartition(".")[::2] for entry in CONFIG]


def _component(name: str) -> Any:
    module = next(module for module, class_name in CLASSES if class_name == name)
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize(
    ("component", "helper"),
    [
        ("Normaliser", "bot/nlu/normaliser.py"),
        ("Normaliser", "bot/text.py"),
        ("CatalogTokenizer", "bot/nlu/lexicon.py"),
        ("CatalogMatcher", "bot/nlu/applicant.py"),
        ("NgramFeaturizer", "bot/nlu/ngrams.py"),
        ("NgramFeaturizer", "bot/nlu/places.py"),
        ("NgramFeaturizer", "bot/nlu/item_texts.py"),
        ("NgramFeaturizer", "bot/text.py"),
        ("ServiceClassifier", "bot/nlu/linear.py"),
        ("ServiceClassifier", "bot/nlu/nearest_phrasing.py"),
        ("ServiceClassifier", "bot/nlu/calibration.py"),
        ("ServiceClassifier", "bot/nlu/item_texts.py"),
        ("AspectClassifier", "bot/nlu/linear.py"),
        ("AspectClassifier", "bot/nlu/calibration.py"),
        ("AspectClassifier", "bot/nlu/aspect_classifier.py"),
    ],
)
def test_changes_with_its_helper_modules(component: str, helper: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _component(component).fingerprint_addon({})
    assert _component(component).fingerprint_addon({}) == before
    real = fingerprints.read
    monkeypatch.setattr(fingerprints, "read", lambda path: real(path) + (b"\n#" if path == ROOT / helper else b""))
    assert _component(component).fingerprint_addon({}) != before


@pytest.mark.parametrize("component", [name for _, name in CLASSES])
def test_does_not_change_with_what_it_does_not_use(component: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _component(component).fingerprint_addon({})
    real = fingerprints.read
    monkeypatch.setattr(fingerprints, "read", lambda path: real(path) + (b"\n#" if path.name in ("replies.py", "cli.py") else b""))
    assert _component(component).fingerprint_addon({}) == before


@pytest.mark.parametrize("component", ["CatalogTokenizer", "NgramFeaturizer"])
def test_changes_with_the_lexicon(component: str, tmp_path: Path) -> None:
    copy = tmp_path / "everyday.yml"
    shutil.copy(ROOT / "data" / "lexicon" / "everyday.yml", copy)
    before = _component(component).fingerprint_addon({"lexicon": str(copy)})
    other = tmp_path / "other.yml"
    other.write_text(copy.read_text(encoding="utf-8") + "火化: [烧了]\n", encoding="utf-8")
    assert _component(component).fingerprint_addon({"lexicon": str(other)}) != before


def test_the_matcher_changes_with_the_documents_list(tmp_path: Path) -> None:
    before = _component("CatalogMatcher").fingerprint_addon({"lexicon": str(tmp_path)})
    (tmp_path / "documents.txt").write_text("身份证", encoding="utf-8")
    assert _component("CatalogMatcher").fingerprint_addon({"lexicon": str(tmp_path)}) != before


@pytest.mark.parametrize("component", ["CatalogTokenizer", "NgramFeaturizer", "ServiceClassifier"])
def test_changes_with_an_items_alias(component: str, few_items: Path, tmp_path: Path) -> None:
    copy = tmp_path / "knowledge"
    shutil.copytree(few_items, copy)
    before = _component(component).fingerprint_addon({"knowledge": str(copy)})
    item = copy / "dagang" / "2.2.yml"
    item.write_text(item.read_text(encoding="utf-8").replace("aliases: [", "aliases: [重办社保卡, ", 1), encoding="utf-8")
    assert _component(component).fingerprint_addon({"knowledge": str(copy)}) != before


def test_every_component_of_the_pipeline_says_what_it_depends_on() -> None:
    for module, name in CLASSES:
        assert _component(name).fingerprint_addon({}), module
