"""What one reader has to see: what they owe, what was escalated to them, what they were told.

Who owes a floating promise is decided when it is read, by the one function that decides who
answers: nothing is kept that an absence or an assignment could make stale. A constant number of
queries narrows to the records for which the reader can be the answer, and decides those.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q

from crm.commitments.models import Commitment, CommitmentQuerySet, Notification
from crm.commitments.telling import wording
from crm.dossiers.models import Topic
from crm.outbox.models import Message, MessageQuerySet
from crm.poc.decide import MAX_HOPS, Answer
from crm.poc.models import PRIMARY, Absence, Assignment, AssignmentQuerySet, PointOfContact, PointOfContactQuerySet
from crm.poc.resolve import Question, ask, resolve_many
from crm.poc.visibility import below, teams_of

if TYPE_CHECKING:
    from crm.users.models import User

MOST = 500  # rows of one section; nobody works through more in a day
AT_ONCE = 2_000  # rows looked through at once behind the first ones, for what is the reader's among others' things
ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Read:
    """What one reader has to see. Each promise has its `owner`: whoever answers for it now."""

    owed: list[Commitment]  # by them; the soonest first, overdue included, snoozed ones when asked for
    waiting: list[Commitment]  # by them, and its time stands still until the customer answers
    escalated: list[Commitment]  # to them, and still owed; the longest overdue first
    used_up: list[Commitment]  # nobody acts although everybody was told, and they lead who answers


@dataclass(frozen=True, slots=True)
class Entry:
    """One inbox entry: the message, and what it says in the language that is active."""

    message: Message
    lines: list[wording.Line]


def pocs_of(user: User) -> list[int]:
    """Return the POC the reader is, and the teams they belong to or lead. Two queries."""
    own = list(PointOfContact.objects.of_user(user).values_list("pk", flat=True))
    return [*own, *teams_of(user)] if own else []


def read(
    poc_ids: Collection[int], *, at: datetime, before: datetime, also: Sequence[str] = (), resting: bool = False
) -> Read:
    """Return what these POCs owe before a moment, what was escalated to them, and what nobody acts on.

    `also` are relations to load with the rows; `resting` includes what is snoozed. At most thirteen
    queries, unless over `MOST` things of others are owed before theirs.
    """
    mine = set(poc_ids)
    house_id = PointOfContact.objects.house().values_list("pk", flat=True).first()
    able, leading = _able_and_leading(mine, at)
    due = Commitment.objects.overdue(before)
    if not resting:
        due = due.exclude(state=Commitment.State.SNOOZED, hold_until__gt=at)
    due = _narrow(due, able, at, house_id).for_list().select_related(*also)
    stuck = Commitment.objects.used_up().for_list().select_related(*also)
    if house_id not in mine:
        stuck = _narrow(stuck, leading, at, house_id)
    owed, used_up = _soonest(due), _soonest(stuck)
    escalated = _soonest(escalated_to(mine).for_list().select_related(*also))
    answer = _decide((*owed, *escalated, *used_up), at)
    own = _theirs(due, owed, answer, lambda a: a.poc_id in mine, at)
    return Read(
        owed=[c for c in own if c.state != Commitment.State.WAITING],
        waiting=sorted((c for c in own if c.state == Commitment.State.WAITING), key=_since),
        escalated=escalated,
        used_up=_theirs(stuck, used_up, answer, lambda a: _is_told_when_used_up(a, mine), at),
    )


def _decide(rows: Iterable[Commitment], at: datetime) -> dict[int, Answer]:
    """Return who answers for each of these now, and give each its `owner`. Two queries."""
    rows = list(rows)
    questions = {c.pk: Question(c.dossier_id, c.topic_id, c.poc_id) for c in rows}
    answers, fetched = ask(questions.values(), at=at)
    for commitment in rows:
        commitment.owner = fetched.pocs[answers[questions[commitment.pk]].poc_id]  # type: ignore[attr-defined]
    return {pk: answers[question] for pk, question in questions.items()}


def _theirs(
    rows: CommitmentQuerySet,
    first: Sequence[Commitment],
    answers: Mapping[int, Answer],
    is_theirs: Callable[[Answer], bool],
    at: datetime,
) -> list[Commitment]:
    """Return the soonest of `rows` that are theirs, of which `first` are decided: nothing of others' may hide them."""
    found = [c for c in first if is_theirs(answers[c.pk])]
    if len(first) < MOST or len(found) == MOST:
        return found
    later = _later(rows, first[-1], is_theirs, at)[: MOST - len(found)]
    more = _soonest(rows.filter(pk__one_of=later)) if later else []
    _decide(more, at)
    return found + more


def _later(rows: CommitmentQuerySet, last: Commitment, is_theirs: Callable[[Answer], bool], at: datetime) -> list[int]:
    """Return the ids of what is theirs after `last`, `MOST` or more where there are as many. Three queries a round."""
    ids: list[int] = []
    due_at, pk = last.due_at, last.pk
    for _round in range(ROUNDS):
        behind = rows.filter(Q(due_at__gt=due_at) | Q(pk__gt=pk), due_at__gte=due_at).order_by("due_at", "pk")
        page = list(behind.values_list("due_at", "pk", "dossier_id", "topic_id", "poc_id")[:AT_ONCE])
        questions = {pk: Question(dossier, topic, poc) for _due_at, pk, dossier, topic, poc in page}
        answers = resolve_many(questions.values(), at=at)
        ids += [pk for pk, question in questions.items() if is_theirs(answers[question])]
        if len(page) < AT_ONCE or len(ids) >= MOST:
            break
        due_at, pk = page[-1][:2]
    return ids


def perhaps_of(rows: CommitmentQuerySet, poc_ids: Collection[int], at: datetime) -> CommitmentQuerySet:
    """Narrow to what one of these can turn out to answer for: some too many, none too few. Seven queries."""
    house_id = PointOfContact.objects.house().values_list("pk", flat=True).first()
    able, _leading = _able_and_leading(set(poc_ids), at)
    return _narrow(rows, able, at, house_id)


def _since(commitment: Commitment) -> tuple[datetime, int]:
    return commitment.waiting_since or commitment.acted_at, commitment.pk


def _able_and_leading(mine: set[int], at: datetime) -> tuple[set[int], set[int]]:
    """Those for whom one of `mine` may answer, and those they lead, or whose leads they lead. Three queries."""
    away = _away(at)
    led = dict(_led_by(mine).values_list("pk", "deactivated_at"))
    out = {pk for pk, deactivated_at in led.items() if deactivated_at is not None or pk in away}
    leading = {*led, *_led_by(led).values_list("pk", flat=True)}
    return _covered_by(mine | out, away), _covered_by(leading, away)


def _is_told_when_used_up(answer: Answer, mine: set[int]) -> bool:
    """True of the lead and the lead's lead; where nobody leads, of the front desk."""
    return not {answer.lead_id or answer.house_id, answer.leads_lead_id}.isdisjoint(mine)


def escalated_to(poc_ids: Collection[int]) -> CommitmentQuerySet:
    """Narrow to what was escalated to one of these and is still owed."""
    of_this = Q(generation=OuterRef("generation"))
    told = Notification.objects.planned().filter(
        of_this | Q(created_at__gt=OuterRef("acted_at")),  # a step planned anew is no act
        commitment=OuterRef("pk"), kind="escalation", recipient__one_of=list(poc_ids),
    )  # fmt: skip
    return Commitment.objects.escalated().filter(Q(escalated_to__one_of=list(poc_ids)) | Exists(told))


def notices_to(poc_ids: Collection[int]) -> MessageQuerySet:
    """Narrow to the inbox entries of these POCs, the newest first."""
    return Message.objects.in_inbox_of(list(poc_ids)).order_by("-pk")


def entries(messages: Iterable[Message], *, at: datetime) -> list[Entry]:
    """Say these inbox entries, in the language and zone that are active. Two queries."""
    messages = list(messages)
    rows = Notification.objects.filter(message__in=messages).select_related("commitment", "dossier")
    by_message: dict[int | None, list[Notification]] = {m.pk: [] for m in messages}
    for row in rows.order_by("priority", "planned_for", "pk"):
        by_message[row.message_id].append(row)
    said = iter(wording.lines([row for group in by_message.values() for row in group], at))
    return [Entry(m, [next(said) for _ in by_message[m.pk]]) for m in messages]


def _soonest(rows: CommitmentQuerySet) -> list[Commitment]:
    return list(rows.order_by("due_at", "pk")[:MOST])


def _narrow(rows: CommitmentQuerySet, able: Collection[int], at: datetime, house_id: int | None) -> CommitmentQuerySet:
    """Narrow to what one of `able` can turn out to answer for: some too many, none too few."""
    ids = list(able)
    held = Assignment.objects.at(at).held_by(ids).values_list("dossier__home_id", flat=True)
    homes = below(set(held))
    condition = Q(poc__one_of=ids) | Q(home__one_of=homes)
    if house_id in able:
        condition |= Q(~Exists(_holding(at)))
    return rows.filter(condition)


def _holding(at: datetime) -> AssignmentQuerySet:
    """The assignments that keep a row from the front desk: to somebody who is there."""
    places = Q(dossier=OuterRef("dossier")) | Q(dossier=OuterRef("dossier__parent")) | Q(dossier=OuterRef("home"))
    topics = Q(topic=OuterRef("topic")) | Q(topic__code=Topic.GENERAL)
    away = Absence.objects.at(at).filter(poc=OuterRef("poc"))
    return Assignment.objects.at(at).filter(places, topics, ~Exists(away), rank=PRIMARY, poc__deactivated_at=None)


def _away(at: datetime) -> dict[int, set[int]]:
    """Return who is away at this moment, and who covers for them."""
    away: dict[int, set[int]] = {}
    for poc_id, cover_id in Absence.objects.at(at).values_list("poc_id", "cover_id"):
        away.setdefault(poc_id, set()).update({cover_id} - {None})
    return away


def _covered_by(poc_ids: Collection[int], away: dict[int, set[int]]) -> set[int]:
    """Return these and whoever they stand in for, over as many hops as the decision follows."""
    able = set(poc_ids)
    for _hop in range(MAX_HOPS):
        able |= {poc_id for poc_id, covers in away.items() if not covers.isdisjoint(able)}
    return able


def _led_by(poc_ids: Collection[int]) -> PointOfContactQuerySet:
    """Narrow to the teams these lead, and the people at home there."""
    ids = list(poc_ids)
    return PointOfContact.objects.filter(Q(lead__one_of=ids) | Q(home_team__lead__one_of=ids))
