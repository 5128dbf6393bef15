"""Ask a loaded model every held-out question, the whole way from the message to the reply, in this process."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

from bot.actions.conversation import knowledge
from bot.channels.turn import run_turn
from bot.evaluation.cases import ANSWERS, Cases, Record
from bot.evaluation.metrics import faults, rate, score_outside, score_question

Parse = Callable[[str], dict[str, Any]]
_numbers = itertools.count()


@dataclass
class Result:
    """summary: figures by set; wrong: one row a wrong case; outcomes: case id -> all right; pairs: (what, wanted, got)."""

    summary: dict[str, dict[str, Any]] = field(default_factory=dict)
    wrong: list[dict[str, Any]] = field(default_factory=list)
    outcomes: dict[str, bool] = field(default_factory=dict)
    pairs: list[tuple[str, str, str]] = field(default_factory=list)


class Conversation:
    """Talks to a loaded Rasa agent the way a channel does. parse: understands instead of the agent's own pipeline."""

    def __init__(self, agent: Any, jurisdiction: Optional[str], parse: Optional[Parse] = None):
        self._agent, self._parse, self._sender = agent, parse, f"case{next(_numbers)}"
        self._metadata = {"jurisdiction": jurisdiction} if jurisdiction else {}

    async def say(self, text: str) -> dict[str, Any]:
        messages = await run_turn(self._handle, self._sender, text, self._metadata, channel="evaluation")
        reply = dict(next(m["custom"] for m in messages if "custom" in m))
        reply["text"] = "\n".join(m.get("text", "") for m in messages)
        return reply

    async def _handle(self, message: Any) -> Any:
        if self._parse is not None:
            message.parse_data = self._parse(message.text)
        return await self._agent.handle_message(message)


async def evaluate(agent: Any, cases: Cases, parse: Optional[Parse] = None) -> Result:
    """Return how the bot does on `cases`; with `parse`, how it would do if that were its understanding."""
    result = Result()
    singles = [await _question(agent, record, parse, result) for record in cases.questions]
    kinds: dict[str, list[Optional[bool]]] = defaultdict(list)
    for record in cases.out_of_scope:
        reply = await Conversation(agent, None, parse).say(record["q"])
        right = score_outside(record, reply)
        kinds[record["kind"]].append(right)
        _note(result, record["kind"], record, record["q"], right, reply, "want fallback")
        if not right:
            result.pairs.append(("out of scope", record["kind"], reply.get("service") or reply["kind"]))
    talks = [await _talk(agent, record, parse, result) for record in cases.dialogues]
    keys = singles[0] if singles else ()
    result.summary = {
        "questions": {"n": len(singles), **{key: rate([scores[key] for scores in singles]) for key in keys}},
        "out_of_scope": {
            "n": len(cases.out_of_scope),
            **{kind: rate(values) for kind, values in sorted(kinds.items())},
            "all": rate([value for values in kinds.values() for value in values]),
        },
        "dialogues": {
            "n": len(talks),
            "whole": rate([good == length for good, length in talks]),
            "turns": rate([number < good for good, length in talks for number in range(length)]),
        },
    }
    return result


async def _question(agent: Any, record: Record, parse: Optional[Parse], result: Result) -> dict[str, Optional[bool]]:
    """Ask, and answer up to three questions back the way the record's resident would."""
    talk = Conversation(agent, record.get("jurisdiction"), parse)
    replies = [await talk.say(record["q"])]
    place = knowledge().jurisdictions[record["items"][0].partition("-")[0]].name
    for _ in range(3):
        slot = replies[-1].get("slot") if replies[-1]["kind"] == "clarify" else None
        if slot not in ("applicant", "jurisdiction"):
            break
        replies.append(await talk.say(ANSWERS[record.get("applicant")] if slot == "applicant" else place))
    scores, last = score_question(record, replies), replies[-1]
    right = all(scores[key] is not False for key in ("top1", "aspect", "facts", "clean", "honest"))
    missed = [key for key in ("in_scope", "top1", "top3", "aspect", "facts", "clean", "honest") if scores[key] is False]
    _note(result, "question", record, record["q"], right, last, f"{'+'.join(missed)}; want {record['items']} {record['aspect']}")
    if not scores["top1"]:
        base = knowledge()
        got = base.item(last["item"]).services[0] if last.get("item") else last["kind"]
        result.pairs.append(("service", base.item(record["items"][0]).services[0], got))
    elif not scores["aspect"]:
        result.pairs.append(("aspect", record["aspect"], last.get("aspect") or ""))
    return scores


async def _talk(agent: Any, record: Record, parse: Optional[Parse], result: Result) -> tuple[int, int]:
    """Return (turns until the first fault, turns)."""
    talk = Conversation(agent, record.get("jurisdiction"), parse)
    for number, turn in enumerate(record["turns"]):
        reply = await talk.say(turn["user"])
        found = faults(turn["expect"], reply)
        if found:
            _note(result, "dialogue", record, turn["user"], False, reply, f"turn {number + 1}: {'; '.join(found)}")
            return number, len(record["turns"])
    result.outcomes[record["id"]] = True
    return len(record["turns"]), len(record["turns"])


def _note(result: Result, kind: str, record: Record, text: str, right: bool, reply: dict[str, Any], why: str) -> None:
    result.outcomes[record["id"]] = right
    if not right:
        row = {key: reply.get(key) for key in ("kind", "slot", "item", "aspect")}
        result.wrong.append({"set": kind, "id": record["id"], "message": text, **row, "why": why})
