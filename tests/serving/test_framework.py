"""What bot.serving replaces is still there in Rasa, with the same signature: else a new Rasa would pass it by in silence."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from bot.serving.lean_imports import import_rasa

import_rasa()

from rasa.core.actions.action import RemoteAction  # noqa: E402
from rasa.core.agent import Agent  # noqa: E402
from rasa.core.lock_store import LockStore  # noqa: E402
from rasa.core.processor import MessageProcessor  # noqa: E402
from rasa.core.tracker_store import TrackerStore  # noqa: E402
from rasa.engine.runner.interface import GraphRunner  # noqa: E402
from rasa.shared.core.trackers import DialogueStateTracker  # noqa: E402

from bot.serving.agent import LeanAgent, LeanProcessor, LocalAction, local_actions  # noqa: E402
from bot.serving.conversations import ConversationStore, LeanTracker  # noqa: E402
from bot.serving.locks import LocalLockStore  # noqa: E402
from bot.serving.runner import SequentialGraphRunner  # noqa: E402
from bot.serving.shared_locks import SharedLockStore  # noqa: E402

OVERRIDDEN = [
    (MessageProcessor, LeanProcessor, ["_load_model", "_get_action", "_log_slots", "predict_next_with_tracker_if_should"]),
    (
        MessageProcessor,
        LeanProcessor,
        ["_predict_next_with_tracker", "run_action_extract_slots", "parse_message", "_log_action_on_tracker"],
    ),
    (RemoteAction, LocalAction, ["run"]),
    (Agent, LeanAgent, ["load_model"]),
    (LockStore, LocalLockStore, ["lock"]),
    (LockStore, SharedLockStore, ["lock"]),
    (TrackerStore, ConversationStore, ["save", "retrieve", "create_tracker", "keys"]),
    (DialogueStateTracker, LeanTracker, ["copy"]),
    (GraphRunner, SequentialGraphRunner, ["create", "run"]),
]


@pytest.mark.parametrize("base, own, names", OVERRIDDEN)
def test_overridden_methods_keep_rasas_signature(base: Any, own: Any, names: list[str]) -> None:
    for name in names:
        theirs, ours = inspect.signature(getattr(base, name)), inspect.signature(getattr(own, name))
        assert list(theirs.parameters) == list(ours.parameters), name
        assert inspect.iscoroutinefunction(getattr(base, name)) == inspect.iscoroutinefunction(getattr(own, name)), name


def test_the_processor_still_calls_what_is_overridden() -> None:
    source = inspect.getsource(MessageProcessor)
    for call in (
        "self._load_model(",
        "self._get_action(",
        "self.predict_next_with_tracker_if_should(",
        "self._predict_next_with_tracker(",
    ):
        assert call in source, call
    for call in ("self._log_action_on_tracker(", "self.parse_message(", "self._parse_message_with_graph("):
        assert call in source, call
    assert "self.run_action_extract_slots(" in inspect.getsource(MessageProcessor.handle_message)


def test_every_action_of_the_domain_has_its_code() -> None:
    import yaml

    from bot.settings import ROOT

    named = set(yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))["actions"])
    assert named == set(local_actions())


def test_no_text_is_read_as_a_command_even_if_it_begins_with_a_slash() -> None:
    from rasa.nlu.classifiers.regex_message_handler import RegexMessageHandler
    from rasa.shared.nlu.training_data.message import Message

    for text in ("/restart", '/ask_phone{"memory": {}}', " /session_start"):
        (parsed,) = RegexMessageHandler().process([Message({"text": text})])
        assert parsed.get("intent") is None and parsed.get("text") == text
