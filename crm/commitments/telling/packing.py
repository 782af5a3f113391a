"""Packing: notices become messages, at the end of a sweep.

Up to five for one recipient and channel are a message each, the most urgent and the oldest first; more
are one digest, whose members do not change any more. What waited for somebody's daily digest is one,
too. A message's id is made of its members' keys, so packing again after a crash makes the same messages.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import NamedTuple
from uuid import UUID, uuid5

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Count

from crm.commitments.models import Finding, Notification, NotificationQuerySet
from crm.commitments.telling.notices import ESCALATION
from crm.core import clock
from crm.outbox import bulk, letters, outcomes
from crm.outbox.models import Message
from crm.poc.recipients import Recipient, reach

log = logging.getLogger(__name__)

FINDING = "not_packed"  # a check in crm.commitments.auditing.delivery
RETRY = timedelta(hours=1)  # until what could not be packed is tried again
NOTICE, DIGEST = "notice", "digest"  # kinds of messages
MAX_SINGLE = 5  # immediate notices for one recipient in one sweep; more become a digest
NOTICES = 2000  # packed in one transaction, or those of one recipient
BUDGET = 30  # seconds
NAMESPACE = UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")  # RFC 9562: names that are object identifiers
NOBODY = f"nobody@{letters.NOBODYS.lstrip('.')}"
SPANS = {True: timedelta(days=7), False: timedelta(days=3)}  # how long an escalation is tried, and anything else


class Unpacked(NamedTuple):
    """A notice that no message tells yet."""

    pk: int
    idem_key: str
    recipient_id: int
    channel: str
    kind: str
    priority: int
    planned_for: datetime
    created_at: datetime
    tell_at: datetime

    @property
    def was_held(self) -> bool:
        return self.tell_at > self.created_at


class Packed(NamedTuple):
    """One message as it is inserted."""

    msgid: UUID
    kind: str
    channel: str
    recipient_id: int
    address: str
    priority: int
    state: str
    reason: str
    reply: str
    created_at: datetime
    available_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    n_claims: int
    n_attempts: int
    n_ambiguous: int
    max_ambiguous: int


def pack() -> None:
    """Pack every notice that is planned; each recipient's in one transaction."""
    until = monotonic() + BUDGET
    waiting = Notification.objects.unpacked().values_list("recipient_id").annotate(n=Count("pk"))
    for recipient_ids in _shares(list(waiting.order_by("recipient_id"))):
        if monotonic() > until:
            return
        _pack(Notification.objects.unpacked().filter(recipient__one_of=recipient_ids))


def _shares(waiting: Iterable[tuple[int | None, int]]) -> Iterator[list[int]]:
    """Divide the recipients so that a transaction packs about as many notices as it may."""
    share: list[int] = []
    size = 0
    for recipient_id, n in waiting:
        if share and size + n > NOTICES:
            yield share
            share, size = [], 0
        share.append(recipient_id or 0)
        size += n
    if share:
        yield share


def _pack(rows: NotificationQuerySet) -> None:
    """Pack these in one transaction; where that fails, each half alone. A database that fails is no notice's fault."""
    waiting: list[Unpacked] = []
    try:
        with transaction.atomic():
            locked = rows.order_by("id").select_for_update(no_key=True, skip_locked=True, of=("self",))
            waiting = [Unpacked._make(row) for row in locked.values_list(*Unpacked._fields)]
            if waiting:
                _write(waiting, clock.now())
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if not waiting:
            raise
        _pack_apart(waiting, error)


def _pack_apart(waiting: Sequence[Unpacked], error: Exception) -> None:
    """Divide between recipients, then between the notices of one; set aside the one that cannot be packed."""
    if len(waiting) == 1:
        _set_aside(waiting[0], error)
        return
    by_recipient: dict[int, list[int]] = defaultdict(list)
    for row in waiting:
        by_recipient[row.recipient_id].append(row.pk)
    parts = list(by_recipient.values()) if len(by_recipient) > 1 else [[row.pk] for row in waiting]
    middle = len(parts) // 2
    for half in (parts[:middle], parts[middle:]):
        _pack(Notification.objects.unpacked().filter(pk__one_of=[pk for part in half for pk in part]))


@transaction.atomic
def _set_aside(row: Unpacked, error: Exception) -> None:
    """Try a notice that cannot be packed again later, and let the auditor tell of it."""
    log.error("Cannot pack notice %s", row.pk, exc_info=error)
    at = clock.now()
    Notification.objects.unpacked().filter(pk=row.pk).update(tell_at=at + RETRY)
    Finding.objects.note(FINDING, f"n:{row.pk}", error, at)


def _write(waiting: Sequence[Unpacked], at: datetime) -> None:
    people = reach({row.recipient_id for row in waiting})
    groups = {_msgid(group): group for group in sorted(_grouped(waiting), key=_rank)}
    bulk.insert(
        Message,
        Packed._fields,
        [_message(msgid, group, people[group[0].recipient_id], at) for msgid, group in groups.items()],
        once=["msgid"],
    )
    ids = dict(Message.objects.filter(msgid__in=groups).values_list("msgid", "pk"))
    pairs = [(row.pk, ids[msgid]) for msgid, group in groups.items() for row in group]
    bulk.update(Notification, ["message_id"], pairs)


def _rank(group: Sequence[Unpacked]) -> tuple[int, datetime, int]:
    """The most urgent first, then the oldest."""
    return min((row.priority, row.planned_for, row.pk) for row in group)


def _grouped(waiting: Iterable[Unpacked]) -> Iterator[list[Unpacked]]:
    """Divide notices into messages: single ones, and one digest of more than that, and of what waited for it."""
    by_recipient: Mapping[tuple[int, str], list[Unpacked]] = defaultdict(list)
    for row in waiting:
        by_recipient[row.recipient_id, row.channel].append(row)
    for rows in by_recipient.values():
        at_once = [row for row in rows if not row.was_held]
        digest = rows if len(at_once) > MAX_SINGLE else [row for row in rows if row.was_held]
        if digest:
            yield digest
        if digest is not rows:
            yield from ([row] for row in at_once)


def _message(msgid: UUID, group: Sequence[Unpacked], person: Recipient, at: datetime) -> Packed:
    priority = min(row.priority for row in group)
    is_inbox = group[0].channel == Message.Channel.INBOX
    is_unmailable = not is_inbox and (not person.address or not letters.can_be_anybodys(person.address))
    state = Message.State.SENT if is_inbox else Message.State.DROPPED if is_unmailable else Message.State.READY
    escalates = priority <= ESCALATION
    return Packed(
        msgid=msgid,
        kind=DIGEST if len(group) > 1 or group[0].was_held else NOTICE,
        channel=group[0].channel,
        recipient_id=person.poc_id,
        address="" if is_inbox else person.address or NOBODY,
        priority=priority,
        state=state.value,
        reason=outcomes.NEVER_MAILED if is_unmailable else "",
        reply="",
        created_at=at,
        available_at=at,
        expires_at=at + span(priority),
        ended_at=None if state == Message.State.READY else at,
        n_claims=0,
        n_attempts=0,
        n_ambiguous=0,
        max_ambiguous=2 if escalates else 1,
    )


def span(priority: int) -> timedelta:
    """Return how long a mail of this priority is tried, from when it was packed or sent again."""
    return SPANS[priority <= ESCALATION]


def _msgid(group: Sequence[Unpacked]) -> UUID:
    return uuid5(NAMESPACE, "liaison:" + " ".join(sorted(row.idem_key for row in group)))
