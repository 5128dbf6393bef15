"""Two others taught the same phrasings: a character n-gram SVM, and the DIET pipeline of Rasa's documentation.

Each takes the place of our classifiers only: it is told the places and applicants that our matcher reads out of the words, and
the dialogue and the knowledge behind it are ours, so that the figures compare how services, aspects and foreign matters are
told, and nothing else.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from bot.errors import BotError
from bot.evaluation.ablation import Examples, Parses
from bot.evaluation.pipeline import training_message
from bot.nlu.service_classifier import CONTEXT, OUT_OF_SCOPE, label_of
from bot.settings import ROOT

SVM, DIET = "character n-gram SVM", "stock Rasa DIET"
EPOCHS = 5  # of DIET: 99 % right on its own phrasings by then; Rasa's default of 100 takes hours on two cores
_RANKED = 12


def svm(examples: Examples, texts: list[str]) -> Parses:
    """Train two linear SVMs on characters 1 to 4, one for the service, one for the intent; return what they make of `texts`."""
    labels = [label_of(training_message(*example)) for example in examples]
    known = [(example, label) for example, label in zip(examples, labels) if label]
    services = _Ranker([example[0] for example, _ in known], [str(label) for _, label in known])
    intents = _Ranker([text for text, _, _ in examples], [intent for _, intent, _ in examples])
    return {
        text: _parse(text, services_of, intent_of)
        for text, services_of, intent_of in zip(texts, services.rank(texts), intents.rank(texts))
    }


class _Ranker:
    def __init__(self, texts: list[str], labels: list[str]):
        self._vectoriser = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), min_df=2, sublinear_tf=True, dtype=np.float32)
        model = LinearSVC(C=0.5, random_state=0)
        self._model = CalibratedClassifierCV(model, method="sigmoid", cv=2, ensemble=False, n_jobs=2)
        self._model.fit(self._vectoriser.fit_transform(texts), np.array(labels))

    def rank(self, texts: list[str]) -> list[dict[str, float]]:
        """Return the probability of each label, best first, for each text."""
        found = self._model.predict_proba(self._vectoriser.transform(texts))
        return [dict(sorted(zip(self._model.classes_, map(float, row)), key=lambda pair: -pair[1])) for row in found]


def _parse(text: str, services: dict[str, float], intents: dict[str, float]) -> dict[str, Any]:
    """Return probabilities in the form in which the dialogue takes them."""
    kept = dict(list(services.items())[:_RANKED])
    kept.update({label: services.get(label, 0.0) for label in (OUT_OF_SCOPE, CONTEXT)})
    intent, confidence = next(iter(intents.items()))
    asked = next((name.removeprefix("ask_") for name in intents if name.startswith("ask_")), "general")
    return {
        "text": text,
        "intent": {"name": intent, "confidence": confidence},
        "entities": [],
        "services": kept,
        "aspects": [asked] if intent.startswith("ask_") else ["general"],
    }


def diet(folder: Path, texts: list[str], services: set[str], *, epochs: int = EPOCHS) -> Parses:
    """Train the peer of `bench.stock` in `folder` unless a model is there; return what it makes of `texts`.

    One intent a service, so it does not tell aspects. Takes minutes an epoch; runs in a process of its own, as it needs
    TensorFlow. Raises BotError if that fails.
    """
    if not any((folder / "models").glob("*.tar.gz")):
        _python(folder, "-m", "bench.stock.build", str(folder), "--epochs", str(epochs))
        _python(folder, "-m", "rasa", "train", "nlu", "--fixed-model-name", "stock")
    (folder / "texts.json").write_text(json.dumps(texts, ensure_ascii=False), encoding="utf-8")
    _python(folder, "-c", _ASK_DIET)
    rankings = json.loads((folder / "rankings.json").read_text(encoding="utf-8"))
    return {text: parse_of_ranking(text, ranking, services) for text, ranking in zip(texts, rankings)}


_ASK_DIET = """
import asyncio, glob, json
from rasa.core.agent import Agent
agent = Agent.load(glob.glob("models/*.tar.gz")[0])
async def ask(texts):
    return [[(i["name"], i["confidence"]) for i in (await agent.parse_message(text))["intent_ranking"]] for text in texts]
rankings = asyncio.run(ask(json.load(open("texts.json", encoding="utf-8"))))
json.dump(rankings, open("rankings.json", "w", encoding="utf-8"))
"""


def parse_of_ranking(text: str, ranking: list[tuple[str, float]], services: set[str]) -> dict[str, Any]:
    """Return a ranking of intents, where a service is an intent, in the form in which the dialogue takes it."""
    found = {name: confidence for name, confidence in ranking if name in services}
    follow_up = ("ask_", "inform_", "choose", "refuse", "affirm", "deny")
    rest = [(name, confidence) for name, confidence in ranking if name not in services]
    found[CONTEXT] = sum(confidence for name, confidence in rest if name.startswith(follow_up))
    found[OUT_OF_SCOPE] = sum(confidence for name, confidence in rest if not name.startswith(follow_up))
    first, confidence = ranking[0] if ranking else (OUT_OF_SCOPE, 1.0)
    intent = "ask_general" if first in services else first
    return {
        "text": text,
        "intent": {"name": intent, "confidence": confidence},
        "entities": [],
        "services": found,
        "aspects": [intent.removeprefix("ask_") if intent.startswith("ask_") else "general"],
    }


def _python(folder: Path, *arguments: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "RASA_TELEMETRY_ENABLED": "false"}
    log = folder / "log.txt"
    with log.open("ab") as output:
        done = subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, stdout=output, stderr=output, check=False)
    if done.returncode:
        raise BotError(f"the DIET baseline failed; {log} says where")
