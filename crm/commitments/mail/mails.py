"""What the mails that tell notices say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import ngettext

from crm.commitments.mail import mail_items, unsubscribing
from crm.commitments.mail.mail_items import Item, Prepared
from crm.commitments.models import Notification
from crm.commitments.telling import packing, wording
from crm.core import clock
from crm.outbox.letters import Letter
from crm.outbox.models import DeliveryAttempt, Message
from crm.poc.recipients import Recipient

MAX_LINES = 50  # of a digest; the rest is counted


def prepare(messages: Sequence[Message]) -> Prepared:
    """Read at once what the letters of these messages need."""
    rows = Notification.objects.planned().filter(message__in=messages)
    rows = rows.select_related("commitment__dossier", "dossier")
    said: dict[int, list[Notification]] = {message.recipient_id: [] for message in messages}
    recipients = {message.pk: message.recipient_id for message in messages}
    for row in rows:
        said[recipients[row.message_id or 0]].append(row)
    return mail_items.prepare(said, clock.now())


def compose(message: Message, said: list[Notification], prepared: Prepared | None = None) -> Letter:
    """Write the letter in the recipient's language and zone: the same for every copy, while nothing has changed."""
    prepared = prepared or mail_items.prepare({message.recipient_id: said}, clock.now())
    person = prepared.people[message.recipient_id]
    at = _as_of(message)
    is_digest = len(said) > 1
    with translation.override(person.language), timezone.override(ZoneInfo(person.zone)):
        items = mail_items.items(
            said[:MAX_LINES], person=person, written_at=message.created_at, at=at, prepared=prepared
        )
        subject = _digest_subject(len(said)) if is_digest else items[0].line.headline
        context = _context(items, person) | {"subject": subject, "n_more": len(said) - len(items)}
        context["home"] = wording.home() if person.poc_id in prepared.signing_in else ""
        name = packing.DIGEST if is_digest else packing.NOTICE
        return Letter(
            subject=subject,
            text=render_to_string(f"commitments/mail/{name}.txt", context),
            html=render_to_string(f"commitments/mail/{name}.html", context),
            language=person.language,
            thread=_thread(said),
            headers=unsubscribing.headers(message, said) if message.kind == packing.DIGEST else {},
        )


def _as_of(message: Message) -> datetime:
    """The moment that "45 min left" counts from: that of the first copy which may have arrived, else of this one."""
    if message.first_tried_at is not None:  # there is none before it
        return message.first_tried_at
    perhaps = DeliveryAttempt.objects.filter(
        message=message,
        phase=DeliveryAttempt.Phase.DATA,
        outcome__in=[DeliveryAttempt.Outcome.OPEN, DeliveryAttempt.Outcome.AMBIGUOUS],
    )
    return perhaps.order_by("n").values_list("intent_at", flat=True).first() or clock.now()


def _thread(said: Sequence[Notification]) -> str:
    """What mail programs put together: all about one thing owed. A digest stands alone."""
    about = {n.commitment_id for n in said}
    commitment_id = about.pop() if len(about) == 1 else None
    return f"c{commitment_id}" if commitment_id else ""


def _context(items: Sequence[Item], person: Recipient) -> dict[str, Any]:
    ends = [item.ends_at for item in items if item.ends_at is not None]
    return {
        "items": items,
        "sections": mail_items.sections(items),
        "person": person,
        "ends": wording.last_moment(min(ends)) if ends else "",
        "fewer": f"{wording.home()}me/notices/" if person.user_id else "",
    }


def _digest_subject(n: int) -> str:
    return ngettext("%(n)s thing needs you", "%(n)s things need you", n) % {"n": n}
