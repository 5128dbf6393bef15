"""bot.training.story_graph: the picture shows every action and condition of the rules and stories, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.errors import BotError
from bot.settings import ROOT
from bot.training.story_graph import NAMES, START, draw, story_graph

FOLDERS = [ROOT / "data" / "rules", ROOT / "data" / "stories"]


def test_every_action_and_condition_of_the_domain_is_on_the_picture(tmp_path: Path) -> None:
    picture = draw(FOLDERS, tmp_path / "dialogue.svg").read_text(encoding="utf-8")
    domain = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))
    for name in (*domain["actions"], *domain["slots"]["missing"]["values"]):
        assert NAMES[name] in picture, name


def test_what_is_missing_leads_to_its_question() -> None:
    flow = story_graph(FOLDERS)
    ways = {(edge.start, edge.end): edge.label for edge in flow.edges}
    for slot in ("jurisdiction", "item", "situation", "applicant"):
        assert ways["action_resolve", f"action_ask_{slot}"] == NAMES[slot]
    assert all(end != START for _, end in ways)


def test_an_action_without_a_name_is_told(tmp_path: Path) -> None:
    (tmp_path / "new.yml").write_text("rules:\n- rule: x\n  steps:\n  - intent: greet\n  - action: action_new\n", encoding="utf-8")
    with pytest.raises(BotError, match="action_new"):
        story_graph([tmp_path])


def test_the_kept_picture_is_current(tmp_path: Path) -> None:
    kept = ROOT / "docs" / "images" / "dialogue.svg"
    assert kept.read_bytes() == draw(FOLDERS, tmp_path / "dialogue.svg").read_bytes(), "run `bot stories graph`"
