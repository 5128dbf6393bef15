"""bot.knowledge.rewrite and form: an edited item differs from the old file in the edited words only."""

from __future__ import annotations

import copy
import difflib
import random
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml

from bot.errors import KnowledgeError
from bot.knowledge.form import Difference, differences, from_form, to_form
from bot.knowledge.rewrite import pruned, rewrite, scalar
from bot.knowledge.schema import SECTIONS, Item
from bot.settings import ROOT

ORDER = tuple(Item.__fields__)
FILES = sorted((ROOT / "knowledge").glob("*/*.yml"))
CARD = ROOT / "knowledge" / "dagang" / "2.2.yml"
FLOW = ROOT / "knowledge" / "hebei" / "9.5.yml"
BARE = ROOT / "knowledge" / "yuzhong" / "12.yml"
AWKWARD = [
    *(
        "a: b",
        "# 注",
        "'引'",
        "63856609",
        "- x",
        "[x]",
        "x, y",
        "“a”",
        "yes",
        "1.5",
        "a #b",
        "{k}",
        "null",
        "~",
        "&a",
        "*b",
        "!c",
        "%d",
    ),
    *("@e", "`f", '"g"', "end:", "|", "> h", "? i", "\\n", "新材料：身份证", "2026-01-01", "0x1F", "é\u3000…"),
]


def changed(path: Path, edit: Callable[[dict[str, Any]], object]) -> list[str]:
    """Return the changed lines after `edit` of the file's content."""
    text = path.read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    edit(content)
    after = rewrite(text, content, ORDER)
    assert yaml.safe_load(after) == pruned(content)
    return [line for line in difflib.ndiff(text.splitlines(), after.splitlines()) if line[0] in "+-"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_an_untouched_form_changes_no_byte(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    back = from_form(content, to_form(content))
    assert back == pruned(content)
    assert rewrite(text, back, ORDER) == text
    assert differences(content, back) == []


def test_a_phone_number_keeps_its_quotes() -> None:
    assert changed(CARD, lambda c: c["contacts"][0].update(value="12345678")) == [
        "- - {kind: phone, label: 监督方式, value: '63856609'}",
        "+ - {kind: phone, label: 监督方式, value: '12345678'}",
    ]


def test_a_material_is_changed_added_and_taken_out_by_one_line_each() -> None:
    texts = "办卡人身份证原件及复印件"
    assert changed(CARD, lambda c: c["materials"][1]["texts"].__setitem__(1, texts + "一份")) == [
        f"-   - {texts}",
        f"+   - {texts}一份",
    ]
    assert changed(CARD, lambda c: c["materials"][1]["texts"].insert(1, "一寸照片：2张")) == ["+   - 一寸照片：2张"]
    assert changed(CARD, lambda c: c["materials"][1]["texts"].pop(2)) == ["-   - 代办人身份证原件及复印件"]


def test_a_text_with_aspects_keeps_them() -> None:
    lines = changed(CARD, lambda c: c["steps"][0]["texts"][0].update(text="先挂失"))
    assert lines[1] == "+   - text: 先挂失" and len(lines) == 2
    assert changed(FLOW, lambda c: c["steps"][0]["texts"][1].update(text="街道复审")) == [
        "-   - {text: 街道初审, about: [agency]}",
        "+   - {text: 街道复审, about: [agency]}",
    ]


def test_a_new_field_takes_its_place_in_the_order_of_the_schema() -> None:
    def edit(content: dict[str, Any]) -> None:
        content["contacts"] = [{"kind": "phone", "label": "咨询电话", "value": "023-12345678"}]
        content["materials"] = [{"applicants": ["agent"], "texts": ["委托书", "# 不是注释"]}]

    assert changed(BARE, edit) == [
        "+ materials:",
        "+ - applicants: [agent]",
        "+   texts:",
        "+   - 委托书",
        "+   - '# 不是注释'",
        "+ contacts:",
        "+ - {kind: phone, label: 咨询电话, value: 023-12345678}",
    ]
    text = BARE.read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    edit(content)
    keys = [line.partition(":")[0] for line in rewrite(text, content, ORDER).splitlines() if line[0].isalpha()]
    assert keys == sorted(keys, key=ORDER.index)


def test_a_heading_can_be_put_before_the_first_field_of_a_branch_and_taken_away() -> None:
    assert changed(FLOW, lambda c: c["materials"][0].update(heading="生活补贴")) == [
        "+ - heading: 生活补贴",
        "- - situations: [living_subsidy]",
        "+   situations: [living_subsidy]",
    ]
    assert changed(CARD, lambda c: c["materials"][0].pop("heading")) == [
        "- - heading: 个人办卡",
        "-   applicants: [self]",
        "+ - applicants: [self]",
    ]


def test_comments_and_other_fields_stay() -> None:
    path = ROOT / "knowledge" / "dagang" / "16.1.yml"
    comments = [line for line in path.read_text(encoding="utf-8").splitlines() if " # " in line]
    assert comments
    lines = changed(path, lambda c: c.update(notes=[*c.get("notes", []), "试写的一条提示"]))
    assert [line for line in lines if "试写" not in line and line != "+ notes:"] == []


@pytest.mark.parametrize("text", AWKWARD)
@pytest.mark.parametrize("flow", [True, False])
def test_any_text_can_stand_as_a_scalar(text: str, flow: bool) -> None:
    written = scalar(text, flow=flow)
    assert yaml.safe_load(f"[{written}, x]" if flow else f"k: {written}") == ([text, "x"] if flow else {"k": text})


def test_any_change_of_any_file_says_what_was_meant() -> None:
    dice = random.Random(7)
    for path in dice.sample(FILES, 60):
        text = path.read_text(encoding="utf-8")
        content = copy.deepcopy(yaml.safe_load(text))
        for _ in range(dice.randint(1, 4)):
            _mutate(content, dice)
        assert yaml.safe_load(rewrite(text, content, ORDER)) == pruned(content)


def _mutate(content: dict[str, Any], dice: random.Random) -> None:
    name = dice.choice(["contacts", "notes", "agency", *SECTIONS, *SECTIONS])
    fresh: Any = dice.choice(AWKWARD)
    if name == "contacts":
        fresh = {"kind": "phone", "label": dice.choice(AWKWARD), "value": fresh}
    entries = content.setdefault(name, [])
    if name in SECTIONS:
        if not entries or dice.random() < 0.2:
            entries.insert(dice.randint(0, len(entries)), {"heading": fresh, "applicants": ["self"], "texts": [fresh]})
            return
        branch = dice.choice(entries)
        if dice.random() < 0.2:
            branch.pop("heading", None) if "heading" in branch else branch.update(heading=fresh)
            return
        entries = branch["texts"]
    do = dice.choice(["change", "add", "remove"])
    if do == "add" or len(entries) < 2:
        entries.insert(dice.randint(0, len(entries)), fresh)
    elif do == "remove":
        del entries[dice.randrange(len(entries))]
    else:
        entries[dice.randrange(len(entries))] = fresh


def test_what_cannot_be_written_is_refused() -> None:
    with pytest.raises(KnowledgeError):
        rewrite("- a\n- b\n", {"a": "b"}, ORDER)


def test_the_form_adds_removes_and_ignores_what_it_does_not_know() -> None:
    content = yaml.safe_load(CARD.read_text(encoding="utf-8"))
    gone = {"materials.1.texts.1.text", "contacts.0.value"}
    pairs = [(name, " " if name in gone else value) for name, value in to_form(content)]
    pairs += [("materials.1.texts.9.text", "新的一条\r\n第二行"), ("materials.1.texts.9.about", ""), ("notes.7", "新提示")]
    pairs += [("materials.8.texts.0.text", "单位介绍信"), ("materials.8.applicants", "unit"), ("id", "other-1"), ("layout.0", "x")]
    new = from_form(content, pairs)
    assert new["id"] == content["id"] and "layout" not in new and "contacts" not in new
    assert [d.__dict__ for d in differences(content, new)] == [
        Difference("提示", "", "新提示").__dict__,
        Difference("联系方式", "电话｜监督方式：63856609", "").__dict__,
        Difference("办理材料", "〔代理办卡，代办〕办卡人身份证原件及复印件", "").__dict__,
        Difference("办理材料", "", "〔代理办卡，代办〕新的一条 第二行").__dict__,
        Difference("办理材料", "", "〔单位〕单位介绍信").__dict__,
    ]
    assert new["materials"][2] == {"applicants": ["unit"], "texts": ["单位介绍信"]}
