"""Generate the peer's project from the phrasings and the knowledge: one intent a service, one rule an intent.

`python -m bench.stock.build FOLDER [--epochs N]` writes config, domain, data, endpoints, credentials and knowledge.sqlite.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

import yaml

from bot.knowledge import database
from bot.knowledge.catalog import load
from bot.settings import ROOT
from bot.storage.database import open_engine
from bot.training.phrasings import read_phrasings

HERE = Path(__file__).resolve().parent
ACTION = "action_answer_item"
RESPONSES = {
    "greet": "您好，请问要办什么事？",
    "thanks": "不客气。",
    "goodbye": "再见，祝您办事顺利。",
    "chitchat": "我是政务服务助手，请直接说您想办的事。",
    "affirm": "好的，还有什么想了解的？",
    "deny": "抱歉，请换个说法再说一遍您要办的事。",
    "refuse": "没关系，请说说您想办的事。",
    "handoff": "请拨打政务服务便民热线 12345。",
    "danger": "如果有人正处在危险中，请马上拨打 110 或 120。",
    "out_of_scope": "这个问题不在我能回答的范围内，请咨询 12345。",
}
_DIALOGUE_STORIES = 20  # what a builder writes by hand


def intent_of(intent: str, service: str | None) -> str:
    """Return the peer's intent of a phrasing: the service, or the act of dialogue, or the aspect of a bare follow-up."""
    return intent if service in (None, "context") else service


def build(folder: Path, *, epochs: int = 100) -> dict[str, int]:
    """Write the whole project to `folder`; return how many intents, phrasings, rules and stories it has."""
    examples: dict[str, list[str]] = {}
    for phrasing in read_phrasings(ROOT / "data" / "nlu"):
        examples.setdefault(intent_of(phrasing.intent, phrasing.service), []).append(phrasing.text)
    catalog = load(ROOT / "knowledge")
    services = [service.id for service in catalog.services if service.id in examples]
    rules = [_rule(name, f"utter_{name}" if name in RESPONSES else ACTION) for name in examples]
    stories = [_story(service, number) for number, service in enumerate(services[:_DIALOGUE_STORIES])]

    (folder / "data").mkdir(parents=True, exist_ok=True)
    _write(folder / "config.yml", _config(epochs))
    _write(folder / "domain.yml", _domain(sorted(examples)))
    blocks = [{"intent": name, "examples": "".join(f"- {text}\n" for text in texts)} for name, texts in examples.items()]
    _write(folder / "data" / "nlu.yml", {"version": "3.1", "nlu": blocks})
    _write(folder / "data" / "rules.yml", {"version": "3.1", "rules": rules})
    _write(folder / "data" / "stories.yml", {"version": "3.1", "stories": stories})
    for name in ("endpoints.yml", "credentials.yml"):
        shutil.copy(HERE / name, folder / name)
    engine = open_engine(f"sqlite:///{folder / 'knowledge.sqlite'}")
    database.build(engine, catalog)
    engine.dispose()
    return {
        "intents": len(examples),
        "phrasings": sum(map(len, examples.values())),
        "rules": len(rules),
        "stories": len(stories),
    }


def _config(epochs: int) -> dict[str, Any]:
    config = yaml.safe_load((HERE / "config.yml").read_text(encoding="utf-8"))
    for part in (*config["pipeline"], *config["policies"]):
        if "epochs" in part:
            part["epochs"] = epochs
    return config


def _domain(intents: list[str]) -> dict[str, Any]:
    slot = {"type": "text", "influence_conversation": False, "mappings": [{"type": "custom"}]}
    return {
        "version": "3.1",
        "intents": intents,
        "slots": {"service": slot, "jurisdiction": dict(slot)},
        "responses": {
            "utter_ask_place": [{"text": "请问您在哪里办理？"}],
            **{f"utter_{name}": [{"text": text}] for name, text in RESPONSES.items()},
        },
        "actions": [ACTION],
        "session_config": {"session_expiration_time": 60, "carry_over_slots_to_new_session": True},
    }


def _rule(intent: str, action: str) -> dict[str, Any]:
    return {"rule": intent, "steps": [{"intent": intent}, {"action": action}]}


def _story(service: str, number: int) -> dict[str, Any]:
    ask = ("ask_phone", "ask_where", "ask_materials", "ask_process")[number % 4]
    end = ("thanks", "goodbye")[number % 2]
    turns = [(service, ACTION), ("inform_place", ACTION), (ask, ACTION), (end, f"utter_{end}")]
    if number % 3 == 0:
        turns.insert(0, ("greet", "utter_greet"))
    return {"story": f"{service}_{number}", "steps": [step for i, a in turns for step in ({"intent": i}, {"action": a})]}


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, as Rasa's own files have them."""


_Dumper.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)
)


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10000), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=100, help="of DIET and TED; 100 is Rasa's default")
    options = parser.parse_args()
    print(", ".join(f"{count} {name}" for name, count in build(options.folder, epochs=options.epochs).items()))


if __name__ == "__main__":
    main()
