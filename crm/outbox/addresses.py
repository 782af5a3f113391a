"""Addresses that a mail server refused for good: marked at their POC until a mail arrives there again.

The mark counts while it equals the address in use, so a corrected address has none. What goes to
a marked address is not tried: it would only teach the mail server that we do not listen. It ends
as undeliverable at once, and whoever is next in line is told. Tried all the same is what is
urgent, what an administrator sends again, and the first mail after a day: mailboxes are repaired
without telling us, and what is accepted takes the mark away.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from crm.outbox.models import Message
from crm.poc.models import PointOfContact

TRIED_AGAIN_AFTER = timedelta(days=1)


def refused(messages: Collection[Message], at: datetime) -> tuple[set[int], set[int]]:
    """Return which of these go to a marked address, and which of those are not tried now. One query."""
    ids = list({m.recipient_id for m in messages})
    rows = PointOfContact.objects.filter(pk__one_of=ids).exclude(refused_address="")
    marks = {poc.pk: (poc.refused_address, poc.refused_at or at) for poc in rows}
    marked = {m.pk for m in messages if m.recipient_id in marks and marks[m.recipient_id][0] == m.address}
    untried = {
        m.pk
        for m in messages
        if m.pk in marked and not m.is_urgent and not m.reason and at < marks[m.recipient_id][1] + TRIED_AGAIN_AFTER
    }
    return marked, untried


def mark(message: Message, at: datetime) -> bool:
    """Mark the address of this message as refused, and say whether that is news."""
    poc = PointOfContact.objects.filter(pk=message.recipient_id)
    is_news = poc.exclude(refused_address=message.address).update(refused_address=message.address, refused_at=at)
    if not is_news:
        poc.update(refused_at=at)
    return bool(is_news)


def clear(message: Message) -> None:
    """Take the mark away: a mail was accepted there."""
    poc = PointOfContact.objects.filter(pk=message.recipient_id, refused_address=message.address)
    poc.update(refused_address="", refused_at=None)
