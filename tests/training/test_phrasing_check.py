"""bot.training.phrasing_check: each kind of finding, on phrasings made for it."""

from __future__ import annotations

from pathlib import Path

from bot.training.phrasing_check import LEAST, check_phrasings
from bot.training.phrasings import Phrasing

FILE = Path("card_replace.yml")


def phrasing(text: str, service: str | None = "card_replace", intent: str = "ask_materials") -> Phrasing:
    return Phrasing(text, intent, service, FILE)


def enough(service: str) -> list[Phrasing]:
    return [phrasing(f"{service} 第{chr(0x4E00 + n)}种说法", service) for n in range(LEAST)]


def test_phrasings_without_fault_have_no_findings() -> None:
    assert check_phrasings(enough("card_replace"), {"card_replace"}, ["完全不相干的一个问题"]) == []


def test_each_fault_is_found_and_said() -> None:
    faults = [
        phrasing("带[身份证]吗"),
        phrasing("没有这个服务的说法", "no_such"),
        phrasing("两边都有的说法"),
        phrasing("两边都有的说法！", "card_loss"),
        phrasing("社保卡丢了要带什么去补办"),
    ]
    known = {"card_replace", "card_loss"}
    found = check_phrasings([*enough("card_replace"), *faults], known, ["社保卡丢了要带什么去补办呢"])
    assert [(f.kind, f.service, f.text) for f in found] == [
        ("markup", "card_replace", "带[身份证]吗"),
        ("service", "no_such", "没有这个服务的说法"),
        ("label", "card_replace", "两边都有的说法"),
        ("few", "card_loss", ""),
        ("heldout", "card_replace", "社保卡丢了要带什么去补办"),
    ]
    assert "card_loss and card_replace" in str(found[2])
    assert "1 phrasings" in str(found[3])
