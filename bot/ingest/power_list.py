"""Reader of lists of 职权 (小微权力清单): per item a heading, a table of label and value, and a flow chart.

The text has the shape that a word processor gives when it saves such a document as text:

    1.1党员组织关系接收        heading: number and name
    ⇥职权名称                  table: a label, then its value, each after a tab; an empty line ends the row
    ⇥党员组织关系接收
    党员组织关系接收权力运行流程图
     (                         flow chart: the text boxes, arrows lost, between lines of brackets
    党员去社区报到
    )

The field 「流程图」 has one box per line. Boxes come out broken at their line ends and where the font changes
(「街道」, 「残联」, 「对材料进行」), so fragments are put together again as far as their wording shows it: this is a
best effort, and no character is added, lost or moved. 是 and 否 stand on their own lines.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from bot.errors import SourceError
from bot.ingest.entry import SourceEntry

FLOW_CHART = "流程图"

_NAME_LABELS = {"职权名称", "权力名称", "权力事项名称", "职权事项名称"}
_LABELS = _NAME_LABELS | {"法定依据", "实施依据", "实施机构", "责任单位", "运行流程", "责任事项"}
_SHORT_CHINESE = re.compile(r"[\u4e00-\u9fff]{2,8}")
_NUMBER = re.compile(r"(\d+(?:\.\d+)*)\s*[.、．]?\s*")
_CHART_TITLE = re.compile(r"流程图\s*[(\s]*$")
_CHART_SUFFIX = re.compile(r"(权力)?(运行)?流程图\s*[(\s]*$")
_BRACKETS = re.compile(r"[()\s]+")
_SPACE = re.compile(r"\s+")


@dataclass
class _Draft:
    """An entry while it is being put together."""

    number: str
    name: str
    heading: str
    chart_number: str
    fields: dict[str, str]
    problems: list[str] = field(default_factory=list)


def recognises(text: str) -> bool:
    """Whether the text is a list of 职权 with flow charts."""
    lines = _lines(text)
    return bool(_name_labels(lines)) and any(_CHART_TITLE.search(line) for line in lines)


def read(text: str) -> list[SourceEntry]:
    """The items in their order."""
    lines = _lines(text)
    labels = _name_labels(lines)
    if not labels:
        raise SourceError("no list of powers found: expected tables that begin with the label 职权名称")
    headings = [_line_before(lines, label) for label in labels]
    drafts: list[_Draft] = []
    for i, label in enumerate(labels):
        end = headings[i + 1] if i + 1 < len(labels) else len(lines)
        heading = lines[headings[i]].strip() if 0 <= headings[i] else ""
        drafts.append(_draft(heading, lines[label:end], drafts[-1].number if drafts else ""))

    numbers = Counter(n for draft in drafts for n in (draft.number, draft.chart_number) if n)
    for draft in drafts:
        # A chart headed by its own entry's number is no doubling.
        times = numbers[draft.number] - (draft.chart_number == draft.number)
        if times > 1:
            draft.problems.append(f"heading number {draft.number} stands {times} times in the document")
    return [SourceEntry(draft.number, draft.name, draft.heading, draft.fields, problems=tuple(draft.problems)) for draft in drafts]


# -- the parts of an entry --------------------------------------------------------------------------------------


def _lines(text: str) -> list[str]:
    return text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").split("\n")


def _squeeze(text: str) -> str:
    return _SPACE.sub("", text)


def _name_labels(lines: list[str]) -> list[int]:
    return [i for i, line in enumerate(lines) if _squeeze(line) in _NAME_LABELS]


def _line_before(lines: list[str], position: int) -> int:
    """The last line with text before a position; if there is none, -1 (or the position itself when it is 0)."""
    return next((i for i in range(position - 1, -1, -1) if lines[i].strip()), -1 if position else 0)


def _split_number(heading: str) -> tuple[str, str]:
    match = _NUMBER.match(heading)
    return (match.group(1), heading[match.end() :].strip()) if match else ("", heading.strip())


def _draft(heading: str, lines: list[str], previous: str) -> _Draft:
    """An entry from its heading and from what stands between it and the next heading."""
    problems: list[str] = []
    if _squeeze(heading) in _NAME_LABELS:
        heading = ""
    number, heading_name = _split_number(heading)
    if not number:
        number = _successor(previous)
        problems.append(f"number lost in the text; {number} taken from the sequence")

    title, chart_start = _chart_title(lines)
    fields = _table(lines[: chart_start - len(title)], problems)
    table_name = next((text for label, text in fields.items() if label in _NAME_LABELS), "")
    if heading_name and table_name and _squeeze(heading_name) != _squeeze(table_name):
        problems.append(f"heading says «{heading_name}», the table says «{table_name}»")

    chart_number, chart_name = _split_number(_CHART_SUFFIX.sub("", "".join(line.strip() for line in title)))
    if chart_number and chart_number != number:
        problems.append(f"flow chart is headed {chart_number}, the entry {number}")
    if chart_name and _squeeze(chart_name) not in (_squeeze(heading_name), _squeeze(table_name)):
        problems.append(f"flow chart is headed «{chart_name}»")

    boxes = _chart(lines[chart_start:], "".join(_squeeze(text) for text in fields.values()), problems)
    if boxes:
        fields[FLOW_CHART] = "\n".join(boxes)
    else:
        problems.append("no flow chart found")
    return _Draft(number, heading_name or table_name, heading, chart_number, fields, problems)


def _successor(number: str) -> str:
    if not number:
        return "1"
    *group, last = number.split(".")
    return ".".join([*group, str(int(last) + 1)])


def _chart_title(lines: list[str]) -> tuple[list[str], int]:
    """The lines of the flow chart's title, and where the chart begins after them."""
    for i, line in enumerate(lines):
        if _CHART_TITLE.search(line):
            # A long title runs over several lines; an empty line parts it from the table.
            first = i
            while first and lines[first - 1].strip() and not lines[first - 1].startswith("\t"):
                first -= 1
            if first and lines[first - 1].strip():
                first = i
            return lines[first : i + 1], i + 1
    start = next((i for i, line in enumerate(lines) if _is_brackets(line)), len(lines))
    return [], start


def _table(lines: list[str], problems: list[str]) -> dict[str, str]:
    """Label -> value. Labels are the known ones, and short words at the beginning of a row."""
    values: dict[str, list[str]] = {}
    current: list[str] = []
    for i, line in enumerate(lines):
        label = _squeeze(line)
        if label in _LABELS or _begins_row(lines, i):
            if label in values:
                problems.append(f"field «{label}» stands twice")
            current = values.setdefault(label, [])
        elif line.strip():
            current.append(line.strip())
    problems.extend(f"field «{label}» is empty" for label, texts in values.items() if not texts)
    return {label: "\n".join(texts) for label, texts in values.items()}


def _begins_row(lines: list[str], i: int) -> bool:
    after_gap = i == 0 or not lines[i - 1].strip()
    before_value = i + 1 < len(lines) and lines[i + 1].startswith("\t") and bool(lines[i + 1].strip())
    is_word = lines[i].startswith("\t") and bool(_SHORT_CHINESE.fullmatch(_squeeze(lines[i])))
    return after_gap and before_value and is_word


# -- the flow chart ---------------------------------------------------------------------------------------------


def _is_brackets(line: str) -> bool:
    return bool(line.strip()) and bool(_BRACKETS.fullmatch(line))


def _chart(lines: list[str], table: str, problems: list[str]) -> list[str]:
    """The text boxes. table: the entry's other words, without white space, to tell which fragments belong together."""
    blocks: list[list[str]] = [[]]
    for line in lines:
        if _is_brackets(line):
            blocks.append([])
        elif line.strip():
            blocks[-1].append(line.strip())
    blocks = [block for block in blocks if block]
    if len(blocks) > 1 and all(line.isdigit() for line in blocks[-1]):
        problems.append(f"page number «{''.join(blocks.pop())}» left out of the flow chart")

    # Either every box stands in brackets of its own, or one pair of brackets holds them all.
    single = len(blocks) >= 3
    boxes: list[str] = []
    for block in blocks:
        boxes.extend(["".join(block)] if single and len(block) <= 4 else _rejoin(block, table))
    for box, times in Counter(boxes).items():
        if box in _ANSWERS:
            problems.append(f"flow chart: «{box}» has lost its arrow ({times} times)")
        elif times > 1:
            problems.append(f"flow chart prints «{box}» {times} times")
    return boxes


_ANSWERS = {"是", "否"}
_ORGANISATION = (
    r"(?:街道办?|办事处|社区|居委会|村委会|委员会|残联|妇联|党委|政府|财政|部门|机构|中心|服务站|派出所|司法所|[局区市县乡镇]"
    r"|申请人|监护人|人员)"
)
_MARKER = re.compile(r"[①-⑳]|\d{1,2}[.、．]|（[一二三四五六七八九十]+）")
_SENTENCE_END = re.compile(r"[。；;！？]$")
_OPEN_END = re.compile(r"[，、：（《〈“,]$")
_CLOSED_START = re.compile(r"[，、；：。）》〉”,;]")
_OPENING, _CLOSING = "（《〈“", "）》〉”"
# One character that begins a sentence, not one that lost its place in the box before.
_STARTERS = set("区市县街乡镇村向在对经由报")
_UNFINISHED = re.compile(
    r"(?:(?<!报)(?<!签)到|(?<!方)向|(?<!所)(?<!存)在|(?<!核)(?<!比)(?<!应)(?<!查)对|于|和|及|或者?|(?<!参)与|将|(?<!合)并|的|后"
    r"|提交|进行|逐级)$"
)
_CONTINUED = re.compile(r"并|或|和|及(?!时|格)|等(?!级|待|候)")
_ACTOR = re.compile(rf"(?!.*[报审核交去领拨转告填签盖受调配设发]).{{0,11}}{_ORGANISATION}")
_TOWARDS = re.compile(rf"(?:(?<!报)到|向|在|对(?!应)于?)[^，。；]{{0,8}}{_ORGANISATION}$")
_EXAMINED = re.compile(r"(?:审核|初审|复审|审批|评估)$")


def _rejoin(lines: list[str], table: str) -> list[str]:
    boxes: list[str] = []
    for line in lines:
        if boxes and _continues(boxes[-1], line, table):
            boxes[-1] += line
        else:
            boxes.append(line)
    return boxes


def _continues(box: str, line: str, table: str) -> bool:
    """Whether the line goes on with the sentence that the box has begun."""
    if box in _ANSWERS or line in _ANSWERS:
        return False
    if _CLOSED_START.match(line):
        return True
    if _SENTENCE_END.search(box) or _MARKER.match(line):
        return False
    if _OPEN_END.search(box) or _is_open(box) or _MARKER.fullmatch(box):
        return True
    if box[-2:] + line[:2] in table:  # the table has the same words in one sentence
        return True
    if _is_latin(line[0]) or _is_latin(box[-1]):  # a change of font
        return True
    if len(box) == 1 or _UNFINISHED.search(box) or _ACTOR.fullmatch(box) or _TOWARDS.search(box):
        return True
    if len(line) == 1:
        return line not in _STARTERS
    if line.startswith("通过") and len(line) <= 4:
        return bool(_EXAMINED.search(box))
    return bool(_CONTINUED.match(line))


def _is_open(box: str) -> bool:
    return any(box.count(o) > box.count(c) for o, c in zip(_OPENING, _CLOSING))


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalpha()
