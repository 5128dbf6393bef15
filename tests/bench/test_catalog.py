"""The generated catalog is a right one: distinct names, every service with phrasings of its own, the real one untouched inside."""

from __future__ import annotations

from pathlib import Path

from bench.catalog import write
from bot.knowledge.catalog import load
from bot.settings import ROOT
from bot.training.phrasings import read_phrasings


def test_one_more_line_of_business_doubles_items_services_and_phrasings(tmp_path: Path) -> None:
    size = write(tmp_path / "double", lines=("渔业",))
    real, double = load(ROOT / "knowledge"), load(tmp_path / "double" / "knowledge")
    assert len(double.items) == 2 * len(real.items) == size["items"]
    assert len({service.name for service in double.services}) == 2 * len(real.services)
    own = [p.text for p in read_phrasings(ROOT / "data" / "nlu") if p.service not in (None, "context")]
    generated = [p for p in read_phrasings(tmp_path / "double" / "data" / "nlu") if (p.service or "").endswith("_line1")]
    assert len(generated) == len(own) == size["generated_phrasings"]
    assert not {p.text for p in generated} & set(own)
    assert {p.service for p in generated} == {f"{service.id}_line1" for service in real.services}
