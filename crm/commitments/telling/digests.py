"""When somebody is told by mail: at once, with their daily digest, or not at all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from crm.commitments.ladder import REMINDER
from crm.commitments.models import Notification
from crm.commitments.telling.groups import AT_ONCE, DIGEST, NEVER, group_of
from crm.core.working_time import combine
from crm.outbox import bulk
from crm.outbox.models import Message
from crm.poc.recipients import Recipient, reach

URGENT = 0  # the priority that neither a digest nor a switched-off group holds back
NOT_BY_MAIL = "not_by_mail"  # why a mail that waited for its digest is not sent


def mail_at(person: Recipient, kinds: Collection[str], priority: int, at: datetime) -> datetime | None:
    """Return from when `person` may be mailed what is decided at `at`; None: their inbox alone has it.

    Of several `kinds` that one notice stands for, the one that is told soonest decides.
    """
    if not person.address:
        return None
    if not person.by_email or priority == URGENT:
        return at
    groups = {group_of(kind) for kind in kinds}
    ways = {person.by_email.get(group) for group in groups if group not in AT_ONCE}
    if groups & set(AT_ONCE) or ways - {DIGEST, NEVER}:
        return at
    return next_digest(person, at) if DIGEST in ways else None


def stands_for(kind: str, step: int | None) -> Sequence[str]:
    """Return the kinds that a notice stands for: what is given when it is due already is that reminder, too."""
    return (kind,) if step is None or group_of(kind) in AT_ONCE else (kind, REMINDER)


def next_digest(person: Recipient, at: datetime) -> datetime:
    """Return when their next digest is due: later than `at`, at their hour of their day."""
    today = at.astimezone(ZoneInfo(person.zone)).date()
    due = combine(person.zone, today, person.digest_at)
    return due if due > at else combine(person.zone, today + timedelta(days=1), person.digest_at)


def retime(*, poc_id: int, at: datetime) -> int:
    """Let what waits to be mailed to a POC follow their wishes as they are now; return how many were held.

    For whoever changes them, in the same transaction. What is in a message already stays there.
    """
    person = reach([poc_id])[poc_id]
    held = Notification.objects.planned().filter(recipient=poc_id, channel=Message.Channel.EMAIL, message=None)
    held = held.filter(tell_at__gt=at).select_for_update(no_key=True)
    rows = list(held.order_by("pk").values_list("pk", "kind", "step", "priority"))
    timed = [(pk, mail_at(person, stands_for(kind, step), priority, at)) for pk, kind, step, priority in rows]
    bulk.update(Notification, ["tell_at"], [(pk, moment) for pk, moment in timed if moment is not None])
    dropped = [pk for pk, moment in timed if moment is None]
    Notification.objects.filter(pk__one_of=dropped).update(state=Notification.State.SUPERSEDED, reason=NOT_BY_MAIL)
    return len(rows)
