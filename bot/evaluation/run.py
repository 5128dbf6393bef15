"""Evaluate the trained model on held-out questions: the whole way, in this process, without the network."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any, Optional

from bot.actions.conversation import knowledge
from bot.channels.turn import run_turn
from bot.evaluation.metrics import faults, rate, score_outside, score_question

ANSWERS = {"self": "我本人办理", "agent": "我替别人代办", "unit": "单位办理", None: "我本人办理"}


class Conversation:
    """Talks to a loaded Rasa agent the way a channel does."""

    def __init__(self, agent: Any, sender: str, jurisdiction: Optional[str]):
        self.agent, self.sender = agent, sender
        self.metadata = {"jurisdiction": jurisdiction} if jurisdiction else {}

    async def say(self, text: str) -> dict[str, Any]:
        messages = await run_turn(self.agent.handle_message, self.sender, text, self.metadata, channel="evaluation")
        reply = dict(next(m["custom"] for m in messages if "custom" in m))
        reply["text"] = "\n".join(m.get("text", "") for m in messages)
        return reply


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


async def evaluate(agent: Any, heldout: Path) -> dict[str, Any]:
    """Return {"summary": figures by set, "wrong": rows for the CSV, "confusions": [(wanted, got, times)]}."""
    singles, wrong = [], []
    confusions: Counter[tuple[str, Optional[str]]] = Counter()
    for number, record in enumerate(read(heldout / "questions.jsonl")):
        replies = await _ask(Conversation(agent, f"q{number}", record.get("jurisdiction")), record)
        scores = score_question(record, replies)
        singles.append(scores)
        if not (scores["top1"] and scores["facts"] is not False and scores["clean"]):
            wrong.append(
                _row("question", record["q"], replies[-1], f"want {record['items']} {record['aspect']} {record.get('must')}")
            )
        if not scores["top1"]:
            confusions[record["items"][0], replies[-1].get("item")] += 1
    kinds: dict[str, list[Optional[bool]]] = defaultdict(list)
    for number, record in enumerate(read(heldout / "out_of_scope.jsonl")):
        reply = await Conversation(agent, f"o{number}", None).say(record["q"])
        kinds[record["kind"]].append(score_outside(record, reply))
        if not kinds[record["kind"]][-1]:
            wrong.append(_row(record["kind"], record["q"], reply, "want fallback"))
    talks = []
    for record in read(heldout / "dialogues.jsonl"):
        talks.append(await _talk(agent, record, wrong))
    summary = {
        "questions": {"n": len(singles), **{key: rate([s[key] for s in singles]) for key in singles[0]}},
        "out_of_scope": {kind: rate(values) for kind, values in sorted(kinds.items())},
        "dialogues": {
            "n": len(talks),
            "whole": rate([good == length for good, length in talks]),
            "turns": round(100 * sum(good for good, _ in talks) / sum(length for _, length in talks), 1),
        },
    }
    return {"summary": summary, "wrong": wrong, "confusions": [(a, b, n) for (a, b), n in confusions.most_common(40)]}


async def _ask(talk: Conversation, record: dict[str, Any]) -> list[dict[str, Any]]:
    """Ask, and answer up to three questions back the way the record's resident would."""
    replies = [await talk.say(record["q"])]
    place = knowledge().jurisdictions[record["items"][0].partition("-")[0]].name
    for _ in range(3):
        slot = replies[-1].get("slot") if replies[-1]["kind"] == "clarify" else None
        if slot not in ("applicant", "jurisdiction"):
            break
        replies.append(await talk.say(ANSWERS[record.get("applicant")] if slot == "applicant" else place))
    return replies


async def _talk(agent: Any, record: dict[str, Any], wrong: list[dict[str, Any]]) -> tuple[int, int]:
    talk = Conversation(agent, record["id"], record.get("jurisdiction"))
    for number, turn in enumerate(record["turns"]):
        reply = await talk.say(turn["user"])
        found = faults(turn["expect"], reply)
        if found:
            wrong.append(_row("dialogue", f"{record['id']} {number + 1}: {turn['user']}", reply, "; ".join(found)))
            return number, len(record["turns"])
    return len(record["turns"]), len(record["turns"])


def _row(kind: str, question: str, reply: dict[str, Any], why: str) -> dict[str, Any]:
    return {"set": kind, "question": question, "kind": reply["kind"], "slot": reply.get("slot"), "item": reply.get("item"),
            "aspect": reply.get("aspect"), "why": why}  # fmt: skip


def save(result: dict[str, Any], folder: Path) -> Path:
    """Write summary.json and wrong.csv into a new folder of this run; return it."""
    run = folder / datetime.now().strftime("%Y%m%d-%H%M%S")
    run.mkdir(parents=True)
    (run / "summary.json").write_text(json.dumps(result["summary"], ensure_ascii=False, indent=1), encoding="utf-8")
    (run / "confusions.json").write_text(json.dumps(result["confusions"], ensure_ascii=False, indent=1), encoding="utf-8")
    with (run / "wrong.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["set", "question", "kind", "slot", "item", "aspect", "why"])
        writer.writeheader()
        writer.writerows(result["wrong"])
    return run


def last_summary(folder: Path) -> Optional[dict[str, Any]]:
    """Return the summary of the newest run under `folder`, None for the first."""
    runs = sorted(folder.glob("*/summary.json"))
    return json.loads(runs[-1].read_text(encoding="utf-8")) if runs else None
