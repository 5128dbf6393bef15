"""Two models on the same held-out sets: what each made of every case, and what changed from one to the other."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional

from bot.errors import BotError
from bot.evaluation.cases import Cases
from bot.files import write

if TYPE_CHECKING:
    from bot.evaluation.run import Result

SETS = ("questions", "out_of_scope", "dialogues")


@dataclass(frozen=True)
class Verdicts:
    """What a model made of every case. version: of cases, catalog and code; only equal ones compare. wrong: case -> the reply."""

    model: str
    version: str
    summary: dict[str, dict[str, Any]]
    outcomes: dict[str, bool]
    wrong: dict[str, str]

    @classmethod
    def of(cls, model: str, version: str, result: Result) -> Verdicts:
        wrong = {row["id"]: "/".join(filter(None, (row["kind"], row["slot"], row["item"], row["aspect"]))) for row in result.wrong}
        return cls(model, version, result.summary, result.outcomes, wrong)

    def save(self, path: Path) -> None:
        write(path, json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n")


def read_verdicts(path: Path) -> Optional[Verdicts]:
    """Return what `save` wrote, None if there is nothing (readable)."""
    try:
        return Verdicts(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


@dataclass(frozen=True)
class Change:
    """How many of `count` cases were right before and are right now. subject: a set's name, or a service's id."""

    subject: str
    count: int
    before: int
    after: int

    @property
    def points(self) -> float:
        """Percentage points gained, negative for a loss."""
        return 100 * (self.after - self.before) / self.count if self.count else 0.0


@dataclass(frozen=True)
class Flip:
    """A case that one model gets right and the other one wrong. before, after: the wrong reply, None for a right one."""

    case: str
    set: str
    text: str
    service: Optional[str]
    before: Optional[str]
    after: Optional[str]

    @property
    def lost(self) -> bool:
        return self.before is None


@dataclass(frozen=True)
class Comparison:
    """From one model to another: sets in their order, services whose count changed (losses first), flips (losses first)."""

    before: str
    after: str
    sets: list[Change]
    services: list[Change]
    flips: list[Flip]


def compare(before: Verdicts, after: Verdicts, cases: Cases, services_of: Callable[[str], tuple[str, ...]]) -> Comparison:
    """Compare two models case by case. Raises BotError if they were not asked the same.

    services_of: item -> its services. A question belongs to the services that all its items have in common.
    """
    if before.version != after.version:
        raise BotError(f"{before.model} and {after.model} were evaluated on different questions, catalogs or code")
    sets: dict[str, list[str]] = {name: [record["id"] for record in getattr(cases, name)] for name in SETS}
    services: dict[str, list[str]] = defaultdict(list)
    owner: dict[str, str] = {}
    for record in cases.questions:
        first, *others = (services_of(item) for item in record["items"])
        common = [service for service in first if all(service in other for other in others)] or first[:1]
        owner[record["id"]] = common[0]
        for service in common:
            services[service].append(record["id"])

    def change(subject: str, ids: list[str]) -> Change:
        asked = [one for one in ids if one in before.outcomes and one in after.outcomes]
        return Change(subject, len(asked), sum(before.outcomes[one] for one in asked), sum(after.outcomes[one] for one in asked))

    flips = []
    for name in SETS:
        for record in getattr(cases, name):
            case = record["id"]
            if before.outcomes.get(case) is not None and before.outcomes.get(case) == (not after.outcomes.get(case)):
                text = record["q"] if "q" in record else " → ".join(turn["user"] for turn in record["turns"])
                flips.append(Flip(case, name, text, owner.get(case), before.wrong.get(case), after.wrong.get(case)))
    changed = [one for service, ids in services.items() if (one := change(service, ids)).before != one.after]
    return Comparison(
        before.model,
        after.model,
        [change(name, ids) for name, ids in sets.items()],
        sorted(changed, key=lambda one: (one.after - one.before, one.subject)),
        sorted(flips, key=lambda flip: (not flip.lost, flip.set != "questions", flip.service or "")),
    )
