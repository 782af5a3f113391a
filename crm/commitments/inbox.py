"""What one reader has to see: what they owe, what was escalated to them, what they were told.

Who owes a floating promise is decided when it is read, by the one function that decides who
answers: nothing is kept that an absence or an assignment could make stale. A constant number of
queries narrows to the records for which the reader can be the answer, and decides those.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, F, OuterRef, Q

from crm.commitments import wording
from crm.commitments.models import Commitment, CommitmentQuerySet, Notification
from crm.dossiers.models import Topic
from crm.outbox.models import Message, MessageQuerySet
from crm.poc.decide import MAX_HOPS, Answer
from crm.poc.models import PRIMARY, Absence, Assignment, AssignmentQuerySet, PointOfContact, PointOfContactQuerySet
from crm.poc.resolve import Question, resolve_many
from crm.poc.visibility import below, teams_of

if TYPE_CHECKING:
    from crm.users.models import User

MOST = 500  # rows of one section; nobody works through more in a day


@dataclass(frozen=True, slots=True)
class Owed:
    """Something owed, and who answers for it now."""

    commitment: Commitment
    answer: Answer


@dataclass(frozen=True, slots=True)
class Entry:
    """One inbox entry: the message, and what it says in the language that is active."""

    message: Message
    lines: list[wording.Line]


def pocs_of(user: User) -> list[int]:
    """Return the POC the reader is, and the teams they belong to or lead. Two queries."""
    own = list(PointOfContact.objects.of_user(user).values_list("pk", flat=True))
    return [*own, *teams_of(user)] if own else []


def owed_by(poc_ids: Collection[int], *, at: datetime, before: datetime) -> list[Owed]:
    """Return what these POCs owe before a moment, overdue included, the soonest first. Snoozed ones rest."""
    due = Commitment.objects.overdue(before).exclude(state=Commitment.State.SNOOZED, hold_until__gt=at)
    away = _away(at)
    leading = _led_by(poc_ids).filter(Q(pk__one_of=list(away)) | Q(deactivated_at__isnull=False))
    able = _covered_by({*poc_ids, *leading.values_list("pk", flat=True)}, away)
    return _answered(_narrow(due, able, at), at, lambda answer: answer.poc_id in poc_ids)


def used_up_for(poc_ids: Collection[int], *, at: datetime) -> list[Owed]:
    """Return what nobody acts on although everybody was told, where one of these leads who answers.

    Where nobody leads, it is the front desk's.
    """
    led = set(_led_by(poc_ids).values_list("pk", flat=True))
    led |= set(_led_by(led).values_list("pk", flat=True))
    rows = Commitment.objects.used_up()
    if not PointOfContact.objects.house().filter(pk__one_of=list(poc_ids)).exists():
        rows = _narrow(rows, _covered_by(led, _away(at)), at)
    return _answered(rows, at, lambda a: not {a.lead_id or a.house_id, a.leads_lead_id}.isdisjoint(poc_ids))


def escalated_to(poc_ids: Collection[int]) -> CommitmentQuerySet:
    """Narrow to what was escalated to one of these and is still owed, the longest overdue first."""
    told = Notification.objects.planned().filter(
        kind="escalation", recipient__one_of=list(poc_ids), generation=F("commitment__generation")
    )
    reached = Q(escalated_to__one_of=list(poc_ids)) | Q(pk__in=told.values("commitment"))
    return Commitment.objects.escalated().filter(reached).for_list().order_by("due_at", "pk")


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


def _answered(rows: CommitmentQuerySet, at: datetime, is_ours: Callable[[Answer], bool]) -> list[Owed]:
    """Decide who answers for each of the soonest rows, and keep those that are ours."""
    soonest = list(rows.for_list().order_by("due_at", "pk")[:MOST])
    questions = {c.pk: Question(c.dossier_id, c.topic_id, c.poc_id) for c in soonest}
    answers = resolve_many(questions.values(), at=at)
    owed = [Owed(c, answers[questions[c.pk]]) for c in soonest]
    return [each for each in owed if is_ours(each.answer)]


def _narrow(rows: CommitmentQuerySet, able: Collection[int], at: datetime) -> CommitmentQuerySet:
    """Narrow to what one of `able` can turn out to answer for: some too many, none too few."""
    ids = list(able)
    held = Assignment.objects.at(at).held_by(ids).values_list("dossier__home_id", flat=True)
    homes = below(set(held))
    condition = Q(poc__one_of=ids) | Q(home__one_of=homes)
    if PointOfContact.objects.house().filter(pk__one_of=ids).exists():
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
