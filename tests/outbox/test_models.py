"""What the database holds about messages: each constraint is broken once."""

from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from crm.outbox.actions import mark_read
from crm.outbox.models import Message
from tests.factories import AT
from tests.factories.outbox import DeliveryAttemptFactory, MessageFactory
from tests.factories.poc import PersonFactory

pytestmark = pytest.mark.django_db

BREAKS = {
    "message_id_once": lambda: [MessageFactory(msgid=UUID(int=7)) for _ in range(2)],
    "message_ready_until_it_ended": lambda: MessageFactory(ended_at=AT),
    "message_ready_until_it_ended, sent": lambda: MessageFactory(state="sent"),
    "message_mail_has_an_address": lambda: MessageFactory(address=""),
    "message_inbox_entry_is_told_at_once": lambda: MessageFactory(channel="inbox", address=""),
    "attempt_numbered_once": lambda: [DeliveryAttemptFactory(message=m, n=1) for m in [MessageFactory()] * 2],
    "attempt_open_until_it_ended": lambda: DeliveryAttemptFactory(outcome="accepted"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_the_constraint_refuses(name):
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        BREAKS[name]()
    assert name.partition(",")[0] in str(refused.value) or "UNIQUE constraint failed" in str(refused.value)


def test_only_ones_own_entries_are_marked_read():
    mine, other = MessageFactory(inbox=True), MessageFactory(inbox=True)
    both = [mine.pk, other.pk]
    assert mark_read(poc_ids=[mine.recipient_id], message_ids=both, at=AT) == 1
    assert mark_read(poc_ids=[mine.recipient_id], message_ids=both, at=AT) == 0
    assert list(Message.objects.in_inbox_of([mine.recipient_id, other.recipient_id]).unread()) == [other]
    assert not Message.objects.in_inbox_of([PersonFactory().pk]).exists()
