"""Whether a mail that tells notices may still be sent, and what follows its end."""

from __future__ import annotations

from datetime import datetime

from crm.commitments import mails, notices, packing
from crm.commitments.models import Commitment, Notification
from crm.outbox import kinds
from crm.outbox.models import Message
from crm.poc.models import PointOfContact
from crm.poc.recipients import reach, recipients

UNDELIVERED = "undelivered"


def register() -> None:
    """Answer for our kinds of messages."""
    for name in (packing.NOTICE, packing.DIGEST):
        kinds.register(name, kinds.Kind(may_send=may_send, compose=mails.compose, ended=ended))


def may_send(message: Message) -> list[Notification] | None:
    """Lock what the message is about, and return the notices that still hold; None: none does.

    An act that came first has bumped the generation, so nothing is sent after it; one that comes
    later waits for the lock.
    """
    of_message = Notification.objects.filter(message=message)
    ids = set(of_message.filter(commitment__isnull=False).values_list("commitment_id", flat=True))
    locked = Commitment.objects.filter(pk__one_of=list(ids)).order_by("id").select_for_update(no_key=True)
    generations = {c.pk: c.generation for c in locked if not c.is_closed}
    rows = of_message.planned().select_related("commitment", "dossier").order_by("priority", "planned_for", "id")
    held = [n for n in rows if n.commitment_id is None or generations.get(n.commitment_id) == n.generation]
    return held or None


def ended(message: Message, at: datetime) -> None:
    """Tell the front desk about a mail that will never arrive, once; nothing else needs a farewell."""
    if message.state != Message.State.DEAD:
        return
    first = Notification.objects.filter(message=message).select_related("commitment", "dossier").first()
    if first is None or first.kind == UNDELIVERED:  # the front desk's own mail: the list of undelivered ones has it
        return
    desk = PointOfContact.objects.house().values_list("pk", flat=True)
    people = [p for group in recipients(desk, at=at).values() for p in notices.reachable(group)]
    facts = {
        "name": reach([message.recipient_id])[message.recipient_id].name,
        "what": first.commitment.title if first.commitment else first.dossier.title if first.dossier else "",
        "reply": message.reply or message.get_state_display(),
    }
    rows = notices.plain_rows(
        f"q:m{message.msgid}", UNDELIVERED, first.dossier_id, people, (notices.INBOX, notices.EMAIL), facts, at,
        priority=notices.ESCALATION,
    )  # fmt: skip
    told = [
        notices.Told(p.poc_id, first.dossier.home_id, f"q:m{message.msgid}")
        for p in people
        if first.dossier is not None and first.dossier.home_id is not None
    ]
    notices.write(rows, told)
