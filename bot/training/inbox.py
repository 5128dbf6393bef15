"""The inbox: real questions in groups, the misses first, and what trainers decided on them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Iterable, Optional

from sqlalchemy import func, insert, select
from sqlalchemy.engine import Connection, Row

from bot.errors import RequestError
from bot.storage.tables import review
from bot.text import squash
from bot.training.phrasing_editor import Add, AlreadyThereError, Change, Edit, Located, Replace, apply, tidy
from bot.training.phrasing_file import Label
from bot.training.phrasings import Phrasing
from bot.training.questions import Question, read_questions
from bot.training.similar import groups

DAYS = 30
DECISIONS = {"accept": "接受", "move": "移到别的服务", "out_of_scope": "范围外", "discard": "丢弃"}
OUT_OF_SCOPE = Label("out_of_scope")


@dataclass(frozen=True)
class Group:
    """Questions that ask the same; the first one leads."""

    questions: tuple[Question, ...]

    @property
    def lead(self) -> Question:
        return self.questions[0]

    @property
    def times(self) -> int:
        return sum(q.times for q in self.questions)

    @property
    def wrong(self) -> Counter:
        return sum((q.wrong for q in self.questions), Counter())

    @property
    def weight(self) -> float:
        return sum(q.weight for q in self.questions)

    @property
    def at(self) -> datetime:
        return max(q.at for q in self.questions)

    @property
    def service(self) -> Optional[str]:
        """The service that most of its questions are about; what hotline staff named goes first."""
        wanted = [q.wanted for q in self.questions if q.wanted]
        taken: Counter = Counter()
        for question in self.questions:
            if question.service:
                taken[question.service] += question.times
        return wanted[0] if wanted else taken.most_common(1)[0][0] if taken else None

    @property
    def aspect(self) -> Optional[str]:
        taken = Counter(q.aspect for q in self.questions if q.aspect)
        return taken.most_common(1)[0][0] if taken else None


@dataclass(frozen=True)
class Decision:
    """What to do with one question. label: where accept and move put it; phrasing: its words there."""

    question: Question
    kind: str
    label: Optional[Label] = None
    phrasing: str = ""


@dataclass(frozen=True)
class Outcome:
    """What was written to data/nlu. changes: `before` is set where words moved from another label.

    known: how many stood there already. phrasings: key of a question -> the words written for it.
    """

    changes: list[Change]
    known: int
    phrasings: dict[str, str]


def open_questions(connection: Connection, phrasings: Iterable[Phrasing], now: Optional[datetime] = None) -> list[Question]:
    """Return the questions of the last DAYS on which nobody has decided and which no phrasing says, the misses first.

    A question that was decided on comes back when somebody complains about its answer afterwards.
    """
    end = now or datetime.now(timezone.utc).replace(tzinfo=None)
    taught = {p.plain for p in phrasings}
    decided = dict(connection.execute(select(review.c.key, func.max(review.c.at)).group_by(review.c.key)).all())
    return [
        question
        for question in read_questions(connection, end - timedelta(days=DAYS), end + timedelta(minutes=1))
        if _is_open(question, decided.get(question.key), taught)
    ]


def _is_open(question: Question, decided_at: Optional[datetime], taught: set[str]) -> bool:
    if question.complained_at is not None:
        return decided_at is None or question.complained_at > decided_at
    return decided_at is None and squash(question.text) not in taught and bool(squash(tidy(question.text)))


def grouped(questions: list[Question], background: Iterable[str] = ()) -> list[Group]:
    """Return the questions in groups, those with the weightiest misses first; what went well stands apart from the misses.

    background: see `similar.groups`.
    """
    made, background = [], list(background)
    for part in ([q for q in questions if q.wrong], [q for q in questions if not q.wrong]):
        made += [Group(tuple(part[n] for n in members)) for members in groups([q.text for q in part], background)]
    return sorted(made, key=lambda group: (-group.weight, -group.times, -group.at.timestamp()))


def write(folder: Path, services: set[str], decisions: list[Decision]) -> Outcome:
    """Write the phrasings of the decisions to data/nlu; `record` remembers who decided.

    Words that stand under another label already move from there. Raises RequestError for a decision that lacks its label
    or words, and what `phrasing_editor.apply` raises: then nothing is written.
    """
    wanted: dict[str, Edit] = {}
    known = 0
    for decision in decisions:
        if decision.kind not in DECISIONS:
            raise RequestError(f"没有这种处理：{decision.kind[:20]}")
        if decision.kind != "discard":
            label = OUT_OF_SCOPE if decision.kind == "out_of_scope" else decision.label
            if label is None:
                raise RequestError(f"「{decision.question.text[:40]}」还没有选服务")
            wanted[decision.question.key] = Add(label, decision.phrasing or tidy(decision.question.text))
    changes: list[Change] = []
    while wanted:
        try:
            changes = apply(folder, list(wanted.values()), services)
            break
        except AlreadyThereError as error:
            key, edit = next((k, e) for k, e in wanted.items() if isinstance(e, Add) and squash(e.text) == squash(error.text))
            del wanted[key]
            if error.other.label == edit.label:
                known += 1
            else:
                wanted[key] = Replace(error.other, Located(edit.label, edit.text))
    return Outcome(changes, known, {key: change.after.text for key, change in zip(wanted, changes) if change.after is not None})


def record(connection: Connection, who: str, decisions: list[Decision], outcome: Outcome) -> list[int]:
    """Remember who decided what, now; return the ids of the rows, one a decision."""
    at = datetime.now(timezone.utc).replace(tzinfo=None)
    rows = [_row(decision, who, at, outcome.phrasings.get(decision.question.key)) for decision in decisions]
    return [int(connection.execute(insert(review).values(**row)).inserted_primary_key[0]) for row in rows]


def _row(decision: Decision, who: str, at: datetime, phrasing: Optional[str]) -> dict[str, object]:
    label = decision.label if decision.kind in ("accept", "move") else None
    return {
        "at": at,
        "account": who,
        "key": decision.question.key,
        "question": decision.question.text,
        "decision": decision.kind,
        "service": label.service if label else None,
        "intent": label.intent if label else OUT_OF_SCOPE.intent if decision.kind == "out_of_scope" else None,
        "phrasing": phrasing,
    }


def history(connection: Connection, limit: int = 200) -> list[Row]:
    """Return the newest decisions first."""
    return connection.execute(select(review).order_by(review.c.id.desc()).limit(limit)).all()
