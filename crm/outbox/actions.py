"""What a reader does with the messages they got, and an administrator with those that failed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.core.actor import Actor
from crm.core.refusals import Refused
from crm.dossiers.actions import record
from crm.dossiers.models import Event
from crm.outbox import kinds
from crm.outbox.models import Message
from crm.poc.recipients import reach

SENT_AGAIN = "sent_again"  # why a mail is ready although it had ended
FAILED = (Message.State.DEAD, Message.State.UNCERTAIN)


class HoldsNoMore(Refused):
    code = "holds_no_more"
    default_message = _("What it says holds no more: it is done, or somebody else has it now.")


class NoAddress(Refused):
    code = "no_address"
    default_message = _("Its reader has no address any more.")


def mark_read(*, poc_ids: Collection[int], message_ids: Collection[int], at: datetime) -> int:
    """Mark these inbox entries of these POCs as read, and return how many were not."""
    entries = Message.objects.in_inbox_of(list(poc_ids)).unread().filter(pk__one_of=list(message_ids))
    return entries.update(read_at=at)


@transaction.atomic
def send_again(*, message: Message, by: Actor, at: datetime) -> Message:
    """Let a mail that failed be tried again, under its Message-ID, to where its reader is reached now.

    What was tried is kept. One that was perhaps delivered is tried once, without more copies by itself. One that
    has not failed is left as it is.

    :raises HoldsNoMore: nothing it says is still to be said.
    :raises NoAddress: its reader has no address.
    """
    holds = kinds.of(message).holds(message)  # locks what it is about, before the message
    m = Message.objects.select_for_update(no_key=True).get(pk=message.pk)
    if m.state not in FAILED:
        return m
    if not holds:
        raise HoldsNoMore
    address = reach([m.recipient_id])[m.recipient_id].address
    if not address:
        raise NoAddress
    was = m.state
    m.address, m.state, m.reason, m.ended_at, m.lease_token = address, Message.State.READY, SENT_AGAIN, None, None
    m.expires_at, m.available_at = at + kinds.of(m).span(m), at
    m.max_ambiguous = max(m.max_ambiguous, m.n_ambiguous)
    m.save()
    facts = {"kind": "message", "message": m.pk, "changes": {"state": [was, m.state]}}
    record(kind=Event.Kind.CHANGED, dossiers=[], facts=facts, by=by, at=at)
    return m
