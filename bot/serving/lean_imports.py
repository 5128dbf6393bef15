"""Import Rasa without what it could use and this bot does not: TensorFlow and the clients of foreign chat services.

Rasa imports TensorFlow and a dozen chat clients when its core is imported, whether a model uses them or not: four seconds
and 300 MB. While Rasa is imported here, an empty stand-in answers for them. Afterwards TensorFlow counts as not installed;
a model that needs it (DIET, TED) cannot be loaded in this process, and says so.
"""

from __future__ import annotations

import contextlib
import importlib.abc
import importlib.machinery
import sys
import types
from typing import Any, Iterator, Optional, Sequence

TENSORFLOW = ("tensorflow", "tensorflow_addons", "tensorflow_hub", "tensorflow_text", "keras")
CHAT_CLIENTS = ("aiogram", "fbmessenger", "mattermostwrapper", "rocketchat_API", "slack_sdk", "telebot", "twilio", "webexteamssdk")
STORES = ("boto3", "botocore", "pymongo")
TOOLS = ("matplotlib", "prompt_toolkit", "questionary", "sklearn")  # of `rasa test`, `rasa interactive`, stock classifiers


class _Nothing(type):
    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return StandIn

    def __or__(cls, other: Any) -> Any:
        return cls


class StandIn(metaclass=_Nothing):
    """Stands where a class or function of a left-out package would: may be inherited from, never used."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        raise ImportError("this process left out TensorFlow and foreign chat clients; the model or setting needs them")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        pass

    def __class_getitem__(cls, key: Any) -> Any:
        return cls


class _EmptyModule(types.ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return StandIn


class _LeaveOut(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, packages: Sequence[str]) -> None:
        self._packages = frozenset(packages)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Optional[importlib.machinery.ModuleSpec]:
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if name.partition(".")[0] in self._packages else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _EmptyModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        module.__path__ = []


@contextlib.contextmanager
def left_out(packages: Sequence[str]) -> Iterator[None]:
    """Let stand-ins answer for `packages` that are not imported yet; afterwards they can be imported for real."""
    missing = [name for name in packages if name not in sys.modules]
    finder = _LeaveOut(missing)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.partition(".")[0] in missing]:
            del sys.modules[name]


def import_rasa(*, training: bool = False) -> None:
    """Import the part of Rasa that serves a conversation (or trains); harmless if Rasa has been imported before."""
    with left_out((*TENSORFLOW, *CHAT_CLIENTS, *STORES, *(() if training else TOOLS))):
        import rasa.core.agent
        import rasa.core.channels
        import rasa.core.policies.memoization
        import rasa.core.policies.rule_policy
        import rasa.core.run
        import rasa.engine.recipes.default_recipe
        import rasa.graph_components.validators.default_recipe_validator  # a model's record of its training names it
        import rasa.graph_components.validators.finetuning_validator  # noqa: F401
        import rasa.nlu.classifiers.regex_message_handler  # noqa: F401

        if training:
            import rasa.engine.recipes.default_components
            import rasa.model_training  # noqa: F401
    for name in TENSORFLOW:  # spaCy's thinc looks for it and would load it after all
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
