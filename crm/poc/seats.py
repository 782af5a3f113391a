"""Who answers for one record, topic by topic, ready to be shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from crm.dossiers.models import Topic
from crm.poc import words
from crm.poc.decide import Answer
from crm.poc.models import PointOfContact
from crm.poc.resolve import Question, ask
from crm.poc.words import Named


@dataclass(frozen=True, slots=True)
class Seat:
    """One topic of one record: who answers, for whom, why, and who is next.

    `absent` is the one named, where somebody stands in, and `instead` says so; `where` says where
    the answer was found, and `why` both in one line. `is_inherited`: found above the
    record, or on *general*. `is_gap`: only the front desk answers.
    """

    topic: Topic
    poc: PointOfContact
    absent: PointOfContact | None
    backup: PointOfContact | None
    why: str
    where: str = ""
    instead: str = ""
    path: Sequence[str] = field(default_factory=list)
    is_inherited: bool = False
    is_gap: bool = False
    is_general_elsewhere: bool = False


def seats_for(
    questions: Iterable[Question],
    *,
    at: datetime,
    topics: Iterable[Topic] | None = None,
    parents: Mapping[int, int | None] | None = None,
) -> dict[Question, Seat]:
    """Return who answers each question, ready to be shown, however many are asked; `parents` as in `ask`.

    Three queries; two where all `topics`, retired ones too, were read already.
    """
    answers, fetched = ask(questions, at=at, parents=parents)
    named = words.names(fetched, topics)
    return {question: _seat(answer, question, named) for question, answer in answers.items()}


def seats_of(dossier_id: int, *, topics: Iterable[Topic], at: datetime) -> list[Seat]:
    """Return who answers for a record on each of `topics`, in their order. Three queries."""
    questions = [Question(dossier_id, topic.pk) for topic in topics]
    seats = seats_for(questions, at=at)
    return [seats[question] for question in questions]


def answering(dossier_ids: Iterable[int], *, at: datetime, about: str = Topic.GENERAL) -> dict[int, Seat]:
    """Return who answers for each of many records on the topic with the code `about`. Three queries."""
    topics = list(Topic.objects.all())
    topic_id = next(topic.pk for topic in topics if topic.code == about)
    questions = {pk: Question(pk, topic_id) for pk in dossier_ids}
    seats = seats_for(questions.values(), at=at, topics=topics)
    return {pk: seats[question] for pk, question in questions.items()}


def worth_showing(seats: Sequence[Seat]) -> list[Seat]:
    """Leave out the topics for which merely *general* answers: one line says so for all of them."""
    return [seat for seat in seats if seat.topic.code == Topic.GENERAL or not seat.is_general_elsewhere]


def _seat(answer: Answer, question: Question, named: Named) -> Seat:
    stands_in = answer.holder_id is not None and answer.holder_id != answer.poc_id
    by_general = answer.topic_id != question.topic_id
    return Seat(
        topic=named.topics[question.topic_id],
        poc=named.pocs[answer.poc_id],
        absent=named.pocs.get(answer.holder_id) if stands_in and answer.holder_id is not None else None,
        backup=named.pocs.get(answer.backup_id) if answer.backup_id is not None else None,
        why=words.why(answer, named, dossier_id=question.dossier_id, topic_id=question.topic_id),
        where=words.where(answer, named, dossier_id=question.dossier_id, topic_id=question.topic_id),
        instead=words.instead(answer, named),
        path=words.path(answer, named),
        is_inherited=not answer.is_gap and (by_general or answer.dossier_id != question.dossier_id),
        is_gap=answer.is_gap,
        is_general_elsewhere=by_general,
    )
