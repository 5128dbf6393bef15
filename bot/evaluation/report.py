"""A run's figures on disk, beside those of the run before, and in the block of docs/evaluation.md that is theirs."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Optional

from bot.errors import BotError
from bot.evaluation.run import Result
from bot.evaluation.threshold import Curve

Summary = dict[str, dict[str, Any]]
BEGIN, END = "<!-- make evaluate 写下面这一段 -->", "<!-- make evaluate 写到这里 -->"
SET_NAMES = {"questions": "自有问题", "out_of_scope": "自有范围外", "dialogues": "自有对话"}
# Column of the tables -> (set, figure).
COLUMNS = {
    "in_scope": ("questions", "in_scope"),
    "top1": ("questions", "top1"),
    "top3": ("questions", "top3"),
    "aspect": ("questions", "aspect"),
    "facts": ("questions", "facts"),
    "wrong_answer": ("questions", "wrong_answer"),
    "near": ("out_of_scope", "near"),
    "范围外": ("out_of_scope", "all"),
    "whole": ("dialogues", "whole"),
    "turns": ("dialogues", "turns"),
}
BASELINES = ("character n-gram SVM", "stock Rasa DIET")
PART_NAMES = {
    "whole": "全部",
    "normaliser": "规范化",
    "catalog dictionary": "目录词典（换成原样 jieba）",
    "word n-grams": "词 n-gram",
    "character n-grams": "字 n-gram",
    "pinyin n-grams": "拼音 n-gram",
    "lexicon": "日常说法词表",
    "clause weighting": "分句",
    "item texts": "事项原文相似度",
    "linear ranker": "线性排名",
    "nearest phrasing": "最近问法",
    "exact phrasing": "原句优先",
    "calibration": "校准",
    "out-of-scope class": "范围外一类（改看最高概率）",
    "matcher": "短语匹配（地名、办理人）",
    "character n-gram SVM": "字 n-gram SVM",
    "stock Rasa DIET": "Rasa 原样的 DIET",
}


@dataclass(frozen=True)
class Report:
    """One run. model, cases: versions of what was asked and of the questions; parts: summary by part left out or baseline."""

    model: str
    cases: str
    summary: Summary
    outcomes: dict[str, bool]
    pairs: list[tuple[str, str, str, int]]
    curve: Curve
    parts: dict[str, Summary] = field(default_factory=dict)
    speed: dict[str, float] = field(default_factory=dict)
    when: str = field(default_factory=lambda: datetime.now().strftime("%Y%m%d-%H%M%S"))


def pairs_of(result: Result) -> list[tuple[str, str, str, int]]:
    """Return (what, wanted, got, times), the most frequent first."""
    return [(*pair, times) for pair, times in sorted(Counter(result.pairs).items(), key=lambda entry: (-entry[1], entry[0]))]


def save(report: Report, wrong: list[dict[str, Any]], folder: Path) -> Path:
    """Write report.json, wrong.csv, confusions.csv and threshold.csv into a new folder of this run; return it."""
    run = folder / report.when
    run.mkdir(parents=True)
    (run / "report.json").write_text(json.dumps(asdict(report), ensure_ascii=False, indent=1), encoding="utf-8")
    _csv(run / "wrong.csv", ["set", "id", "message", "kind", "slot", "item", "aspect", "why"], wrong)
    names = ["what", "wanted", "got", "times"]
    _csv(run / "confusions.csv", names, [dict(zip(names, pair)) for pair in report.pairs])
    _csv(run / "threshold.csv", list(report.curve[0]), report.curve)
    return run


def _csv(path: Path, names: list[str], rows: list[dict[str, Any]] | Curve) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:  # with its mark, so that spreadsheets read Chinese
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)


def last_report(folder: Path) -> Optional[dict[str, Any]]:
    """Return the newest run under `folder`, None before the first."""
    runs = sorted(folder.glob("*/report.json"))
    return json.loads(runs[-1].read_text(encoding="utf-8")) if runs else None


def changes(before: Optional[dict[str, Any]], report: Report) -> tuple[list[str], list[str]]:
    """Return the ids of cases that were wrong in the run before and are right now, and the other way round."""
    old = (before or {}).get("outcomes", {})
    both = [case for case in report.outcomes if case in old and old[case] != report.outcomes[case]]
    return [case for case in both if report.outcomes[case]], [case for case in both if not report.outcomes[case]]


def lines(report: Report, before: Optional[dict[str, Any]]) -> list[str]:
    """Return the figures for people, each with that of the run before where it differs."""
    found = []
    for name, figures in report.summary.items():
        found.append(name)
        for key, value in figures.items():
            old = (before or {}).get("summary", {}).get(name, {}).get(key)
            found.append(f"  {key:14} {_shown(value):>6}" + (f"   (last run {_shown(old)})" if old not in (None, value) else ""))
    for part, summary in report.parts.items():
        found.append(f"{part:22} " + "  ".join(f"{column} {_shown(figure(summary, column))}" for column in COLUMNS))
    better, worse = changes(before, report)
    if better or worse:
        found += [f"right now, wrong before: {' '.join(better) or '-'}", f"wrong now, right before: {' '.join(worse) or '-'}"]
    return found + [f"{name}: {value}" for name, value in report.speed.items()]


def figure(summary: Summary, column: str) -> Any:
    group, key = COLUMNS[column]
    return summary.get(group, {}).get(key)


def write_block(report: Report, document: Path, picture: str) -> None:
    """Replace the generated block of `document`. Raises BotError if its marks are not there."""
    text = document.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise BotError(f"{document} needs one «{BEGIN}» and one «{END}»")
    head, _, rest = text.partition(BEGIN)
    tail = rest.partition(END)[2]
    document.write_text(f"{head}{BEGIN}\n\n{block(report, picture)}\n{END}{tail}", encoding="utf-8")


def block(report: Report, picture: str) -> str:
    """Return the figures as Markdown."""
    day = f"{report.when[:4]}-{report.when[4:6]}-{report.when[6:8]}"
    parts = [f"模型 `{report.model}`，{day}。\n", "| 集 | 数字 |\n|---|---|"]
    for name, figures in report.summary.items():
        shown = "，".join(f"{key} {_shown(value)}" for key, value in figures.items() if key != "n")
        parts.append(f"| {SET_NAMES[name]} {figures['n']} 条 | {shown} |")
    if report.speed:
        parts.append("\n| 速度和大小 | |\n|---|---|")
        parts += [f"| {name} | {value} |" for name, value in report.speed.items()]
    if report.parts:
        questions = report.summary["questions"]["n"]
        parts.append(
            f"\n### 去掉一样，还剩多少\n\n每一行都重新训练、重新问一遍；括号里是与「全部」的差，一题是 {100 / questions:.1f}。\n"
        )
        parts += _table("去掉", {name: summary for name, summary in report.parts.items() if name not in BASELINES}, report.parts)
        others = {name: summary for name, summary in report.parts.items() if name in BASELINES}
        parts.append("\n### 换成别的\n\n用同样的问法训练，只换掉服务、方面和范围外的判断；括号里是与「全部」的差。\n")
        parts += _table("换成", others, report.parts)
    parts.append(f"\n### 范围外的阈值\n\n![阈值曲线]({picture})\n\n只看「不归我们管」的概率，不算对话里的其他线索。\n")
    shown_kinds = [kind for kind in report.curve[0] if kind != "threshold"]
    parts.append("| 阈值 | " + " | ".join("误拒" if kind == "refused" else kind for kind in shown_kinds) + " |")
    parts.append("|---" * (len(shown_kinds) + 1) + "|")
    for point in report.curve[1::2]:
        parts.append(f"| {point['threshold']} | " + " | ".join(str(point[kind]) for kind in shown_kinds) + " |")
    if report.pairs:
        parts.append("\n### 常混的\n\n| 类 | 应是 | 答成 | 次 |\n|---|---|---|---|")
        parts += [f"| {what} | {wanted} | {got} | {times} |" for what, wanted, got, times in report.pairs[:15]]
    return "\n".join(parts) + "\n"


def _table(title: str, summaries: dict[str, Summary], known: dict[str, Summary]) -> list[str]:
    whole = known.get("whole")
    found = [f"| {title} | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for part, summary in summaries.items():
        cells = []
        for column in COLUMNS:
            value, base = figure(summary, column), figure(whole, column) if whole else None
            differs = part != "whole" and value is not None and base is not None and value != base
            cells.append(f"{_shown(value)} ({value - base:+.1f})" if differs else _shown(value))
        found.append(f"| {PART_NAMES.get(part, part)} | " + " | ".join(cells) + " |")
    return found


def _shown(value: Any) -> str:
    return "–" if value is None else str(value)
