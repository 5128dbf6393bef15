"""Make a first YAML draft from a source entry: lists taken apart, applicants and aspects guessed.

A draft is for a person to review. On purpose it lacks `services` (which service an item is, nobody but a person can
say) and so does not pass the schema before someone has looked at it. It loses no word: a field whose label is unknown
goes to the remarks under that label.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bot.ingest.entry import SourceEntry
from bot.ingest.report import squeeze

SECTION_OF = {
    "运行要件": "materials", "业务办理所需材料": "materials", "办理材料": "materials", "所需材料": "materials", "申请材料": "materials",
    "运行流程": "steps", "服务详细内容": "steps", "办理流程": "steps", "办理程序": "steps", "流程图": "steps",
    "责任事项": "duties",
    "服务对象": "eligibility", "受理条件": "eligibility", "申请条件": "eligibility",
    "法定依据": "legal_basis", "法律依据": "legal_basis", "政策依据": "legal_basis",
    "备注": "remarks",
}  # fmt: skip
LISTS = {"实施机构": "agency", "责任单位": "agency", "责任科室": "agency", "办理部门": "agency", "职责边界": "boundary"}
SINGLE = {"业务领域": "category", "主要职责": "category", "服务项目（类别）": "category",
          "办理深度": "depth", "推进计划": "plan", "延伸情况": "extension"}  # fmt: skip
CONTACTS = re.compile(r"监督方式|电话|联系方式|地址|邮箱|咨询")

_NUMERAL = r"[一二三四五六七八九十]{1,3}"
# From the outermost kind of list marker to the innermost; the first that a text has parts it.
_MARKERS = (
    re.compile(rf"(?:(?<=\s)|^)({_NUMERAL})、"),
    re.compile(rf"[（(]\s*({_NUMERAL})\s*[)）]"),
    re.compile(r"(?:(?<=[\s。；;：:）)》])|(?<=号)|^)([0-9０-９]{1,2})\s*[、．.](?![0-9])"),
    re.compile(r"[（(]\s*([0-9]{1,2})\s*[)）]"),
    re.compile(r"([①-⑳])"),
)
_PAIRS = {"（": "）", "(": ")", "《": "》", "“": "”", "〈": "〉", "<": ">", "[": "]", "【": "】", "〔": "〕"}
_SENTENCE_LIKE = re.compile(r"提供|办理|填写|提出|应|须|需|的，|可以|有权|。")
_MATERIAL_HEADING = 40  # characters at most before a colon that introduces a list

_APPLICANTS = (
    ("agent", re.compile(r"代办|代理办|代理人|委托书|受托|委托办理")),
    ("unit", re.compile(r"批量|单位办理|^单位(?:持|开具|携带)|^(?:用人)?单位$")),
    ("self", re.compile(r"^[（(]?(?:申领人|申请人)?(?:本人办理|个人办)|本人到场|（法定继承人办理）")),
)
_ABOUT = {
    "where": r"窗口|大厅|网点|工作站|服务站|(?<![不取得达直受])[到向][^，。；]{1,30}(?:办理|提出|领取|申请|登记|打印)|地址",
    "time": r"[0-9一二三四五六七八九十]+\s*个?(?:工作)?日(?![期常])|个月(?:内|后|前)|[0-9]+年内|每(?:月|年|季|周|半年|三个月|两个月)|即时|次日|当月|当日|截止|按月|季度",
    "online": r"APP|app|网厅|网上|线上|微信|支付宝|云闪付|公众号|小程序|网站|服务平台",
    "amount": r"[0-9.]+\s*万?元|[0-9]+\s*[%％]|免费|补贴标准|百分之",
    "eligibility": r"符合.{0,12}(?:条件|人员)|代办|代理人|本人办理|周岁|年满|可以申请|户籍.{0,12}(?:人员|毕业生)|毕业.{0,4}年内|(?:人员|申请人|企业|居民).{0,4}[到向在]",
    "materials": r"(?:(?<![支坚保])持|携带|填写|提供|提交|填报).{0,40}(?:》|证|材料|表|卡|户口|身份)",
    "agency": r"(?:部门|机构|街道|街镇|乡镇|居委会|社区|局|中心|科|所|会|政府)[^。；]{0,30}"
    r"(?:审核|审批|复核|核查|核实|拨付|核定|报送|上报|录入|下发|意见|初审|公示)",
    "process": r"(?:申请|申报).{0,40}(?:审核|确认|审批|登记)|按.{0,10}程序|办理参保登记",
    "phone": r"(?<![0-9])(?:0[0-9]{2,3}-?)?[2-8][0-9]{6,7}(?![0-9])",
}
_SECTION_ASPECT = {
    "materials": "materials",
    "steps": "process",
    "duties": "process",
    "eligibility": "eligibility",
    "legal_basis": "legal_basis",
}


def draft(entry: SourceEntry, jurisdiction: str, document: str) -> dict[str, Any]:
    """Return the draft of one item, in the order and form of the files under knowledge/, `services` left empty."""
    section = " ".join(part for part in (entry.number, entry.heading or entry.name) if part)
    if entry.heading.startswith(entry.number):
        section = entry.heading
    item: dict[str, Any] = {
        "id": f"{jurisdiction}-{entry.number}",
        "name": entry.name,
        "aliases": [],
        "services": [],
        "source": {"document": document, "section": section},
        "agency": [],
        "boundary": [],
    }
    layout: list[str] = []
    for label, raw in entry.fields.items():
        text = raw.strip()
        if not squeeze(text) or squeeze(text) == squeeze(entry.name):
            continue
        if squeeze(text) == "无":
            layout.append(text)
        elif label in LISTS:
            item[LISTS[label]] += list(_lines(text))
        elif label in SINGLE and SINGLE[label] not in item:
            item[SINGLE[label]] = text
        elif CONTACTS.search(label):
            item.setdefault("contacts", []).extend(_contacts(label, text))
        else:
            where = SECTION_OF.get(label, "remarks")
            heading = label if label not in SECTION_OF or label == "流程图" else None
            item.setdefault(where, []).extend(branches(text, where, heading))
    if layout:
        item["layout"] = sorted(set(layout))
    return item


def branches(text: str, section: str, heading: str | None = None) -> list[dict[str, Any]]:
    """Take a raw field apart into branches: one per heading and kind of applicant, each list entry a text of its own."""
    result: list[dict[str, Any]] = []
    for title, part in _parts(text, heading):
        of_title = _applicants(title or "")
        for piece in _pieces(part, section):
            applicants = of_title or _applicants(piece)
            conditions = {**({"heading": title} if title else {}), **({"applicants": applicants} if applicants else {})}
            if not result or {key: value for key, value in result[-1].items() if key != "texts"} != conditions:
                result.append({**conditions, "texts": []})
            result[-1]["texts"].append(_statement(piece, section))
    return result


def about(text: str, section: str) -> list[str]:
    """Return the aspects that a text answers besides the one of its section."""
    silent = {_SECTION_ASPECT.get(section)}
    if section == "materials":  # 「近3个月的记录」 tells no time limit, 「残疾证审核表」 no office
        silent |= {"time", "amount", "agency", "process"}
    return [aspect for aspect, pattern in _ABOUT.items() if aspect not in silent and re.search(pattern, text)]


def _statement(text: str, section: str) -> str | dict[str, Any]:
    aspects = about(text, section)
    return {"text": text, "about": aspects} if aspects else text


def _applicants(text: str) -> list[str]:
    if "代理人" in text and "本人" in text and "委托" not in text:  # 「本人或代理人」
        return []
    for applicant, pattern in _APPLICANTS:
        if pattern.search(text):
            return [applicant]
    return []


def _parts(text: str, heading: str | None = None) -> Iterator[tuple[str | None, str]]:
    """Yield (heading, text) of the list entries of `text`, nested lists opened."""
    for marker in _MARKERS:
        starts = list(marker.finditer(text))
        lead = text[: starts[0].start()].strip() if starts else ""
        if not starts or (len(starts) == 1 and lead and not lead.endswith(("：", ":"))):
            continue
        ends = [start.start() for start in starts[1:]] + [len(text)]
        current = heading
        # The words before a list may introduce it, those before the next ① as well.
        for part in [lead] + [text[start.end() : end].strip() for start, end in zip(starts, ends)]:
            rest, title = _intro(part)
            yield from _parts(rest, current) if rest else ()
            if title:
                current = f"{heading}：{title}" if heading else title
        return
    for line in _split(text, "\n"):
        head, colon, rest = re.match(r"([^：:]*)([：:]?)(.*)", line, re.DOTALL).groups()  # type: ignore[union-attr]
        if colon and rest.strip() and len(head) <= _MATERIAL_HEADING and not re.search(r"[。；;]", head):
            yield f"{heading}：{head.strip()}" if heading else head.strip(), rest.strip()
        elif colon and not rest.strip() and len(head) <= _MATERIAL_HEADING:
            heading = head.strip()
        else:
            yield heading, line


def _intro(lead: str) -> tuple[str, str | None]:
    """Part the words before a list into what stands for itself and the heading that ends with a colon."""
    if not lead.endswith(("：", ":")):
        return lead, None
    body = lead[:-1]
    cut = max(body.rfind(mark) for mark in "。；;\n") + 1
    title = body[cut:].strip()
    if len(title) > _MATERIAL_HEADING:
        return lead[:-1].strip(), None
    return body[:cut].strip(), title


def _pieces(text: str, section: str) -> Iterator[str]:
    """Yield the single documents, steps or laws of a text without list markers."""
    for sentence in _split(text, "；;\n" if section in ("materials", "legal_basis") else "；;。\n—→➔⟶"):
        if section == "materials" and not _SENTENCE_LIKE.search(re.sub(r"[（(].*?[)）]", "", sentence)):
            yield from _split(sentence, "、，,")
        else:
            yield sentence


def _split(text: str, separators: str) -> Iterator[str]:
    """Split at separators that stand outside of brackets; strip white space and closing punctuation."""
    waiting: list[str] = []
    part = ""
    for char in text:
        if waiting and char == waiting[-1]:
            waiting.pop()
        elif char in _PAIRS:
            waiting.append(_PAIRS[char])
        if char in separators and not waiting:
            if _tidy(part):
                yield _tidy(part)
            part = ""
        else:
            part += char
    if _tidy(part):
        yield _tidy(part)


def _tidy(text: str) -> str:
    return re.sub(r"^[①-⑳]\s*", "", text.strip()).rstrip("。；;、，, \u3000").strip()


def _lines(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines() if line.strip())


def _contacts(label: str, text: str) -> Iterator[dict[str, str]]:
    for line in _lines(text):
        name, colon, value = re.match(r"([^：:]*)([：:]?)(.*)", line).groups()  # type: ignore[union-attr]
        if not colon or not value.strip():
            name, value = label, line.rstrip("：:")
        kind = "email" if "@" in value else "phone" if re.search(r"[0-9]{5,}", value) else "address"
        yield {"kind": kind, "label": name.strip() or label, "value": value.strip()}
