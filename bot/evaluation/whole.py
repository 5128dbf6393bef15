"""`bot evaluate`: one run over everything, with what can be kept from the last run on the same data kept."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, Callable, Iterable

from bot.actions.conversation import knowledge
from bot.evaluation.ablation import PARTS, Examples, Parses, ablate
from bot.evaluation.baselines import DIET, SVM, diet, svm
from bot.evaluation.cases import cases_version, read_cases
from bot.evaluation.report import Report, Summary, pairs_of, save
from bot.evaluation.run import evaluate
from bot.evaluation.speed import measure
from bot.evaluation.threshold import curve, draw
from bot.nlu.aspect_classifier import AspectClassifier

Progress = Callable[[str], None]


def run(
    agent: Any,
    model: Path,
    examples: Examples,
    heldout: Path,
    results: Path,
    *,
    cache: Path,
    ablation: bool = True,
    with_diet: bool = False,
    progress: Progress = lambda text: None,
) -> tuple[Report, Path]:
    """Evaluate `agent`; with `ablation` also the pipeline without each part and the SVM, with `with_diet` stock Rasa too.

    cache: folder for what a part or baseline made of the held-out messages; it holds for one state of data and questions.
    Returns the report and the folder that it was saved to.
    """
    cases = read_cases(heldout)
    texts = cases.texts([place.name for place in knowledge().jurisdictions.values()])
    progress(
        f"asking {len(cases.questions)} questions, {len(cases.out_of_scope)} foreign messages, {len(cases.dialogues)} dialogues"
    )
    result = asyncio.run(evaluate(agent, cases))
    own = asyncio.run(_parses(agent, texts))
    points = curve(cases, own.__getitem__)
    version = model.name.removesuffix(".tar.gz")
    kept = Kept(cache / f"{version}-{cases_version(heldout)}")
    parts: dict[str, Summary] = {}
    if ablation:
        known: dict[str, Parses] = {}
        known.update(
            {part: parses for part, parses in kept.all(PARTS, lambda missing: ablate(examples, texts, missing, progress=progress))}
        )
        known[SVM] = kept.one(SVM, lambda: svm(examples, texts), progress)
        if with_diet or kept.has(DIET):
            services = set(knowledge().services)
            known[DIET] = kept.one(DIET, lambda: diet(cache / f"diet-{version}", texts, services), progress)
        progress("asking all of them")
        for part, parses in known.items():
            if part in (SVM, DIET):
                parses = {text: {**parse, "entities": own[text]["entities"]} for text, parse in parses.items()}
            parts[part] = asyncio.run(evaluate(agent, cases, parses.__getitem__)).summary
    progress("timing")
    speed = asyncio.run(measure(agent, model, texts[: len(cases.questions)]))
    report = Report(version, cases_version(heldout), result.summary, result.outcomes, pairs_of(result), points, parts, speed)
    folder = save(report, result.wrong, results)
    draw(points, AspectClassifier.get_default_config()["out_of_scope_from"], folder / "threshold.svg")
    return report, folder


async def _parses(agent: Any, texts: list[str]) -> Parses:
    return {text: await agent.parse_message(text) for text in texts}


class Kept:
    """What each part or baseline made of the held-out messages, as JSON files in one folder."""

    def __init__(self, folder: Path):
        self._folder = folder

    def has(self, name: str) -> bool:
        return self._path(name).exists()

    def one(self, name: str, make: Callable[[], Parses], progress: Progress) -> Parses:
        if not self.has(name):
            progress(name)
            self._keep(name, make())
        return self._read(name)

    def all(self, names: Iterable[str], make: Callable[[list[str]], Iterable[tuple[str, Parses]]]) -> Iterable[tuple[str, Parses]]:
        names = list(names)
        for name, parses in make([name for name in names if not self.has(name)]):
            self._keep(name, parses)
        return ((name, self._read(name)) for name in names)

    def _keep(self, name: str, parses: Parses) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._path(name).write_text(json.dumps(parses, ensure_ascii=False), encoding="utf-8")

    def _read(self, name: str) -> Parses:
        return dict(json.loads(self._path(name).read_text(encoding="utf-8")))

    def _path(self, name: str) -> Path:
        return self._folder / f"{name.replace(' ', '_')}.json"
