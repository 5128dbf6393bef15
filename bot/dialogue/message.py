"""What one message says by itself: is it a question, of which aspect, which option does it pick?"""

from __future__ import annotations

import re
from typing import Optional

from bot.dialogue.state import CONTEXT, OUT_OF_SCOPE, Understanding
from bot.text import squash

WHAT_IF = re.compile(r"^(?:那|要是|如果|假如|换成|换).{0,12}?呢")
QUESTION = re.compile(
    r"[?？]|吗|呢|么|嘛|啥|什么|怎么|咋|哪|谁|多少|几|能不|行不|要不|用不|可不|是不|有没有|多久|多长|中不|得不|不$|依据|电话|材料|流程|地址|条件"
)


ASKING = tuple(
    f"ask_{a}"
    for a in (
        "materials",
        "process",
        "agency",
        "where",
        "phone",
        "legal_basis",
        "eligibility",
        "time",
        "online",
        "amount",
        "general",
    )
)


def is_question(said: Understanding) -> bool:
    """Tell whether the message asks something, by its words or, where it names no matter, by the classifier's word."""
    elliptic = said.services.get(CONTEXT, 0.0) >= 0.5 and said.intent in ASKING and said.intent != "ask_general"
    return bool(QUESTION.search(said.text)) or (elliptic and said.sure >= 0.9 and said.applicant is None)


def asks_in_so_many_words(said: Understanding) -> bool:
    """Tell whether the message asks an aspect in so many words (an answer such as 「我自己去」 does not)."""
    return bool(said.aspects) and said.aspects != ("general",) and is_question(said)


def only_changes_a_condition(text: str) -> bool:
    """Tell whether a text is a bare 「那我妈去呢」「换成单位办呢」: what was asked stays what was asked."""
    found = WHAT_IF.match(text)
    return found is not None and not QUESTION.search(text[found.end() :])


def aspects_of(said: Understanding, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    return said.aspects or otherwise


def surest_service(said: Understanding) -> tuple[Optional[str], float]:
    """Return the most probable real service and its probability; (None, 0.0) if none was ranked."""
    own = [pair for pair in said.services.items() if pair[0] not in (OUT_OF_SCOPE, CONTEXT)]
    return max(own, key=lambda pair: pair[1], default=(None, 0.0))


def own_service(said: Understanding) -> Optional[str]:
    top, probability = surest_service(said)
    return top if probability > 0.6 and len(squash(said.text)) > 8 else None


def chosen_option(text: str, count: int) -> Optional[int]:
    """Return the index of the option that `text` picks by number or position (「2」「第二种」「最后一个」), else None."""
    if not count:
        return None
    text = squash(text)
    if re.match(r"^(?:我?(?:要|选|就)?)?(?:最后|末尾|后面|下面)(?:一|那)?(?:个|种|条|项)?", text) and len(text) <= 8:
        return count - 1
    if re.match(r"^(?:我?(?:要|选|就)?)?(?:前面|上面|头)(?:一|那)?(?:个|种|条|项)", text) and len(text) <= 8:
        return 0
    if re.match(r"^第.(?:次|回|遍|年|步)", text):
        return None  # 「第一次办」 tells of a first time, it chooses nothing
    found = re.match(r"^(?:我?(?:要|选|就|是|属于)?(?:那|这)?)?第?([0-9一二两三四五六七八九])(?:号|个|种|条|项|类)?", text)
    if found is None:
        return None
    explicit = re.match(r"^(?:我?(?:要|选|就|是|属于)?(?:那|这)?)?(?:第.|.(?:号|个|种|条|项|类))", text)
    if len(text) > 3 and not (explicit and "第" in text[:6]):
        return None
    number = "一二三四五六七八九".find(found.group(1)) + 1 or (2 if found.group(1) == "两" else 0) or int(found.group(1))
    return number - 1 if 1 <= number <= count else None
