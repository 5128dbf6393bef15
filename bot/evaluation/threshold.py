"""The out-of-scope curve: at each threshold on the probability of «none of ours», what is found and what is refused wrongly."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np

from bot.evaluation.cases import Cases
from bot.evaluation.run import Parse
from bot.nlu.service_classifier import OUT_OF_SCOPE
from bot.text import clean

THRESHOLDS = tuple(round(0.05 * number, 2) for number in range(1, 20))
Curve = list[dict[str, float]]


def curve(cases: Cases, parse: Parse) -> Curve:
    """Return one row a threshold: `refused`, per cent of our own questions at or above it, and per cent of each foreign kind.

    This is the probability alone; the dialogue also weighs what names an item and what goes on about the one in hand.
    """
    probabilities = defaultdict(list)
    for record in cases.questions:
        probabilities["refused"].append(outside(parse, record["q"]))
    for record in cases.out_of_scope:
        for kind in (record["kind"], "all"):
            probabilities[kind].append(outside(parse, record["q"]))
    return [
        {"threshold": threshold, **{kind: share(values, threshold) for kind, values in sorted(probabilities.items())}}
        for threshold in THRESHOLDS
    ]


def outside(parse: Parse, text: str) -> float:
    """Return how probable the pipeline holds it that a message is none of ours; 1 where it sees nothing at all."""
    return float((parse(clean(text) or "。").get("services") or {OUT_OF_SCOPE: 1.0}).get(OUT_OF_SCOPE, 0.0))


def share(values: list[float], threshold: float) -> float:
    return round(100 * float(np.mean([value >= threshold for value in values])), 1)


def draw(points: Curve, chosen: float, path: Path) -> None:
    """Write the curve as a picture (SVG, its text kept as text); chosen: the threshold in use."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    names = {"refused": "自有问题被误拒", "all": "范围外全部", "near": "范围外：相近的事"}
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "curve", "font.family": "sans-serif", "font.size": 11}):
        figure, axes = plt.subplots(figsize=(7.2, 4))
        x = [point["threshold"] for point in points]
        for (kind, name), style in zip(names.items(), ("--", "-", "-")):
            if kind in points[0]:
                axes.plot(x, [point[kind] for point in points], style, label=name)
        axes.axvline(chosen, color="0.6", linewidth=1)
        axes.annotate(f"在用 {chosen}", (chosen, 50), xytext=(4, 0), textcoords="offset points", color="0.35")
        axes.set(xlabel="「不归我们管」的概率达到多少算范围外", ylabel="%", ylim=(0, 102), xlim=(x[0], x[-1]))
        axes.grid(alpha=0.3)
        axes.legend(loc=(0.45, 0.35), frameon=False)  # room to the right: its font may not measure Chinese
        figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")
        plt.close(figure)
