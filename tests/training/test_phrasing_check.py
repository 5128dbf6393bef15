"""bot.training.phrasing_check: each kind of finding, on phrasings made for it."""

from __future__ import annotations

from pathlib import Path

from bot.training.phrasing_check import LEAST, PhrasingIndex, check_phrasings, put_elsewhere
from bot.training.phrasings import Phrasing

FILE = Path("card_replace.yml")


def phrasing(text: str, service: str | None = "card_replace", intent: str = "ask_materials") -> Phrasing:
    return Phrasing(text, intent, service, FILE)


def enough(service: str) -> list[Phrasing]:
    """As many phrasings as are needed, no two of which have a character in common."""
    first = 0x4E00 + 0x400 * len(service)
    return [phrasing("".join(chr(first + 6 * n + k) for k in range(6)), service) for n in range(LEAST)]


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


MATTERS = [
    phrasing("社保卡丢了怎么补办"),
    phrasing("先把卡挂失，口头就行吗", "card_loss"),
    phrasing("护照去哪儿办", None, "out_of_scope"),
    phrasing("是这个", None, "affirm"),
    phrasing("不是这个", None, "deny"),
]


def test_nearly_the_same_under_two_labels_is_found_by_sound_too() -> None:
    found = PhrasingIndex([*MATTERS, phrasing("社保咖丢了怎么补办", "card_loss")]).near_duplicates()
    assert [(f.kind, f.service, f.other) for f in found] == [("near", "card_replace", "card_loss: 社保咖丢了怎么补办")]
    assert "nearly" in str(found[0])
    assert PhrasingIndex(MATTERS).near_duplicates() == []


def test_a_template_filled_in_is_uniform() -> None:
    template = [phrasing(f"请问一下办理社保卡补换卡业务要不要带{chr(0x4E00 + n)}") for n in range(LEAST)]
    found = PhrasingIndex([*template, *enough("card_loss")]).uniform({"card_replace", "card_loss"})
    assert ("uniform", "card_replace") in [(f.kind, f.service) for f in found]


def test_one_phrasing_is_checked_by_itself() -> None:
    index, heldout = PhrasingIndex(MATTERS), ["我妈的社保卡折了要带什么去换"]
    assert index.check(phrasing("社保卡丢了怎么补办"), heldout) == []  # its own old self
    kinds = {
        "护照去哪儿办？": "label",
        "胡照去哪儿办": "near",
        "带(身份证)吗": "markup",
        "我妈的社保卡折了要带什么去换呢": "heldout",
    }
    for text, kind in kinds.items():
        assert [f.kind for f in index.check(phrasing(text), heldout)] == [kind], text


def test_a_model_that_is_sure_of_another_label_is_heard() -> None:
    own = phrasing("补卡要带什么")
    found = put_elsewhere(own, {"card_loss": 0.9, "card_replace": 0.02})
    assert found is not None and found.kind == "elsewhere" and found.other == "card_loss 0.90"
    assert put_elsewhere(own, {"card_loss": 0.7, "card_replace": 0.02}) is None
    assert put_elsewhere(own, {"card_loss": 0.85, "card_replace": 0.12}) is None
    index = PhrasingIndex(MATTERS)
    assert [f.kind for f in index.check(own, [], rank=lambda text: {"card_loss": 0.95})] == ["elsewhere"]
    assert index.check(phrasing("好的", None, "affirm"), [], rank=lambda text: {"card_loss": 0.95}) == []
