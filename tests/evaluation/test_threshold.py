"""bot.evaluation.threshold: what each threshold would find, and refuse wrongly."""

from __future__ import annotations

from pathlib import Path

from bot.evaluation.cases import Cases
from bot.evaluation.threshold import THRESHOLDS, curve, draw

CASES = Cases(
    [{"q": "补卡"}, {"q": "挂失"}], [{"q": "护照", "kind": "near"}, {"q": "驾照", "kind": "near"}, {"q": "天气", "kind": "far"}], []
)
OUTSIDE = {"补卡": 0.0, "挂失": 0.3, "护照": 0.5, "驾照": 0.9, "天气": 1.0}


def _parse(text: str) -> dict:
    return {"services": {"out_of_scope": OUTSIDE[text]}} if text != "天气" else {}


def test_each_threshold_shares_what_is_at_or_above_it() -> None:
    points = {point["threshold"]: point for point in curve(CASES, _parse)}
    assert tuple(points) == THRESHOLDS
    assert points[0.3] == {"threshold": 0.3, "refused": 50.0, "near": 100.0, "far": 100.0, "all": 100.0}
    assert points[0.6]["refused"] == 0.0 and points[0.6]["near"] == 50.0 and points[0.6]["far"] == 100.0


def test_a_higher_threshold_never_finds_more() -> None:
    points = curve(CASES, _parse)
    for kind in ("refused", "near", "far", "all"):
        values = [point[kind] for point in points]
        assert values == sorted(values, reverse=True)


def test_the_picture_is_an_svg_with_its_text_and_the_same_each_time(tmp_path: Path) -> None:
    points = curve(CASES, _parse)
    for name in ("a.svg", "b.svg"):
        draw(points, 0.4, tmp_path / name)
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert text == (tmp_path / "b.svg").read_text(encoding="utf-8")
    assert "自有问题被误拒" in text and len(text) < 100_000
