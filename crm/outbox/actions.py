"""What a reader does with the messages they got."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from crm.outbox.models import Message


def mark_read(*, poc_ids: Collection[int], message_ids: Collection[int], at: datetime) -> int:
    """Mark these inbox entries of these POCs as read, and return how many were not."""
    entries = Message.objects.in_inbox_of(list(poc_ids)).unread().filter(pk__one_of=list(message_ids))
    return entries.update(read_at=at)
