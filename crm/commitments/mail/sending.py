"""Whether a mail that tells notices may still be sent, and what follows its end."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from crm.commitments.mail import mails
from crm.commitments.models import Notification
from crm.commitments.telling import anew, notices, packing, undelivered
from crm.outbox import kinds
from crm.outbox.models import Message

OVERTAKEN = "overtaken"  # why a notice was taken back: an act came while its mail counted as ended


def register() -> None:
    """Answer for our kinds of messages."""
    kind = kinds.Kind(
        may_send=may_send,
        compose=mails.compose,
        ended=ended,
        holds=lambda message: bool(holding(message)),
        address_refused=undelivered.address_refused,
        prepare=mails.prepare,
        span=lambda message: packing.span(message.priority),
    )
    for name in (packing.NOTICE, packing.DIGEST):
        kinds.register(name, kind)


def may_send(message: Message) -> list[Notification] | None:
    """Lock what the message is about, and return the notices that still hold; None: none does.

    An act that came first has bumped the generation, so nothing is sent after it; one that comes
    later waits for the lock. A notice whose reader does not answer any more is taken back here,
    and its step planned anew for whoever does.
    """
    held = holding(message)
    if not held:
        return None
    if message.reason:  # it had ended and is sent again: what was overtaken meanwhile is said no more
        overtaken = Notification.objects.planned().filter(message=message).exclude(pk__in=[n.pk for n in held])
        notices.take_back(overtaken, OVERTAKEN)
    return anew.still_theirs(message, held)


def holding(message: Message) -> list[Notification]:
    """Lock what the message is about, ids ascending, and return the notices that no act has overtaken."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK + ("" if connection.vendor == "sqlite" else " FOR NO KEY UPDATE"), [message.pk])
        generations = dict(cursor.fetchall())
    rows = Notification.objects.planned().filter(message=message).select_related("commitment", "dossier")
    rows = rows.order_by("priority", "planned_for", "id")
    return [n for n in rows if n.commitment_id is None or generations.get(n.commitment_id) == n.generation]


_LOCK = """
SELECT id, CASE WHEN closed_at IS NULL THEN generation END FROM commitments_commitment
WHERE id IN (SELECT commitment_id FROM commitments_notification WHERE message_id = %s) ORDER BY id"""


def ended(message: Message, at: datetime) -> None:
    """Tell whoever is next in line what a mail that failed would have said; nothing else needs a farewell."""
    if message.state in (Message.State.DEAD, Message.State.UNCERTAIN):
        undelivered.tell(message, holding(message), at)
