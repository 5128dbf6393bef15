"""The serving process does without TensorFlow, and a model that needs it is refused in plain words."""

from __future__ import annotations

import subprocess
import sys

from bot.settings import ROOT

SERVING = """
import sys
from bot.serving.lean_imports import import_rasa
import_rasa()
import bot.serving.agent, bot.serving.conversations, bot.serving.locks
import bot.nlu.service_classifier, bot.nlu.aspect_classifier, bot.nlu.matcher, bot.nlu.tokenizer
loaded = {name.partition(".")[0] for name, module in sys.modules.items() if module is not None}
print(sorted(loaded & {"tensorflow", "keras", "jax", "aiogram", "pymongo", "boto3"}))
import importlib
importlib.import_module("pymongo")
print("pymongo came when asked for")
from rasa.nlu.classifiers.diet_classifier import DIETClassifier
try:
    DIETClassifier({}, None, None, None)
except Exception as error:
    print(type(error).__name__)
try:
    import tensorflow
except ImportError:
    print("no tensorflow")
"""


def test_the_serving_process_leaves_out_what_it_does_not_use() -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", SERVING], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = done.stdout.splitlines()
    assert lines[0] == "[]", lines
    assert lines[1] == "pymongo came when asked for"
    assert lines[-1] == "no tensorflow"
    assert len(lines) == 4, "a component that needs TensorFlow could be made without it"
