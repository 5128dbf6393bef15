"""What residents asked (personal numbers masked), told apart by how it went; the source of the inbox and the dashboard."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Optional

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.engine import Connection

from bot.storage.forget import key_of
from bot.storage.tables import correction, feedback, turn
from bot.text import squash

# How a turn can have gone wrong, with what it weighs in the order of the inbox.
WEIGHTS = {"correction": 6.0, "down": 5.0, "fallback": 3.0, "asked_back": 1.5, "unsure": 1.0}
UNSURE_BELOW = 0.6  # confidence of the best candidate
RIVAL_WITHIN = 0.15  # margin to the second candidate, where the place is known
SHORTEST = 2  # characters; "2" or "嗯" teaches nothing
MOST = 2000  # questions read at a time, the latest first
VOTES_OF_ONE = 5  # votes down of one conversation, the latest first; more of them are no more complaints
_COUNTED = 20  # more of the same do not weigh more


@dataclass
class Question:
    """A question, however often and in whatever punctuation it was asked.

    wrong: reason (see WEIGHTS) -> how often. answered: (service, aspect) -> how often the bot took it for that.
    wanted: the service that hotline staff named. notes: what residents and staff wrote about the answer.
    """

    key: str
    text: str
    at: datetime
    times: int = 0
    wrong: Counter = field(default_factory=Counter)
    answered: Counter = field(default_factory=Counter)
    places: Counter = field(default_factory=Counter)
    wanted: Optional[str] = None
    notes: list[str] = field(default_factory=list)
    complained_at: Optional[datetime] = None

    @property
    def weight(self) -> float:
        return sum(WEIGHTS[reason] * min(times, _COUNTED) for reason, times in self.wrong.items())

    @property
    def service(self) -> Optional[str]:
        """The service that it is most likely about, None where nobody can tell."""
        taken = Counter({key[0]: times for key, times in self.answered.items() if key[0]})
        return self.wanted or (taken.most_common(1)[0][0] if taken else None)

    @property
    def aspect(self) -> Optional[str]:
        """The aspect that the bot took it for, None where it did not."""
        taken = Counter({key[1]: times for key, times in self.answered.items() if key[1]})
        return taken.most_common(1)[0][0] if taken else None


def missed() -> dict[str, object]:
    """Return reason -> SQL condition on a row of table `turn`."""
    in_doubt = and_(turn.c.kind == "answer", turn.c.confidence < UNSURE_BELOW)
    rivals = and_(turn.c.kind == "answer", turn.c.margin < RIVAL_WITHIN, turn.c.jurisdiction.isnot(None))
    return {
        "fallback": turn.c.kind == "fallback",
        "asked_back": and_(turn.c.kind == "clarify", turn.c.slot == "item"),
        "unsure": or_(in_doubt, rivals),
    }


def read_questions(connection: Connection, start: datetime, end: datetime, *, only_missed: bool = False) -> list[Question]:
    """Return the questions of [start, end), UTC: those that went wrong first, the weightiest first.

    At most MOST of either kind are read, the latest first.
    """
    found: dict[str, Question] = {}
    reasons = missed()
    wrong = or_(*reasons.values())
    for condition in (wrong,) if only_missed else (wrong, ~func.coalesce(wrong, False)):
        _read_turns(connection, found, and_(turn.c.at >= start, turn.c.at < end, condition), reasons)
    _read_votes(connection, found, start, end)
    _read_corrections(connection, found, start, end)
    return sorted(found.values(), key=lambda q: (-q.weight, -q.times, -q.at.timestamp()))


def _read_turns(connection: Connection, found: dict[str, Question], condition: object, reasons: dict[str, object]) -> None:
    whens = [(test, name) for name, test in reasons.items()]
    columns = (turn.c.question, turn.c.service, turn.c.aspect, turn.c.jurisdiction)
    query = (
        select(*columns, case(*whens, else_="").label("reason"), func.count().label("times"), func.max(turn.c.at).label("at"))
        .where(condition, turn.c.kind.in_(("answer", "clarify", "fallback")))
        .group_by(*columns, "reason")
        .order_by(func.max(turn.c.at).desc())
        .limit(MOST)
    )
    for row in connection.execute(query):
        question = _question(found, row.question, row.at)
        if question is None:
            continue
        question.times += row.times
        question.answered[(row.service, row.aspect)] += row.times
        if row.jurisdiction:
            question.places[row.jurisdiction] += row.times
        if row.reason:
            question.wrong[row.reason] += row.times


def _read_votes(connection: Connection, found: dict[str, Question], start: datetime, end: datetime) -> None:
    newest = (feedback.c.at.desc(), feedback.c.id.desc())
    rank = func.row_number().over(partition_by=feedback.c.conversation_id, order_by=newest).label("rank")
    down = select(feedback, rank).where(feedback.c.vote == "down", feedback.c.at >= start, feedback.c.at < end).subquery()
    query = select(down).where(down.c.rank <= VOTES_OF_ONE).order_by(down.c.at.desc()).limit(MOST)
    for row in connection.execute(query):
        question = _question(found, row.question or "", row.at)
        if question is not None:
            question.times = max(question.times, 1)
            question.wrong["down"] += 1
            _complain(question, row.at, row.reason)


def _read_corrections(connection: Connection, found: dict[str, Question], start: datetime, end: datetime) -> None:
    query = select(correction).where(correction.c.at >= start, correction.c.at < end).limit(MOST)
    for row in connection.execute(query.order_by(correction.c.at.desc())):
        question = _question(found, row.question, row.at)
        if question is not None:
            question.times = max(question.times, 1)
            question.wrong["correction"] += 1
            question.wanted = question.wanted or row.service
            _complain(question, row.at, f"{row.account}：{row.note}" if row.note else None)


def _complain(question: Question, at: datetime, note: Optional[str]) -> None:
    question.complained_at = max(at, question.complained_at or at)
    if note and note not in question.notes:
        question.notes.append(note)


def _question(found: dict[str, Question], text: str, at: datetime) -> Optional[Question]:
    plain = squash(text)
    if len(plain) < SHORTEST or plain.isdigit():
        return None
    question = found.setdefault(key_of(text), Question(key_of(text), text, at))
    if at > question.at:
        question.at, question.text = at, text
    return question
