"""Pure: score the replies to one held-out record. The measures are those of docs/evaluation.md."""

from __future__ import annotations

import re
from typing import Any, Optional

IN_SCOPE = {"answer", "clarify"}
SAME_MARKS = str.maketrans("（）：；，“”‘’【】《》", "():;,\"\"''[]<>")


def plain(text: str) -> str:
    """Fold what must not decide a comparison: white space, width and kind of punctuation."""
    return re.sub(r"\s+", "", text.translate(SAME_MARKS))


def words(reply: dict[str, Any], record: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return (required strings that are missing, forbidden strings that are there)."""
    text = plain(reply["text"])
    missing = [m for m in record.get("must") or [] if plain(m) not in text]
    return missing, [m for m in record.get("must_not") or [] if plain(m) in text]


def score_question(record: dict[str, Any], replies: list[dict[str, Any]]) -> dict[str, Optional[bool]]:
    """Score a single question; `replies`: the first reply and those to the answered clarifications, in order."""
    last, items = replies[-1], record["items"]
    asked_on = last["kind"] == "clarify"
    missing, wrong = words(last, record)
    candidates = [c["item"] for c in last.get("candidates") or ()][:3]
    right = last.get("item") in items
    return {
        "in_scope": replies[0]["kind"] in IN_SCOPE,
        "top1": right,
        "top3": right or any(c in items for c in candidates),
        "aspect": last.get("aspect") in (record["aspect"], "general") if record.get("aspect") else True,
        "facts": None if asked_on else right and not missing,
        "clean": not wrong,
        "honest": last.get("not_in_source") is True if record.get("not_in_source") and not asked_on else None,
        "wrong_answer": last["kind"] == "answer" and not right,
    }


def score_outside(record: dict[str, Any], reply: dict[str, Any]) -> bool:
    """Tell whether a message that is none of ours was handled as it should be."""
    return reply["kind"] in ("fallback", "chitchat", "handoff")


def faults(expect: dict[str, Any], reply: dict[str, Any]) -> list[str]:
    """Return what is wrong with one turn of a dialogue, [] if nothing."""
    missing, wrong = words(reply, expect)
    found = []
    if expect.get("kind") not in (None, "any", reply["kind"]):
        found.append(f"kind {reply['kind']} not {expect['kind']}")
    if expect.get("slot") and reply["kind"] == "clarify" and reply.get("slot") != expect["slot"]:
        found.append(f"slot {reply.get('slot')} not {expect['slot']}")
    if reply["kind"] == "answer":
        if expect.get("items") and reply.get("item") not in expect["items"]:
            found.append(f"item {reply.get('item')} not in {expect['items']}")
        if missing:
            found.append(f"missing {missing}")
        if expect.get("not_in_source") and reply.get("not_in_source") is not True:
            found.append("does not say that the source lacks it")
    return found + ([f"wrong {wrong}"] if wrong else [])


def rate(values: list[Optional[bool]]) -> Optional[float]:
    """Return the share of True among what is not None, in per cent with one decimal; None for nothing."""
    known = [value for value in values if value is not None]
    return round(100 * sum(known) / len(known), 1) if known else None
