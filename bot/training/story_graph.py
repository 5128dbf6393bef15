"""The rules and stories as one picture: what the resident may do, and what the bot does then."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import yaml

from bot.errors import BotError
from bot.flowchart import svg
from bot.knowledge.schema import Flow, FlowEdge, FlowNode

START = "start"
# What stands on the picture for the names in domain.yml.
NAMES = {
    "action_resolve": "查清是哪件事、还缺什么",
    "action_answer": "按知识库回答",
    "action_ask_jurisdiction": "问在哪里办",
    "action_ask_item": "问是哪一件事",
    "action_ask_situation": "问属于哪种情形",
    "action_ask_applicant": "问谁去办",
    "action_fall_back": "如实说办不了，给出电话",
    "action_hand_over": "转人工",
    "action_small_talk": "寒暄",
    "jurisdiction": "缺辖区",
    "item": "缺事项",
    "situation": "缺情形",
    "applicant": "缺办理人",
    "nothing": "都清楚了",
    "unknown": "不是我们的事",
    "elsewhere": "这里没有这件事",
}
INTENTS = {
    "handoff": "要人工",
    "anger": "发火",
    "greet": "问好",
    "thanks": "道谢",
    "goodbye": "告别",
    "chitchat": "闲聊",
    "choose": "选一个",
    "refuse": "说不清",
    "deny": "否认",
    "affirm": "答应",
    "inform_place": "说地方",
    "inform_applicant": "说谁去办",
    "out_of_scope": "别的事",
    "danger": "有危险",
}


def story_graph(folders: list[Path]) -> Flow:
    """Return the rules and stories under `folders` as a chart: boxes are the bot's actions, edges what leads to them.

    Raises BotError for a file that holds neither, or an action without a name here.
    """
    edges: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for path in sorted(file for folder in folders for file in folder.rglob("*.yml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        told = [*(content.get("rules") or ()), *(content.get("stories") or ())]
        if not told:
            raise BotError(f"{path}: holds neither rules nor stories")
        for one in told:
            _follow(one["steps"], edges)
    actions = list(dict.fromkeys(name for pair in edges for name in pair if name != START))
    unnamed = [name for name in actions if name not in NAMES]
    if unnamed:
        raise BotError(f"actions without a name in {__name__}: {', '.join(unnamed)}")
    nodes = [FlowNode(id=START, text="居民说一句话")]
    nodes += [FlowNode(id=name, text=NAMES[name], kind="decision" if name == "action_resolve" else "step") for name in actions]
    joined = []
    for number, ((begin, end), labels) in enumerate(edges.items()):
        if begin == START:  # what is said gets a box of its own: several of them side by side would not fit on the lines
            nodes.append(FlowNode(id=f"said{number}", text="、".join(labels)))
            joined += [FlowEdge(start=START, end=f"said{number}"), FlowEdge(start=f"said{number}", end=end)]
        else:
            joined.append(FlowEdge(start=begin, end=end, label="、".join(labels) or None))
    return Flow(nodes=nodes, edges=joined)


def _follow(steps: list[dict[str, Any]], edges: dict[tuple[str, str], list[str]]) -> None:
    """Add the edges of one rule or story. Every resident's message begins at START, so that each way is drawn once."""
    last, label = START, ""
    for step in steps:
        if "intent" in step or "or" in step:
            said = [one["intent"] for one in step["or"]] if "or" in step else [step["intent"]]
            last, label = START, "、".join(dict.fromkeys(INTENTS.get(name, "问事项") for name in said))
        elif "slot_was_set" in step:
            label = "、".join(NAMES.get(str(value), str(value)) for slot in step["slot_was_set"] for value in slot.values())
        elif "action" in step:
            found = edges[last, step["action"]]
            found += [part for part in label.split("、") if part and part not in found]
            last, label = step["action"], ""


def draw(folders: list[Path], target: Path) -> Path:
    """Write the picture of `story_graph` to `target` as SVG and return it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(svg(story_graph(folders), "对话的规则与故事"), encoding="utf-8")
    return target
