"""What services, aspects and other intents are called on the trainers' pages."""

from __future__ import annotations

from typing import Mapping, Optional

from bot.replies import ASPECT_NAMES
from bot.training.phrasing_file import ORDER, Label

CONTEXT = "context"
# Short names of the aspects, in the order of the files.
ASPECTS = {
    intent: {"where": "地点", "general": "概况", "online": "网办", "amount": "金额"}.get(intent[4:], ASPECT_NAMES[intent[4:]])
    for intent in ORDER
}
OTHERS = {
    "out_of_scope": "范围外",
    "greet": "打招呼",
    "thanks": "道谢",
    "goodbye": "告别",
    "affirm": "肯定",
    "deny": "否定",
    "handoff": "找人工",
    "anger": "发火",
    "chitchat": "闲聊",
    "danger": "有危险",
    "inform_applicant": "说谁来办",
    "inform_place": "说在哪里",
    "refuse": "不想说",
    "choose": "选一个",
}
FOLLOW_UPS = "追问（不提事项）"


def label_name(label: Label, services: Mapping[str, str]) -> str:
    """Return for example 「社保卡补换 · 办理材料」. services: id -> name."""
    if label.service is None:
        return OTHERS.get(label.intent, label.intent)
    return f"{service_name(label.service, services)} · {ASPECTS.get(label.intent, label.intent)}"


def service_name(service: str, services: Mapping[str, str]) -> str:
    return FOLLOW_UPS if service == CONTEXT else services.get(service, service)


def find_service(spelt: str, services: Mapping[str, str]) -> Optional[str]:
    """Return the service that `spelt` names by its name or id, "context" for follow-ups, None for none."""
    spelt = spelt.strip()
    if spelt in (FOLLOW_UPS, CONTEXT):
        return CONTEXT
    return spelt if spelt in services else next((key for key, name in services.items() if name == spelt), None)


def find_intent(spelt: str) -> Optional[str]:
    """Return the intent that `spelt` names by its name or id, None for none."""
    spelt = spelt.strip()
    names = {**ASPECTS, **OTHERS}
    return spelt if spelt in names else next((key for key, name in names.items() if name == spelt), None)
