"""Rasa's agent and message processor with the parts that cost a small machine its speed replaced.

What is replaced, by subclasses: the graph runner (bot.serving.runner), custom actions (run in this process on
Rasa's own tracker: no JSON copy of the whole conversation, no schema check of our own answers), the look-up of an action by
name (once instead of every turn). `tests/serving` fails when Rasa changes under any of them.
"""

from __future__ import annotations

import logging
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple, Union

from rasa.core.actions.action import Action, RemoteAction
from rasa.core.agent import Agent
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.nlg import NaturalLanguageGenerator, TemplatedNaturalLanguageGenerator
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.processor import MessageProcessor
from rasa.core.tracker_store import InMemoryTrackerStore, TrackerStore
from rasa.engine import loader
from rasa.engine.runner.interface import GraphRunner
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.storage import ModelMetadata
from rasa.exceptions import ActionLimitReached, ModelNotFound
from rasa.nlu.classifiers.regex_message_handler import RegexMessageHandler
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    BotUttered,
    Event,
    SlotSet,
    UserUttered,
    deserialise_events,
)
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.common import TempDirectoryPath, get_temp_dir_name
from rasa_sdk import Action as CustomAction
from rasa_sdk import Tracker
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher

from bot.channels.turn import failure
from bot.serving.runner import SequentialGraphRunner

logger = logging.getLogger(__name__)
MAX_PREDICTIONS = 4096
SHORT, MAX_PARSED = 16, 1024  # characters; messages whose reading is kept
FAULT = "抱歉，系统出了点问题，这个问题没能查到。请稍后再试，或拨打政务服务便民热线 12345。"


def _take_no_command(self: RegexMessageHandler, messages: List[Any], domain: Optional[Domain] = None) -> List[Any]:
    """Leave messages as they are. Rasa's own lets whoever writes "/restart" or "/intent{slots}" steer the conversation."""
    return messages


RegexMessageHandler.process = _take_no_command  # Rasa puts the component into every model; there is no switch


class LocalAction(RemoteAction):
    """A custom action of bot.actions, run in this process. A fault becomes one sentence; the log gets the cause."""

    def __init__(self, action: CustomAction) -> None:
        super().__init__(action.name(), None)
        self._action = action

    async def run(
        self, output_channel: OutputChannel, nlg: NaturalLanguageGenerator, tracker: DialogueStateTracker, domain: Domain
    ) -> List[Event]:
        message = tracker.latest_message
        seen = Tracker(
            tracker.sender_id,
            tracker.current_slot_values(),
            dict(message.parse_data) if message else None,
            [],
            False,
            None,
            {},
            tracker.latest_action_name,
        )
        dispatcher = CollectingDispatcher()
        try:
            events = self._action.run(dispatcher, seen, {"responses": domain.responses}) or []
            responses = dispatcher.messages
        except Exception:
            logger.exception("action %s failed", self.name())
            said = failure(tracker.sender_id, FAULT)
            events, responses = [], [{"text": said["text"], "custom": said["custom"]}]
        return [*await self._utter_responses(responses, output_channel, nlg, tracker), *map(_event, events)]


def _event(written: Dict[str, Any]) -> Event:
    """Return an action's event. Nearly all set a slot; Rasa looks for the class of any other among all classes of events."""
    if written["event"] == "slot":
        return SlotSet(written["name"], written.get("value"), written.get("timestamp"))
    return deserialise_events([written])[0]


def local_actions(package: str = "bot.actions") -> Dict[str, CustomAction]:
    """Return the custom actions of `package` by name, as `rasa run actions` would find them."""
    executor = ActionExecutor()
    executor.register_package(package)
    return {name: run.__self__ for name, run in executor.actions.items()}


class LeanProcessor(MessageProcessor):
    """Rasa's message processor with a sequential graph runner and actions in this process."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = {name: LocalAction(action) for name, action in local_actions().items()}
        self._actions: Dict[str, Action] = {**own}
        # what the pipeline said of short messages
        self.readings: OrderedDict[Tuple[Optional[str], bool], bytes] = OrderedDict()
        self._predictions: Dict[Tuple[Any, ...], PolicyPrediction] = {}
        self._featurized_slots = {slot.name for slot in self.domain.slots if slot.influence_conversation}
        self._slots_are_set_by_actions = not any(
            mapping.get("type") != "custom" or mapping.get("action") for slot in self.domain.slots for mapping in slot.mappings
        )

    @staticmethod
    def _load_model(model_path: Union[str, Path]) -> Tuple[str, ModelMetadata, GraphRunner]:
        if not Path(model_path).is_file():
            raise ModelNotFound(f"there is no model {model_path}")
        with TempDirectoryPath(get_temp_dir_name()) as folder:
            metadata, runner = loader.load_predict_graph_runner(
                Path(folder), Path(model_path), LocalModelStorage, SequentialGraphRunner
            )
        return Path(model_path).name, metadata, runner

    def _get_action(self, action_name: str) -> Optional[Action]:
        if action_name not in self._actions:
            found = super()._get_action(action_name)
            if found is None:
                return None
            self._actions[action_name] = found
        return self._actions[action_name]

    async def parse_message(
        self, message: UserMessage, tracker: Optional[DialogueStateTracker] = None, only_output_properties: bool = True
    ) -> Dict[str, Any]:
        """Return what the pipeline says of a message; without the copies that Rasa makes for its debug log each time.

        Pressed buttons and short answers (「本人」, 「大港街道」) come again and again: those are read once. What the pipeline
        says depends on nothing but the text.
        """
        key = (message.text, only_output_properties)
        if key in self.readings:
            self.readings.move_to_end(key)
            return pickle.loads(self.readings[key])  # noqa: S301 (our own)
        tracker = tracker or DialogueStateTracker.from_events(message.sender_id, [])
        parsed = self._parse_message_with_graph(message, tracker, only_output_properties)
        if message.text and len(message.text) <= SHORT:
            self.readings[key] = pickle.dumps(parsed)
            if len(self.readings) > MAX_PARSED:
                self.readings.popitem(last=False)
        return parsed

    def _log_action_on_tracker(
        self, tracker: DialogueStateTracker, action: Action, events: Optional[List[Event]], prediction: PolicyPrediction
    ) -> None:
        """Put an action and its events on the tracker; without the copies that Rasa makes for its debug log each time."""
        if not any(isinstance(event, ActionExecutionRejected) for event in events or []):
            tracker.update_with_events(prediction.events, self.domain)
            tracker.update(action.event_for_successful_execution(prediction))
        tracker.update_with_events(events or [], self.domain)

    def predict_next_with_tracker_if_should(self, tracker: DialogueStateTracker) -> Tuple[Action, PolicyPrediction]:
        """Return the next action and why. Raises ActionLimitReached if a turn takes more actions than it may."""
        if self.is_action_limit_reached(tracker, self.should_predict_another_action(tracker.latest_action_name)):
            raise ActionLimitReached("the limit of actions in one turn is reached")
        prediction = self._predict_next_with_tracker(tracker)
        action = self._get_action(self.domain.action_names_or_texts[prediction.max_confidence_index])
        assert action is not None
        return action, prediction

    def _predict_next_with_tracker(self, tracker: DialogueStateTracker) -> PolicyPrediction:
        """Return the policies' prediction; what they said of the same course of events before holds again.

        The policies see no more of a conversation than its intents, actions and featurized slots, and its tracker begins
        with this turn (bot.serving.conversations), so few courses exist.
        """
        if tracker.followup_action:
            return super()._predict_next_with_tracker(tracker)
        course = tuple(filter(None, map(self._seen_by_policies, tracker.events)))
        if course not in self._predictions:
            if len(self._predictions) >= MAX_PREDICTIONS:
                self._predictions.clear()
            self._predictions[course] = super()._predict_next_with_tracker(tracker)
        return self._predictions[course]

    def _seen_by_policies(self, event: Event) -> Optional[Tuple[str, Any]]:
        if isinstance(event, UserUttered):
            return "user", (event.intent_name, tuple(sorted(e["entity"] for e in event.entities)))
        if isinstance(event, ActionExecuted):
            return "action", event.action_name
        if isinstance(event, SlotSet):
            return (event.key, event.value) if event.key in self._featurized_slots else None
        return None if isinstance(event, BotUttered) else ("event", event.type_name)

    @staticmethod
    def _log_slots(tracker: DialogueStateTracker) -> None:
        """Skip a debug line that Rasa composes whether it is written or not; it would hold what residents said."""

    async def run_action_extract_slots(self, output_channel: OutputChannel, tracker: DialogueStateTracker) -> DialogueStateTracker:
        """Skip Rasa's slot extraction where the domain leaves every slot to the actions."""
        if self._slots_are_set_by_actions:
            return tracker
        return await super().run_action_extract_slots(output_channel, tracker)


class LeanAgent(Agent):
    """An agent whose models are run by LeanProcessor."""

    @staticmethod
    def _create_tracker_store(store: Optional[TrackerStore], domain: Domain) -> TrackerStore:
        """Return the store itself. Rasa's wrapper goes on in memory when the database fails, and what it took is lost."""
        kept = InMemoryTrackerStore(domain) if store is None else store
        kept.domain = domain
        return kept

    def load_model(self, model_path: Union[str, Path], fingerprint: Optional[str] = None) -> None:
        self.use(self.processor_for(model_path), fingerprint)

    def processor_for(self, model_path: Union[str, Path]) -> LeanProcessor:
        """Load a model beside the one in use; may run in a thread. Raises ModelNotFound, and what its components raise."""
        return LeanProcessor(
            model_path=model_path,
            tracker_store=self.tracker_store,
            lock_store=self.lock_store,
            action_endpoint=None,
            generator=self.nlg,
        )

    def use(self, processor: LeanProcessor, fingerprint: Optional[str] = None) -> None:
        """Answer from the next message on with `processor`; turns under way end with the one that they began with."""
        processor.tracker_store, processor.lock_store, processor.nlg = self.tracker_store, self.lock_store, self.nlg
        self.processor = processor
        self.domain = processor.domain
        self._set_fingerprint(fingerprint)
        self.tracker_store.domain = self.domain
        if isinstance(self.nlg, TemplatedNaturalLanguageGenerator):
            self.nlg.responses = self.domain.responses if self.domain else {}
