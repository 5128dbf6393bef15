"""Pure: an item at a glance for someone on the phone: branches side by side, what to read aloud, what to send."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Optional

from bot.conditions import applicants
from bot.knowledge.queries import Knowledge
from bot.knowledge.view import ItemView, Requirement
from bot.replies import APPLICANT_NAMES, Known, answer

SPOKEN_LENGTH = 40  # characters after which a spoken sentence is cut at a comma
MESSAGE_ASPECTS = ("materials", "process", "phone")
_DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True)
class Group:
    """Statements under one heading of the source; `heading` may be empty."""

    heading: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """What holds for one applicant, or for several whose lists are the same. spoken: short sentences, one each."""

    applicants: tuple[str, ...]
    title: str
    materials: tuple[Group, ...]
    steps: tuple[Group, ...]
    spoken: tuple[str, ...]
    message: str


@dataclass(frozen=True)
class Tab:
    """One situation of the item, or, with the id "", all of them together."""

    id: str
    title: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Sheet:
    """tabs: one for each situation, the first for all. more: further sections of the source as (title, groups).

    others: the same service in other places.
    """

    item: ItemView
    place: str
    tabs: tuple[Tab, ...]
    more: tuple[tuple[str, tuple[Group, ...]], ...]
    others: tuple[ItemView, ...]


def sheet_of(item: ItemView, knowledge: Knowledge) -> Sheet:
    names = {s.id: s.name for s in item.situations}
    told_apart = {s for r in item.requirements for s in r.situations}
    tabs = [_tab(item, "", "全部情形" if told_apart else "", knowledge)]
    tabs += [_tab(item, s, names[s], knowledge) for s in names if s in told_apart]
    more = [("服务对象、受理条件", "eligibility"), ("备注", "remarks"), ("责任事项", "duties")]
    sections = tuple((title, _groups(item, [r for r in item.requirements if r.section == s], "")) for title, s in more)
    there = dict.fromkeys(i for service in item.services for i in knowledge.items_of[service])
    others = tuple(knowledge.item(i) for i in there if knowledge.item(i).jurisdiction != item.jurisdiction)
    place = knowledge.jurisdictions[item.jurisdiction].name
    return Sheet(item, place, tuple(tabs), tuple((title, groups) for title, groups in sections if groups), others)


def _tab(item: ItemView, situation: str, title: str, knowledge: Knowledge) -> Tab:
    """Put applicants with the same lists into one column."""
    known = frozenset({situation} - {""})
    lists: dict[tuple[tuple[Group, ...], tuple[Group, ...]], list[str]] = {}
    for who in applicants(item) or ("",):
        holding = [r for r in item.requirements if r.holds(who or None, known)]
        materials = _groups(item, [r for r in holding if r.section == "materials"], situation)
        steps = _groups(item, [r for r in holding if r.section == "steps"], situation)
        lists.setdefault((materials, steps), []).append(who)
    columns = []
    for (materials, steps), whose in lists.items():
        own = tuple(who for who in whose if who)
        title_of = "、".join(APPLICANT_NAMES[who] for who in own) + "办理" if own else "不分办理人"
        asked = Known(own[0] if len(own) == 1 else None, known)
        place = knowledge.jurisdictions[item.jurisdiction]
        message = answer(item, MESSAGE_ASPECTS, asked, place=place.name, contact=knowledge.contact(item, None)).text
        columns.append(Column(own, title_of, materials, steps, _spoken(item, place.name, own, materials, steps), message))
    return Tab(situation, title, tuple(columns))


def _groups(item: ItemView, statements: list[Requirement], situation: str) -> tuple[Group, ...]:
    """Put the statements of one branch of the source together, headed as there, else by their situations."""
    names = {s.id: s.name for s in item.situations}
    found: dict[tuple[str, int], tuple[str, list[str]]] = {}
    for statement in statements:
        cases = "" if situation else "、".join(names[s.id] for s in item.situations if s.id in statement.situations)
        heading = statement.heading or ""
        if cases and cases not in heading:
            heading = f"{heading}（{cases}）" if heading else cases
        found.setdefault((statement.section, statement.branch), (heading, []))[1].append(statement.text)
    return tuple(Group(heading, tuple(texts)) for heading, texts in found.values())


# --- what to read aloud -----------------------------------------------------------------------------------------


def _spoken(
    item: ItemView, place: str, whose: tuple[str, ...], materials: tuple[Group, ...], steps: tuple[Group, ...]
) -> tuple[str, ...]:
    who = "或".join(APPLICANT_NAMES[one] for one in whose)
    said = [f"您要办的是{item.name}，在{place}办理。"]
    if not materials:
        said.append("需要什么材料，来源文件没有写。")
    elif len(materials) == 1 and len(materials[0].texts) == 1:
        said.append(f"{who and who + '办理，'}要带一样材料：{materials[0].texts[0]}。")
    else:
        total = sum(len(group.texts) for group in materials)
        said.append(f"{who and who + '办理，'}材料一共{_count(total)}{'项' if len(materials) > 1 else '样'}。")
        said += _listed(materials, "第{}，{}。")
    if steps:
        total = sum(len(group.texts) for group in steps)
        said += ["怎么办呢？"] + (_listed(steps, "第{}步，{}。") if total > 1 else [f"{steps[0].texts[0]}。"])
    if item.agency:
        said.append(f"办理部门是{'、'.join(item.agency)}。")
    said += [f"地址是{contact.value}。" for contact in item.contacts if contact.kind == "address"]
    said += [f"{contact.label}：{_in_groups(contact.value)}。" for contact in item.phone_numbers()]
    return tuple(line for sentence in said for line in _short(sentence))


def _listed(groups: tuple[Group, ...], form: str) -> list[str]:
    said = []
    for group in groups:
        if group.heading and len(groups) > 1:
            said.append(f"{group.heading}：")
        said += [form.format(_count(n, ordinal=True), text) for n, text in enumerate(group.texts, 1)]
    return said


def _short(sentence: str) -> list[str]:
    """Cut a sentence as one says it: what stands in brackets comes after, and no breath is longer than needed."""
    sentence = re.sub(r"[（(]([^（）()]{1,4})[）)]", r"\1", sentence)
    sentence = re.sub(r"[（(]([^（）()]+)[）)]", r"。说明：\1。", sentence)
    sentence = re.sub(r"。+(?=[，、；])", "", sentence)
    parts = [part for part in re.findall(r"[^。；;！？]+[。；;！？]?", sentence) if part.strip("，、。；;：: ")]
    lines: list[str] = []
    for part in parts:
        part = part.strip("，、 ")
        while len(part) > SPOKEN_LENGTH:
            cut = max(part.rfind(mark, 0, SPOKEN_LENGTH) for mark in "，、：,") + 1
            if cut < 6:
                break
            lines.append(part[:cut])
            part = part[cut:]
        lines.append(part if part[-1] in "。！？：" else part.rstrip("；;") + "。")
    return lines


def _count(number: int, ordinal: bool = False) -> str:
    if number == 2 and not ordinal:
        return "两"
    tens, ones = divmod(number, 10)
    return (_DIGITS[tens] if tens > 1 else "") + ("十" if tens else "") + (_DIGITS[ones] if ones or not tens else "")


def _in_groups(value: str) -> str:
    """Put a space into a number of eight digits, as it is said."""
    return re.sub(r"(?<!\d)(\d{4})(\d{4})(?!\d)", r"\1 \2", value)


def tab_of(sheet: Sheet, situations: tuple[str, ...]) -> str:
    """Return the tab to show first: that of the one situation which is known, else all."""
    return situations[0] if len(situations) == 1 and situations[0] in {tab.id for tab in sheet.tabs} else ""


def column_of(tab: Tab, applicant: Optional[str]) -> int:
    """Return the column to point out, -1 if the applicant is not known or makes no difference."""
    return next((n for n, c in enumerate(tab.columns) if applicant in c.applicants and len(tab.columns) > 1), -1)
