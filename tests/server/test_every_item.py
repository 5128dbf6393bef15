"""For every item: asked by its official name in its place, the answer is exactly the requirements of who asks."""

from __future__ import annotations

import pytest

from bot.knowledge.queries import Knowledge
from tests.conftest import Server

pytestmark = pytest.mark.server


@pytest.mark.parametrize(("question", "section"), [("要什么材料", "materials"), ("的办理流程", "steps")])
def test_official_name(server: Server, knowledge: Knowledge, question: str, section: str) -> None:
    wrong = []
    for item in knowledge.items():
        sender = f"{item.id}-{section}"
        reply = server.say(sender, f"{item.name}{question}", item.jurisdiction)
        for _ in range(2):
            if reply["kind"] != "clarify":
                break
            reply = server.say(sender, reply["options"][0]["title"])
        if reply["kind"] != "answer" or reply["item"] != item.id:
            wrong.append((item.id, reply["kind"], reply["item"], reply["slot"]))
            continue
        situations = frozenset(reply["situation"].split(",")) if reply["situation"] else frozenset()
        shown = knowledge.item(reply["item"])
        for requirement in shown.requirements:
            if (
                requirement.section == section
                and requirement.holds(reply["applicant"], situations)
                and requirement.text not in reply["text"]
            ):
                wrong.append((item.id, "lacks", requirement.text))
    assert not wrong
