"""Deciding that somebody is told: the rows, their keys, and the grants that go with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from crm.commitments import ladder
from crm.commitments.models import Commitment, Notification, NotificationQuerySet
from crm.commitments.telling import digests
from crm.core.query import WithKey
from crm.outbox import bulk
from crm.outbox.models import Message
from crm.poc import decide
from crm.poc.decide import Answer
from crm.poc.models import Grant, PointOfContact
from crm.poc.recipients import Recipient, reach, recipients
from crm.users import roles

EMAIL, INBOX = Message.Channel.EMAIL.value, Message.Channel.INBOX.value
URGENT, ESCALATION, REMINDER, ORDINARY = digests.URGENT, 1, 3, 5  # priorities of messages
TRIED_BEFORE = "tried_before"  # in the facts of what was taken back: how often its mail had been tried


class Row(NamedTuple):
    """One notification as it is inserted."""

    idem_key: str
    kind: str
    commitment_id: int | None
    dossier_id: int | None
    generation: int | None
    step: int | None
    repeat: int
    slot: str
    recipient_id: int | None
    channel: str
    priority: int
    planned_for: datetime
    created_at: datetime
    tell_at: datetime
    state: str
    reason: str
    facts: Mapping[str, Any]


class Owed(Protocol):
    """What telling about something needs of it: a Commitment, or what the planner reads of one."""

    @property
    def pk(self) -> int: ...
    @property
    def dossier_id(self) -> int: ...
    @property
    def home_id(self) -> int: ...
    @property
    def generation(self) -> int: ...
    @property
    def grant_cause(self) -> str: ...


class Told(NamedTuple):
    """Somebody who may now open what they were told about."""

    poc_id: int
    home_id: int
    cause: str


class Alarm(NamedTuple):
    """What administrators are to hear of; whoever is told may open the record of what it is `about`."""

    idem_key: str
    kind: str
    facts: Mapping[str, Any]
    about: Owed | None = None


def write(rows: Sequence[Row], told: Iterable[Told]) -> None:
    """Insert notices and grants; what was decided before stays as it is. Two statements."""
    unique = {row.idem_key: row for row in rows}  # one statement may not meet a key twice
    bulk.insert(Notification, Row._fields, list(unique.values()), once=["idem_key"])
    bulk.insert(Grant, Told._fields, list(dict.fromkeys(told)), once=["poc_id", "home_id", "cause"])


def step_rows(
    of: Owed,
    notice: ladder.Notice,
    at: datetime,
    *,
    person: Recipient | None,
    slot_poc: int | None,
    facts: Mapping[str, Any],
) -> list[Row]:
    """Return the rows of one notice of a ladder: one per channel, or one that says why nobody was told."""
    step, ordinal = notice.step, notice.step.ordinal
    place = f"s{ordinal}" if ordinal >= 0 else "wait"
    stem = f"c:{of.pk}:g{of.generation}:{place}:r{notice.repeat_no}"
    ways: dict[str, tuple[str, datetime]] = {}  # channel → key and from when
    if notice.state == ladder.SKIPPED:
        ways[""] = f"{stem}:{notice.reached}:-", at
    else:
        member = f"/m{notice.recipient}" if notice.recipient != slot_poc else ""
        ways[INBOX] = f"{stem}:{notice.slot}{member}:{INBOX}", at
        if step.by_email and notice.state == ladder.PLANNED and person is not None:
            tell_at = digests.mail_at(person, (step.kind,), _priority(step), at)
            if tell_at is not None:
                ways[EMAIL] = f"{stem}:{notice.slot}{member}:{EMAIL}", tell_at
    return [
        Row(
            key, step.kind, of.pk, of.dossier_id, of.generation, ordinal if ordinal >= 0 else None, notice.repeat_no,
            notice.reached, notice.recipient, channel, _priority(step), notice.planned_for, at, tell_at,
            notice.state, notice.reason, facts,
        )
        for channel, (key, tell_at) in ways.items()
    ]  # fmt: skip


def because(answer: Answer, why: str) -> dict[str, Any]:
    """Return why somebody is told, as values: the slot, who answers, for whom they stand in, why, and until when."""
    values: dict[str, Any] = {"why": why, "answers": answer.poc_id}
    if answer.holder_id is None or answer.holder_id == answer.poc_id:
        return values
    causes = (decide.AWAY, decide.INACTIVE, decide.EMPTY)
    cause = next((r for r in answer.reasons if r.poc_id == answer.holder_id and r.code in causes), None)
    values |= {"holder": answer.holder_id, "cause": cause.code if cause else ""}
    if cause is not None and cause.until is not None:
        values["away_until"] = cause.until.isoformat()
    return values


def reachable(people: Iterable[Recipient]) -> list[Recipient]:
    """Leave out whoever has neither an address nor a user: nobody would ever read it."""
    return [p for p in people if p.address or p.user_id is not None]


def supersede_all(commitments: Iterable[Commitment], reason: str) -> None:
    """Take back whatever about these has not left the house. Their rows must be locked. One query."""
    take_back(Notification.objects.filter(commitment__one_of=[c.pk for c in commitments]).pending(), reason)


def take_back(rows: NotificationQuerySet, reason: str) -> int:
    """Supersede these, and write down how often their mail was tried till then. One query.

    What they are about must be locked. So must it be for a try, and the auditor knows which tries came after.
    """
    mail = Message.objects.filter(pk=OuterRef("message")).values("n_attempts")
    tried = Coalesce(Subquery(mail), Value(0))
    return rows.update(state=Notification.State.SUPERSEDED, reason=reason, facts=WithKey("facts", TRIED_BEFORE, tried))


def alarm(*, idem_key: str, kind: str, facts: Mapping[str, Any], about: Owed | None = None, at: datetime) -> None:
    """Tell every administrator one thing once, and let them open the record of what it is about."""
    alarm_all([Alarm(idem_key, kind, facts, about)], at=at)


def alarm_all(alarms: Sequence[Alarm], *, at: datetime) -> None:
    """Tell every administrator each of these things once. A constant number of queries; none for none.

    Where no administrator is there, the front desk is told; and where nobody is, the administrators find it in
    their inbox: it is decided once, and nobody would tell them later.
    """
    if not alarms:
        return
    people, channels = _administrators(at)
    rows: list[Row] = []
    told: list[Told] = []
    for idem_key, kind, facts, about in alarms:
        dossier_id = about.dossier_id if about else None
        rows += plain_rows(idem_key, kind, dossier_id, people, channels, facts, at, priority=ESCALATION)
        told += [Told(person.poc_id, about.home_id, about.grant_cause) for person in people] if about else []
    write(rows, told)


def _administrators(at: datetime) -> tuple[list[Recipient], Sequence[str]]:
    """Return who hears of an alarm, and how."""
    admins = PointOfContact.objects.active().filter(user__is_active=True, user__groups__name=roles.ADMINISTRATOR)
    ids = list(admins.values_list("pk", flat=True))
    for pocs in (ids, PointOfContact.objects.house().values_list("pk", flat=True)):
        people = [person for group in recipients(pocs, at=at).values() for person in reachable(group)]
        if people:
            return people, (INBOX, EMAIL)
    return list(reach(ids).values()), (INBOX,)


def plain_rows(
    idem_key: str,
    kind: str,
    dossier_id: int | None,
    people: Iterable[Recipient],
    channels: Iterable[str],
    facts: Mapping[str, Any],
    at: datetime,
    *,
    priority: int,
    also: Sequence[str] = (),
) -> list[Row]:
    """Return the rows that tell `people` one thing which no ladder asked for.

    Whoever wants no mail of its kind, or has no address, has it in the inbox. `also` are kinds for which
    this one stands too: it is mailed as soon as any of them would be.
    """
    rows: list[Row] = []
    for person in {person.poc_id: person for person in people}.values():
        for channel in channels:
            tell_at = digests.mail_at(person, (kind, *also), priority, at) if channel == EMAIL else at
            if tell_at is not None:
                rows.append(Row(
                    f"{idem_key}:m{person.poc_id}:{channel}", kind, None, dossier_id, None, None, 0, "",
                    person.poc_id, channel, priority, at, at, tell_at, ladder.PLANNED, "", facts,
                ))  # fmt: skip
    return rows


def _priority(step: ladder.Step) -> int:
    if step.urgent:
        return URGENT
    return ESCALATION if step.kind == ladder.ESCALATION else REMINDER
