"""Pure: item + aspects + conditions -> what the resident reads. The wording of facts is the source's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Optional

from bot.knowledge.view import ItemView, Requirement
from bot.text import squash

ASPECT_NAMES = {
    "materials": "办理材料",
    "process": "办理流程",
    "agency": "负责部门",
    "where": "办理地点",
    "phone": "电话",
    "legal_basis": "法定依据",
    "eligibility": "办理条件",
    "time": "时间",
    "online": "网上、手机办理",
    "amount": "金额或费用",
    "general": "事项概况",
}
APPLICANT_NAMES = {"self": "本人", "agent": "代办", "unit": "单位"}
NOT_IN_SOURCE = "来源文件未载明"
MESSAGE_LENGTH = 600
_ROLLOUT = re.compile("开始|上线|启动|推行|实行|几月|放到街道|下放|延伸")


@dataclass(frozen=True)
class Known:
    """What is known when an answer is composed; `question` is the resident's own text, for the passage it points at."""

    applicant: Optional[str] = None
    situations: frozenset[str] = frozenset()
    question: str = ""


@dataclass(frozen=True)
class Reply:
    text: str
    not_in_source: bool


def answer(item: ItemView, aspects: tuple[str, ...], known: Known, *, place: str, contact: str) -> Reply:
    """Return the answer on `aspects` of `item`.

    place: the jurisdiction's full name. contact: who can be asked where the source is silent.
    `not_in_source` is true where the source says nothing on the first aspect.
    """
    parts, missing = [], []
    for aspect in aspects:
        lines = _section(item, aspect, known)
        if lines:
            parts.append(lines)
        else:
            missing.append(aspect)
            parts.append([f"{ASPECT_NAMES[aspect]}：{NOT_IN_SOURCE}。可咨询{contact}。"])
    shown = "\n".join(line for lines in parts for line in lines)
    extra = _passages(item, known, shown)
    if missing and not extra and item.depth and item.depth not in shown:
        extra = [f"办理深度：{item.depth}"]
    if extra:
        parts.append(["来源中与此有关的内容：", *extra])
    lines = [f"【{item.name}】{place}", *(line for part in parts for line in part)]
    lines += [f"提示：{note}" for note in item.notes[:1]] if aspects[0] in ("materials", "process", "general") else []
    lines.append(f"来源：《{item.document}》{item.section}")
    return Reply("\n".join(lines), not_in_source=aspects[0] in missing)


def split(text: str, limit: int = MESSAGE_LENGTH) -> list[str]:
    """Return `text` in messages of at most `limit` characters, cut at line ends, else at sentence ends."""
    messages, current = [], ""
    for line in text.split("\n"):
        for piece in _pieces(line, limit):
            if current and len(current) + 1 + len(piece) > limit:
                messages.append(current)
                current = piece
            else:
                current = f"{current}\n{piece}" if current else piece
    return [*messages, current] if current else messages


def next_questions(item: ItemView, asked: tuple[str, ...]) -> list[str]:
    """Return at most three useful next questions, such that the source has an answer to each."""
    titles = {
        "materials": "要带什么材料",
        "process": "办理流程是什么",
        "where": "去哪儿办",
        "phone": "电话是多少",
        "legal_basis": "依据是什么",
    }
    return [title for aspect, title in titles.items() if aspect not in asked and _section(item, aspect, Known())][:3]


def _pieces(line: str, limit: int) -> list[str]:
    pieces = []
    while len(line) > limit:
        cut = max(line.rfind(mark, 0, limit) for mark in "。；;，、") + 1 or limit
        pieces.append(line[:cut])
        line = line[cut:]
    return [*pieces, line]


def _section(item: ItemView, aspect: str, known: Known) -> list[str]:
    """Return the lines that answer one aspect, [] where the source is silent."""
    if aspect == "general":
        return _overview(item, known)
    if aspect == "phone":
        phones = [f"{contact.label}：{contact.value}" for contact in item.phone_numbers()]
        others = [f"{contact.label}：{contact.value}" for contact in item.contacts if contact.kind != "phone"]
        return phones + others if phones else []
    statements = [s for s in item.statements(aspect) if s.holds(known.applicant, known.situations)]
    if aspect == "eligibility" and known.applicant == "agent":
        statements += [s for s in item.requirements if "agent" in s.applicants and s not in statements]
    if aspect in ("agency", "where"):
        steps = [s for s in item.statements("process") if s not in statements and s.holds(known.applicant, known.situations)]
        return (
            _offices(item, aspect)
            + _listed(item, ASPECT_NAMES[aspect], statements, known)
            + _listed(item, "办理环节", steps if sum(len(s.text) for s in steps) <= 400 else [], known)
        )
    lines = _listed(item, ASPECT_NAMES[aspect], statements, known)
    if aspect == "process" and item.depth:
        lines = [f"办理深度：{item.depth}", *lines]
    if aspect in ("process", "eligibility", "where"):
        lines += _remarks(item, known)
    if aspect == "time" and item.plan and _ROLLOUT.search(known.question):
        lines.append(f"推进计划：{item.plan}")
    return lines


def _offices(item: ItemView, aspect: str) -> list[str]:
    lines = [f"{'负责部门' if aspect == 'agency' else '办理部门'}：{'；'.join(item.agency)}"] if item.agency else []
    if item.depth:
        lines.append(f"办理深度：{item.depth}")
    if item.boundary:
        lines.append(f"职责边界：{'；'.join(item.boundary)}")
    if aspect == "where":
        lines += [f"{contact.label}：{contact.value}" for contact in item.contacts if contact.kind == "address"]
    return lines


def _remarks(item: ItemView, known: Known) -> list[str]:
    return [f"备注：{s.text}" for s in item.requirements if s.section == "remarks" and s.holds(known.applicant, known.situations)]


def _overview(item: ItemView, known: Known) -> list[str]:
    lines: list[str] = []
    for aspect in ("eligibility", "materials", "process"):
        own = [s for s in item.statements(aspect) if s.holds(known.applicant, known.situations)]
        own = [s for s in own if f"{s.text}" not in "\n".join(lines)]
        lines += _listed(item, ASPECT_NAMES[aspect], own, known)
    lines += _offices(item, "where") + _remarks(item, known)
    lines += [f"{contact.label}：{contact.value}" for contact in item.phone_numbers()]
    return lines


def _listed(item: ItemView, title: str, statements: list[Requirement], known: Known) -> list[str]:
    """Number the statements; where branches stand side by side, each gets its own heading."""
    if not statements:
        return []
    lines, number, last = [], 0, None
    branches = {(s.section, s.branch) for s in statements}
    lines.append(
        f"{title}：" if len(branches) > 1 or not _label(item, statements[0]) else f"{title}（{_label(item, statements[0])}）："
    )
    for statement in statements:
        key = (statement.section, statement.branch)
        if len(branches) > 1 and key != last:
            label = _label(item, statement)
            if label:
                lines.append(f"〔{label}〕")
        last = key
        number += 1
        lines.append(f"{number}. {statement.text}")
    return lines


def _label(item: ItemView, statement: Requirement) -> str:
    """Name whom and which case a branch is for, in the source's words where it has a heading."""
    names = {s.id: s.name for s in item.situations}
    who = "、".join(APPLICANT_NAMES[a] for a in APPLICANT_NAMES if a in statement.applicants)
    case = "、".join(names[s.id] for s in item.situations if s.id in statement.situations)
    words = [part for part in (statement.heading, who and f"{who}办理", case) if part]
    return "，".join(dict.fromkeys(word for word in words if not any(word != other and word in other for other in words)))


def _passages(item: ItemView, known: Known, shown: str) -> list[str]:
    """Return at most two statements that the question points at by its words and that are not shown yet.

    A pair of characters counts the more, the fewer statements of the item have it; the item's own name and common
    words count nothing.
    """
    question = squash(known.question)
    pairs = {question[i : i + 2] for i in range(len(question) - 1)}
    name = squash(item.name + "".join(item.aliases))
    pairs -= {name[i : i + 2] for i in range(len(name) - 1)} | COMMON_WORDS
    statements = item.requirements + tuple(s for s in item.legal_basis if s.about)
    texts = [squash(statement.text) for statement in statements]
    spread = {pair: sum(pair in text for text in texts) for pair in pairs}
    scored = []
    for statement, text in zip(statements, texts):
        if statement.text in shown or not statement.holds(known.applicant, known.situations):
            continue
        score = sum(1.0 if spread[pair] <= 2 else 0.5 for pair in pairs if pair in text)
        if score >= (1.0 if len(question) <= 12 else 1.5):
            scored.append((score, statement.text))
    scored.sort(key=lambda pair: -pair[0])
    return [f"· {text}" for _, text in scored[:2]]


COMMON_WORDS = {
    "什么", "怎么", "多少", "哪里", "哪儿", "办理", "申请", "需要", "材料", "本人", "自己", "代办", "登记", "人员", "证明", "可以", "能不", "不能", "我们", "我的",
    "这个", "那个", "是不", "不是", "一下", "请问", "咨询", "街道", "社区", "电话", "没有", "你们", "他们", "要不",
}  # fmt: skip
