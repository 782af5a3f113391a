"""Whether a mail that tells notices may still be sent, and what follows its end."""

from __future__ import annotations

from datetime import datetime

from crm.commitments import anew, mails, packing, undelivered
from crm.commitments.models import Commitment, Notification
from crm.outbox import kinds
from crm.outbox.models import Message


def register() -> None:
    """Answer for our kinds of messages."""
    kind = kinds.Kind(
        may_send=may_send,
        compose=mails.compose,
        ended=ended,
        holds=lambda message: bool(holding(message)),
        address_refused=undelivered.address_refused,
        prepare=mails.prepare,
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
    return anew.still_theirs(message, held) if held else None


def holding(message: Message) -> list[Notification]:
    """Lock what the message is about, ids ascending, and return the notices that no act has overtaken."""
    of_message = Notification.objects.filter(message=message)
    owed = Commitment.objects.filter(pk__in=of_message.filter(commitment__isnull=False).values("commitment_id"))
    locked = owed.order_by("id").select_for_update(no_key=True).values_list("pk", "generation", "closed_at")
    generations = {pk: generation for pk, generation, closed_at in locked if closed_at is None}
    rows = of_message.planned().select_related("commitment", "dossier").order_by("priority", "planned_for", "id")
    return [n for n in rows if n.commitment_id is None or generations.get(n.commitment_id) == n.generation]


def ended(message: Message, at: datetime) -> None:
    """Tell whoever is next in line what a mail that failed would have said; nothing else needs a farewell."""
    if message.state in (Message.State.DEAD, Message.State.UNCERTAIN):
        undelivered.tell(message, holding(message), at)
