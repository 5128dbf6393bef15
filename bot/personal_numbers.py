"""Find and hide personal numbers in what residents type: identity, phone, card and document numbers, e-mail, plates.

A number is found in whatever form it is typed: full width and split lines (`bot.text.fold` has joined them before),
spaced, dashed, in Chinese digits, mixed, with words between its parts (「前面是110105，后面是19491231002X」). Three rounds:

1. sure: parts that together form a number of known shape (check digit, birth date, mobile prefix), whatever stands between;
2. what looks like numbers and is none is set aside: dates, amounts, document numbers, everything the catalog prints;
3. what is left and long enough is hidden, too: better one number too many than one too few.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase
from typing import Iterator, Sequence

from bot.settings import current_settings

MASK = "〔号码已隐去〕"
MIN_DIGITS, MAX_DIGITS = 10, 22  # of one number: 19 of a bank card are the most; a mobile number may begin with 0086

_CHINESE = "〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖两弌弍弎貳參叄陸"
_TO_ASCII = str.maketrans(_CHINESE + "×хХ叉" + ascii_lowercase, "0012345678911234567892123" + "2336" + "XXXX" + ascii_uppercase)
_MARK = r"[\u0300-\u036f\u20d0-\u20ff\ufe00-\ufe0f\u00ad]"  # combining marks and variation selectors, typed between digits
_SOFT = r"[\s\-‐‑‒–—―~_.·•*/|+()\[\]{}<>:#'\"]"
_LIST = r"[,，、;；。!！]"
_WORDS = (
    r"(?:前|后|头|中间|末|最后|倒数)?(?:[几一二三四五六七八九十两0-9]{1,2}位(?:数字?)?)(?:是|为)?|前面|后面|后边|中间|最后|然后|接着|接下来|再来|再加|"
    r"再|接|加|就是|是|尾号|尾数|开头|打头|结尾|空一?格|横杠|横线|短横|减号|杠|逗号|换行|[的呢啊嗯哦呃和跟与]|第[一二三四五]段"
)
_TOKEN = re.compile(
    rf"(?P<words>{_WORDS})|(?P<digits>(?:[0-9{_CHINESE}]{_MARK}*)+)|(?P<check>[XxхХ×叉])|(?P<soft>{_SOFT}+)|(?P<list>{_LIST}+)|(?P<other>.)",
    re.S,
)
_MAX_GAP = 14  # characters between two parts of one number

_PROVINCES = "1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|9[0-9]"
_YEAR, _MONTH_DAY = "(?:18|19|20)[0-9]{2}", "(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_ID18 = re.compile(f"(?:{_PROVINCES})[0-9]{{4}}{_YEAR}{_MONTH_DAY}[0-9]{{3}}[0-9X]")
_ID15 = re.compile(f"(?:{_PROVINCES})[0-9]{{4}}[0-9]{{2}}{_MONTH_DAY}[0-9]{{3}}")
_MOBILE = re.compile("(?:00)?(?:86)?1[3-9][0-9]{9}")
_LANDLINE = re.compile("0(?:10|2[0-9]|[3-9][0-9]{2})[2-8][0-9]{6,7}")
_CARD = re.compile("[3-69][0-9]{15,18}")
_DATE8 = re.compile(f"(?:19|20)[0-9]{{2}}{_MONTH_DAY}")
_SERVICE_LINE = re.compile("(?:400|800)[0-9]{7}|(?:95|96)[0-9]{3,4}|1[0-9]{2}|12[0-9]{3}|100[0-9]{2}|116[0-9]{3}")
_AREA = re.compile("0(?:10|2[0-9]|[3-9][0-9]{2})|(?:00)?86")

_UNIT = r"(?:元|块|圆|万|亿|千|百|美元|港元|人|户|名|个|位|件|份|次|条|项|张|册|岁|周岁|天|日|月|年|小时|分|秒|平|㎡|m2|亩|公里|米|千米|km|公斤|kg|吨|%|‰|度|楼|层|室|栋|幢|单元)"
_PROTECTED = [
    re.compile(pattern)
    for pattern in (
        r"[〔\[(【〈<]\s*(?:19|20)[0-9]{2}\s*[〕\])】〉>]\s*(?:第\s*)?[0-9]{1,6}(?:\s*号|(?![0-9]))",  # 津人社规字〔2020〕5号
        r"(?<![0-9])(?:19|20)[0-9]{2}\s*[-./年]\s*[0-9]{1,2}(?:\s*[-./月]\s*[0-9]{1,2}(?![0-9]))?(?:\s*[日号])?(?![0-9])",
        r"(?<![0-9])(?:19|20)[0-9]{2}\s*[-–—~至到]\s*(?:19|20)[0-9]{2}(?![0-9])",
        r"(?<![0-9])(?:19|20)[0-9]{2}\s*年",
        r"(?<![0-9])[0-2]?[0-9]:[0-5][0-9](?::[0-5][0-9])?(?![0-9])",
        rf"(?<![0-9])[0-9]{{1,10}}(?:,[0-9]{{3}})*(?:\.[0-9]+)?\s*(?={_UNIT})",
        r"[¥$€]\s*[0-9]{1,10}(?:,[0-9]{3})*(?:\.[0-9]+)?",
        r"(?:金额|工资|补贴|补助|余额|收入|缴费|缴纳|基数|本金|利息|一共|共计|合计)\s*[是为:]?\s*[0-9]{1,9}(?:\.[0-9]+)?(?![0-9])",
        r"(?<![0-9])[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?(?![0-9])",
        r"(?<![A-Za-z])(?:GB|DB|GA|HJ|JR|LD|ISO|MZ)(?:/?T)?\s*[0-9]{1,6}(?:\.[0-9]+)?\s*-\s*(?:19|20)[0-9]{2}(?![0-9])",
    )
]

_EMAIL = re.compile(
    r"[A-Za-z0-9._%+\-]{1,64}\s?(?:@|艾特|\(at\)|\[at\])\s?[A-Za-z0-9\-]{1,63}(?:\s?[.。点]\s?[A-Za-z0-9\-]{1,63}){1,5}",
    re.IGNORECASE,
)
_S = r"[\s\-·.]?"
_CREDIT_CODE = re.compile(
    rf"(?<![0-9A-Z])(?=(?:{_S}[0-9]){{0,17}}{_S}[A-Z])[1-9ANY]{_S}[1-9]{_S}(?:[0-9]{_S}){{6}}(?:[0-9A-HJ-NP-RTUWXY]{_S}){{9}}[0-9A-HJ-NP-RTUWXY](?![0-9A-Z])"
)
_PLATE = re.compile(
    r"(?:[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领军空海北沈兰济南广成][\s]?|WJ\s?[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]?\s?)"
    r"[A-Z][\s·•.\-]?(?=(?:[A-Z][\s\-]?){0,3}[0-9](?:[\s\-]?[A-Z]){0,3}[\s\-]?[0-9])(?:[A-Z0-9][\s\-]?){4}(?:[A-Z0-9][\s\-]?)?[A-Z0-9挂学警港澳试超](?![0-9A-Z])"
)
_LETTER_CODES = [
    re.compile(
        rf"(?<![0-9A-Z])[A-Z]{{1,3}}{_S}(?:[0-9]\s?){{6,11}}[0-9](?:\s?\([0-9A-Z]{{1,2}}\)|[A-Z](?![A-Z]))?(?![0-9])"
    ),  # passports, permits, cards
    re.compile(r"(?<![0-9A-Z])[A-Z]{1,2}\s?[0-9]{6}\s?\(\s?[0-9A]\s?\)"),  # 香港身份证
    re.compile(r"(?<![0-9])[157]\s?[0-9]{6}\s?\(\s?[0-9]\s?\)"),  # 澳门身份证
    re.compile(r"(?<![0-9A-Z])[0-9]{8}\s?-\s?[0-9X](?![0-9A-Z])"),  # 组织机构代码
]
_NAMED = re.compile(
    r"(?:身份证|证件|护照|通行证|社保卡?|卡|银行卡?|账|帐|手机|电话|座机|QQ|微信|VX)\s?(?:号码?|尾号)?\s?(?:是|为|:|：)?\s?((?:[0-9][\s\-]?){5,}[0-9]X?)(?![0-9])",
    re.IGNORECASE,
)


def id_number_is_valid(number: str) -> bool:
    """Tell whether an 18-character resident identity number has the right check digit (GB 11643-1999, ISO 7064)."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    if not re.fullmatch(r"[0-9]{17}[0-9Xx]", number):
        return False
    return "10X98765432"[sum(w * int(d) for w, d in zip(weights, number)) % 11] == number[-1].upper()


def card_number_is_valid(number: str) -> bool:
    """Tell whether a bank-card number of 13 to 19 digits has the right check digit (Luhn, ISO/IEC 7812)."""
    if not re.fullmatch(r"[0-9]{13,19}", number):
        return False
    doubled = [int(d) * (1 + n % 2) for n, d in enumerate(reversed(number))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


@lru_cache(maxsize=4)
def published(folder: Path) -> frozenset[str]:
    """Return what the files under `folder` print: digits of seven and more, a dash or space within left out; e-mail addresses."""
    found: set[str] = set()
    for path in folder.rglob("*.yml"):
        text = path.read_text(encoding="utf-8", errors="replace")
        found |= {address.lower() for address in _EMAIL.findall(text)}
        for run in re.findall(r"(?<![0-9])[0-9](?:[\- ]?[0-9]){6,}(?![0-9])", text):
            found.add(re.sub("[^0-9]", "", run))
            found |= {part for part in re.split("[- ]", run) if len(part) >= 7}
    return frozenset(found)


@dataclass(frozen=True)
class _Part:
    """Digits that stand together: where, which, and what stands before them: "" nothing, "soft", "list" or "words"."""

    start: int
    end: int
    digits: str
    before: str


def hide(text: str) -> str:
    """Return the folded `text` with every personal number replaced by MASK."""
    while True:
        spans = _merged(sorted(_found(text)))
        if not spans:
            return text
        for start, end in reversed(spans):
            text = text[:start] + MASK + text[end:]


def _found(text: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of what is personal; spans may overlap."""
    public = published(current_settings().knowledge)
    for found in _EMAIL.finditer(text):
        if found.group().lower() not in public:
            yield found.span()
    view = _ascii_view(text)
    if len(re.findall("[0-9]", view)) < 3:
        return
    aside = [found.span() for pattern in _PROTECTED for found in pattern.finditer(view)]
    for pattern in (_CREDIT_CODE, _PLATE, *_LETTER_CODES):
        for found in pattern.finditer(view):
            if not _overlaps((found.start(), found.start() + 1), aside):
                yield found.span()
    chains = list(_chains(text))
    sure = [span for chain in chains for span in _sure(chain, public, aside)]
    yield from sure
    for found in _NAMED.finditer(view):
        digits = re.sub("[^0-9]", "", found[1])
        if not (_is_public(digits, public) or _DATE8.fullmatch(digits) or _overlaps(found.span(1), aside)):
            yield found.span(1)
    for chain in chains:
        yield from _likely(chain, [*sure, *aside], public)


def _ascii_view(text: str) -> str:
    """Return `text`, character for character, with Chinese digits as ASCII ones and letters as capitals."""
    return text.translate(_TO_ASCII)


def _chains(text: str) -> Iterator[list[_Part]]:
    """Yield the runs of parts that might be one number: between two parts stands nothing, marks or filler words."""
    chain: list[_Part] = []
    before, gap = "", 0
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "digits":
            digits = re.sub("[^0-9]", "", token.group().translate(_TO_ASCII))
            if chain and gap <= _MAX_GAP:
                chain.append(_Part(token.start(), token.end(), digits, before))
            else:
                if chain:
                    yield chain
                chain = [_Part(token.start(), token.end(), digits, "")]
            before, gap = "", 0
        elif kind == "check" and chain and sum(len(part.digits) for part in chain) >= 17 and gap <= 3:
            chain.append(_Part(token.start(), token.end(), "X", before))
            before, gap = "", 0
        elif kind in ("soft", "list", "words"):
            gap += len(token.group())
            order = ("", "soft", "list", "words")
            before = max(before, kind, key=order.index)
        elif chain:
            yield chain
            chain, before, gap = [], "", 0
    if chain:
        yield chain


def _sure(chain: Sequence[_Part], public: frozenset[str], aside: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the parts of numbers of known shape, so that as many digits as possible belong to one."""
    covered, last_of = [0] * (len(chain) + 1), [-1] * len(chain)
    for first in reversed(range(len(chain))):
        covered[first] = covered[first + 1]
        digits, sizes, gaps = "", [], set()
        for last in range(first, len(chain)):
            digits += chain[last].digits
            sizes.append(len(chain[last].digits))
            if last > first:
                gaps.add(chain[last].before)
            if len(digits) > MAX_DIGITS:
                break
            if len(digits) < MIN_DIGITS or len(digits) + covered[last + 1] <= covered[first]:
                continue
            span = (chain[first].start, chain[last].end)
            if _has_known_shape(digits, sizes, gaps, span, aside) and not _is_public(digits, public):
                covered[first], last_of[first] = len(digits) + covered[last + 1], last
    first = 0
    while first < len(chain):
        last = last_of[first]
        if last >= 0:
            while last > first and last + 1 < len(chain) and _goes_on(chain, first, last + 1, aside):
                last += 1  # a number typed in parts, of which the beginning alone has a known shape
            before = first
            while last > first and before and chain[before].before in ("", "soft") and _goes_on(chain, before, before - 1, aside):
                before -= 1
            yield from _stretches(chain[before : last + 1])
        first = max(first, last) + 1


def _goes_on(chain: Sequence[_Part], first: int, part: int, aside: Sequence[tuple[int, int]]) -> bool:
    """Tell whether `part`, a neighbour of the number that begins at `first`, is likely some of its digits."""
    one = chain[part]
    if len(one.digits) > 4 or (part > first and one.before not in ("", "soft")):
        return False
    return not (_SERVICE_LINE.fullmatch(one.digits) or _overlaps((one.start, one.end), aside))


def _stretches(parts: Sequence[_Part]) -> Iterator[tuple[int, int]]:
    """Yield the spans of one number's parts, joined where only marks stand between them."""
    start, end = parts[0].start, parts[0].end
    for part in parts[1:]:
        if part.before in ("", "soft"):
            end = part.end
        else:
            yield start, end
            start, end = part.start, part.end
    yield start, end


def _has_known_shape(
    digits: str, sizes: Sequence[int], gaps: set[str], span: tuple[int, int], aside: Sequence[tuple[int, int]]
) -> bool:
    if _ID18.fullmatch(digits) and id_number_is_valid(digits):
        return True
    loose = bool(gaps & {"list", "words"})
    if loose and not (min(sizes[:-1]) >= 3 or max(sizes) == 1):
        return False
    if _ID15.fullmatch(digits) or _MOBILE.fullmatch(digits):
        return True
    if "words" not in gaps and _LANDLINE.fullmatch(digits) and not _overlaps(span, aside):
        return True
    if _CARD.fullmatch(digits) and card_number_is_valid(digits) and not _overlaps(span, aside):
        return True
    return not loose and bool(_ID18.fullmatch(digits) or re.fullmatch("[0-9]{17}X", digits))


def _likely(chain: Sequence[_Part], taken: Sequence[tuple[int, int]], public: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Yield long numbers of no known shape among the parts that nothing has taken."""
    run: list[_Part] = []
    for part in [*chain, None]:
        cut = part is None or _overlaps((part.start, part.end), taken) or _SERVICE_LINE.fullmatch(part.digits)
        if run and (cut or (part is not None and part.before not in ("", "soft"))):
            yield from _likely_in(run, public)
            run = []
        if part is not None and not cut:
            run.append(part)


def _likely_in(run: Sequence[_Part], public: frozenset[str]) -> Iterator[tuple[int, int]]:
    digits = "".join(part.digits for part in run)
    if _is_public(digits, public):
        return
    sizes = [len(part.digits) for part in run]
    alone = [n for n, part in enumerate(run) if len(part.digits) >= 7]
    known = any(_is_public(run[n].digits, public) or _DATE8.fullmatch(run[n].digits) for n in alone)
    if alone and (known or not 12 <= len(digits) <= MAX_DIGITS or min(sizes) == 1):
        for n in alone:
            part = run[n]
            if _is_public(part.digits, public) or _DATE8.fullmatch(part.digits):
                continue
            start = run[n - 1].start if n and _AREA.fullmatch(run[n - 1].digits) else part.start
            end = run[n + 1].end if n + 1 < len(run) and 1 <= len(run[n + 1].digits) <= 5 else part.end
            yield start, end
        return
    if len(digits) < 7 or all(re.fullmatch(f"{_YEAR}|[0-9]+00", part.digits) for part in run):
        return
    by_one = max(sizes) == 1
    long = min(sizes) >= 2 and len(digits) >= 10
    local = digits[0] in "2345678" and sizes in ([3, 4], [4, 4], [4, 3], [3, 5], [2, 5], [5, 3])
    if by_one or long or local:
        yield run[0].start, run[-1].end


def _is_public(digits: str, public: frozenset[str]) -> bool:
    """Tell whether a number is one of the catalog's or a service line, with or without an area code."""
    local = re.sub(r"^(?:0086|86)?0?(?:10|2[0-9]|[3-9][0-9]{2})(?=[2-8][0-9]{6,7}$|12[0-9]{3}$)", "", digits)
    return digits in public or local in public or bool(_SERVICE_LINE.fullmatch(digits) or _SERVICE_LINE.fullmatch(local))


def _overlaps(span: tuple[int, int], others: Sequence[tuple[int, int]]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in others)


def _merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
