"""Pure: an item's file content as the fields of a form, and back; and what a change changed, in words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from bot.knowledge.rewrite import pruned
from bot.knowledge.schema import SECTIONS

SECTION_NAMES = {
    "materials": "办理材料",
    "steps": "办理流程",
    "duties": "责任事项",
    "eligibility": "办理条件",
    "legal_basis": "法定依据",
    "remarks": "备注",
}
WORDS = {"depth": "办理深度", "plan": "推进计划", "extension": "延伸情况"}  # fields that are one text
LISTS = {"agency": "办理部门", "notes": "提示"}  # fields that are a list of texts
CONTACTS = "联系方式"
CONTACT_KINDS = {"phone": "电话", "address": "地址", "email": "邮箱"}
Content = dict[str, Any]


def from_form(old: Content, fields: list[tuple[str, str]]) -> Content:
    """Return `old` with what the form says.

    fields: (name, value) pairs with names such as «notes.0», «contacts.0.value», «materials.1.texts.0.text»,
    «materials.1.applicants» (several). What is missing or empty is taken out; fields that the form does not know stay.
    """
    tree = _tree(fields)
    new = dict(old)
    for name in WORDS:
        new[name] = _line(tree.get(name, ""))
    for name in LISTS:
        new[name] = [_line(one) for one in _entries(tree, name) if _line(one)]
    contacts = [{key: _line(one.get(key, "")) for key in ("kind", "label", "value")} for one in _entries(tree, "contacts")]
    new["contacts"] = [contact for contact in contacts if contact["value"]]
    for section in SECTIONS:
        new[section] = [b for b in (_branch(one, old.get(section, [])) for one in _entries(tree, section)) if b["texts"]]
    return pruned({key: one for key, one in new.items() if one != ""})


def to_form(content: Content) -> list[tuple[str, str]]:
    """Return the form's (name, value) pairs that say `content`; the inverse of `from_form`."""
    pairs = [(name, content.get(name, "")) for name in WORDS]
    for name in LISTS:
        pairs += [(f"{name}.{n}", one) for n, one in enumerate(content.get(name, ()))]
    for n, contact in enumerate(content.get("contacts", ())):
        pairs += [(f"contacts.{n}.{key}", contact[key]) for key in ("kind", "label", "value")]
    for section in SECTIONS:
        for n, branch in enumerate(content.get(section, ())):
            at = f"{section}.{n}"
            pairs.append((f"{at}.heading", branch.get("heading", "")))
            for name in ("applicants", "situations"):
                pairs += [(f"{at}.{name}", one) for one in branch.get(name, ())]
            for k, statement in enumerate(branch["texts"]):
                pairs.append((f"{at}.texts.{k}.text", text_of(statement)))
                pairs.append((f"{at}.texts.{k}.about", ",".join(about_of(statement))))
    return pairs


def text_of(statement: str | Content) -> str:
    return statement if isinstance(statement, str) else statement["text"]


def about_of(statement: str | Content) -> list[str]:
    return [] if isinstance(statement, str) else statement.get("about", [])


@dataclass(frozen=True)
class Difference:
    """A change in words: before is empty for an addition, after for a removal."""

    field: str
    before: str
    after: str


def differences(old: Content, new: Content) -> list[Difference]:
    """Return what changed between two contents of an item, field by field, in the order of the form."""
    found = []
    for name, title in WORDS.items():
        found += _compared(title, [old[name]] if old.get(name) else [], [new[name]] if new.get(name) else [])
    for name, title in LISTS.items():
        found += _compared(title, old.get(name, []), new.get(name, []))
    spelt = [[f"{CONTACT_KINDS[c['kind']]}｜{c['label']}：{c['value']}" for c in one.get("contacts", ())] for one in (old, new)]
    found += _compared(CONTACTS, *spelt)
    for section, title in SECTION_NAMES.items():
        found += _compared(title, *[_statements(one, section) for one in (old, new)])
    return found


def _statements(content: Content, section: str) -> list[str]:
    names = {"self": "本人", "agent": "代办", "unit": "单位", **{s["id"]: s["name"] for s in content.get("situations", ())}}
    lines = []
    for branch in content.get(section, ()):
        words = [
            branch.get("heading", ""),
            *(names.get(one, one) for key in ("applicants", "situations") for one in branch.get(key, ())),
        ]
        label = "，".join(word for word in words if word)
        lines += [f"〔{label}〕{text_of(one)}" if label else text_of(one) for one in branch["texts"]]
    return lines


def _compared(title: str, old: list[str], new: list[str]) -> list[Difference]:
    found = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            befores, afters = old[a:b], new[c:d]
            for n in range(max(len(befores), len(afters))):
                found.append(Difference(title, *("".join(side[n : n + 1]) for side in (befores, afters))))
    return found


def _branch(fields: Content, old: list[Content]) -> Content:
    texts = []
    known = {text_of(one): one for branch in old for one in branch["texts"]}
    for one in _entries(fields, "texts"):
        text, about = _line(one.get("text", "")), [aspect for aspect in one.get("about", "").split(",") if aspect]
        if text:
            same = known.get(text)
            texts.append(
                same if same is not None and about_of(same) == about else {"text": text, "about": about} if about else text
            )
    several = {name: _several(fields.get(name, [])) for name in ("applicants", "situations")}
    return {"heading": _line(fields.get("heading", "")) or None, **several, "texts": texts}


def _several(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _tree(pairs: list[tuple[str, str]]) -> Content:
    """Nest dotted names; a name that stands several times becomes a list."""
    root: Content = {}
    for name, value in pairs:
        *path, leaf = name.split(".")
        node = root
        for part in path:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                break
        else:
            node[leaf] = [*_several(node[leaf]), value] if leaf in node and not isinstance(node[leaf], dict) else value
    return root


def _entries(tree: Content, name: str) -> list[Any]:
    """Return the entries «name.0», «name.1» … in the order of their numbers."""
    entries = tree.get(name, {})
    if not isinstance(entries, dict):
        return []
    return [entries[key] for key in sorted((key for key in entries if key.isdigit()), key=int)]


def _line(value: Any) -> str:
    """Return the text on one line; texts of the catalog have no line ends."""
    return re.sub(r"\s*[\r\n]+\s*", " ", value).strip() if isinstance(value, str) else ""
