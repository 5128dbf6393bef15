"""From a candidate to the serving model: evaluate, compare with the promoted one, pass the gate, promote, roll back."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Optional

from bot.errors import ModelError
from bot.evaluation.cases import cases_version, read_cases
from bot.evaluation.compare import Comparison, Verdicts, compare, read_verdicts
from bot.knowledge.database import digest
from bot.models.registry import Model, Promotion, Registry
from bot.settings import ROOT, Settings
from bot.training.gate import findings
from bot.training.progress import Tell, silent


class BlockedError(ModelError):
    """The gate does not let a candidate pass. `findings`: why, one line each."""

    def __init__(self, message: str, found: list[str]):
        super().__init__(message)
        self.findings = found


@dataclass(frozen=True)
class Assessment:
    """What speaks for and against a candidate. comparison: None if no model is promoted, or it is the promoted one."""

    model: Model
    comparison: Optional[Comparison]
    findings: list[str]


def evaluation_version(settings: Settings) -> str:
    """Return a hash of all that decides an answer besides the model: held-out sets, catalog, code."""
    total = hashlib.sha256(f"{cases_version(settings.heldout)} {digest(settings.knowledge)}".encode())
    for path in sorted((ROOT / "bot").rglob("*.py")):
        total.update(path.read_bytes())
    return total.hexdigest()[:12]


def verdicts_of(settings: Settings, model: Model) -> Optional[Verdicts]:
    """Return the last evaluation of a model, None if there is none."""
    return read_verdicts(settings.models / "evaluations" / f"{model.id}.json")


def evaluate(settings: Settings, model: Model) -> Verdicts:
    """Return what the model makes of the held-out sets; asked anew unless nothing has changed since the last time."""
    version = evaluation_version(settings)
    kept = verdicts_of(settings, model)
    if kept is not None and kept.version == version:
        return kept
    from bot.evaluation.run import evaluate as ask
    from bot.serve import load_agent

    result = asyncio.run(ask(load_agent(settings, model), read_cases(settings.heldout)))
    made = Verdicts.of(model.id, version, result)
    made.save(settings.models / "evaluations" / f"{model.id}.json")
    Registry(settings.models).note(model.id, figures=made.summary)
    return made


def assess(settings: Settings, model: Model, tell: Tell = silent) -> Assessment:
    """Evaluate a candidate and the promoted model, compare them, and record what the gate says."""
    registry = Registry(settings.models)
    tell("evaluate", 0.0, model.id)
    after = evaluate(settings, model)
    promoted = registry.read().promoted
    if promoted is not None and promoted.id != model.id and registry.is_sound(promoted):
        tell("evaluate", 0.5, promoted.id)
        evaluate(settings, promoted)
    known = known_assessment(settings, model)
    assert known is not None and after.model == model.id
    registry.note(model.id, blocked=known.findings or None)
    return known


def known_assessment(settings: Settings, model: Model) -> Optional[Assessment]:
    """Return the comparison with the promoted model from evaluations that are there; None if one is missing or they differ."""
    registry = Registry(settings.models)
    promoted, after = registry.read().promoted, verdicts_of(settings, model)
    if after is None:
        return None
    if promoted is None or promoted.id == model.id:
        return Assessment(model, None, [])
    before = verdicts_of(settings, promoted)
    if before is None or before.version != after.version:
        return None if registry.is_sound(promoted) else Assessment(model, None, [])
    from bot.actions.conversation import knowledge

    base = knowledge()
    comparison = compare(before, after, read_cases(settings.heldout), lambda item: base.item(item).services)
    return Assessment(model, comparison, findings(comparison, promoted, model, dict(base.services), settings))


def promote(settings: Settings, model: Model, *, by: str, reason: str = "", override: bool = False) -> Promotion:
    """Promote an evaluated candidate. Raises BlockedError if the gate finds a loss and it is not overridden with a reason."""
    known = known_assessment(settings, model)
    if known is None:
        raise ModelError(f"model {model.id} has not been evaluated against the promoted one; `bot evaluate {model.id}` does it")
    if known.findings and not override:
        raise BlockedError(f"model {model.id} loses too much: {'; '.join(known.findings)}", known.findings)
    if known.findings and not reason.strip():
        raise BlockedError(f"setting the gate's findings aside needs a reason: {'; '.join(known.findings)}", known.findings)
    return Registry(settings.models).promote(model.id, by=by, reason=reason.strip(), overruled=tuple(known.findings))
